"""`synthtest exchange`: the embedded exchange alone, for any client that speaks Bybit V5."""

from __future__ import annotations

import signal
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from synthcli import options
from synthcore.errors import ConfigError
from synthcore.settings import origin, rules
from synthcore.settings.catalog import SETTINGS, Setting
from synthcore.venues.bybit.hosts import Environment as Flavour

if TYPE_CHECKING:
    from synthcore.exchange.settings import ExchangeSettings

SHARED = ("seed", "rate_tier", "recording", "delays", "faults")
DELAYS = "realistic"  # a run keeps `instant`: there the question is what our own side costs
OWN = (
    Setting(
        "symbols",
        "--symbols",
        (),
        rules.contracts("BTCUSDT,ETHUSDT"),
        "contracts of the market: names, a number (so many, the busiest first), or `all`",
    ),
    Setting(
        "market",
        "--market",
        (),
        rules.choice("generator", "steady"),
        "market that is made: prices that move, or quotes that never do; a recording is `--recording`",
    ),
    Setting(
        "funding_minutes",
        "--funding-minutes",
        (),
        rules.whole(0, 1440, "5"),
        "minutes between funding settlements, 0 leaves each contract its own",
    ),
    Setting(
        "speed",
        "--speed",
        (),
        rules.pace("10"),
        "how much faster than the clock the market runs, 1 is the original pace; `max` replays a recording as"
        " fast as it can be read",
    ),
    Setting(
        "at_end", "--at-end", (), rules.choice("loop", "stop"), "what a replay does after its last frame"
    ),
    Setting(
        "second_half_life_s",
        "--second-half-life",
        (),
        rules.positive("1"),
        "of the second venue's deviation from the first one's price, in s",
    ),
    Setting(
        "second_sigma_bps",
        "--second-sigma",
        (),
        rules.not_negative("0.6"),
        "of that deviation in the long run, in basis points",
    ),
    Setting(
        "position_mode",
        "--position-mode",
        (),
        rules.choice("one-way", "hedge"),
        "of the account; one-way as on a new Bybit account",
    ),
    Setting("accounts", "--accounts", (), rules.whole(1, 100, "2"), "accounts, each with a key, in one book"),
    Setting(
        "institutional_accounts",
        "--institutional",
        (),
        rules.whole(0, 100, "1"),
        "how many accounts, from the first on, have cancel on disconnect",
    ),
    Setting(
        "keys",
        "--keys",
        (),
        rules.path("keys.json"),
        "file with the terms of further keys, which may do less than an account's own: a JSON list",
    ),
    Setting("balance", "--balance", (), rules.positive("100000"), "wallet at the start, in USDT"),
    Setting("rest_port", "--rest-port", (), rules.whole(0, 65535, "8080"), "port of REST, 0 is a free one"),
    Setting(
        "ws_port", "--ws-port", (), rules.whole(0, 65535, "8081"), "port of the streams, 0 is a free one"
    ),
    Setting("ready_file", "--ready-file", (), rules.path("ready.json"), "file for the ready line (mode 600)"),
    Setting(
        "state", "--state", (), rules.path("exchange"), "folder in which accounts, orders and money last"
    ),
    Setting("input_log", "--input-log", (), rules.path("input.jsonl"), "log of all that comes in (mode 600)"),
)
BY_NAME = {setting.name: setting for setting in (*(SETTINGS[name] for name in SHARED), *OWN)}


@click.command(
    "exchange",
    help="Serve the embedded exchange on loopback until SIGTERM or Ctrl+C.\n\n"
    "Prints one JSON ready line with rest, ws_public, ws_private, api_key and api_secret (the key is this"
    " instance's own). Any Bybit V5 client can use it; `synthtest run --attach FILE` trades on it.",
)
@options.from_settings(*BY_NAME.values())
@click.option("--original-times", is_flag=True, help="Leave the recorded times in a replay's frames.")
@click.option(
    "--stamp-frames",
    is_flag=True,
    help="End each public frame with the machine's time of its writing, in ns.",
)
@click.option(
    "--realtime",
    is_flag=True,
    help="Run before ordinary processes, where the OS allows it, as if it had a machine of its own.",
)
@click.option(
    "--ip-limits", is_flag=True, help="Hold one address to Bybit's limits of calls, connections and messages."
)
@click.option(
    "--second-venue",
    is_flag=True,
    help="Serve a second venue too, whose prices revert to the first one's; it has accounts, keys and ports"
    " of its own.",
)
@click.option("--tls", is_flag=True, help="Speak TLS, with a certificate made at the start (extra `tls`).")
@click.option(
    "--tcp-faults", is_flag=True, help="Listen behind a front in which faults of the wire can strike."
)
@click.option(
    "--control-token",
    metavar="TOKEN",
    default="",
    help="Open `/_control/` to who bears this token, or the one that `auto` makes and the ready line tells;"
    " SYNTHTEST_CONTROL_TOKEN keeps it off the command line.",
)
@click.option(
    "--flavour",
    "flavours",
    multiple=True,
    type=click.Choice(get_args(Flavour)),
    help="Serve this one of Bybit's worlds; can be given again, mainnet alone where it isn't.",
)
def command(
    original_times: bool,
    stamp_frames: bool,
    realtime: bool,
    ip_limits: bool,
    second_venue: bool,
    tls: bool,
    tcp_faults: bool,
    control_token: str,
    flavours: tuple[Flavour, ...],
    **flags: str | None,
) -> int:
    given = {
        name: BY_NAME[name].check(text, origin.flag(BY_NAME[name].flag or name))
        for name, text in flags.items()
        if text is not None
    }
    # Until the exchange's loop has its own handlers, a signal ends the start without a trace of it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    from synthcore.exchange.server import serve

    given["tls"], given["flavours"] = tls, tuple(dict.fromkeys(flavours)) or ("mainnet",)
    given["control_token"], given["tcp_faults"] = control_token, tcp_faults
    given["second_venue"], given["ip_limits"] = second_venue, ip_limits
    given["stamp_frames"], given["realtime"] = stamp_frames, realtime
    return serve(exchange_settings(given, original_times))


def exchange_settings(given: dict[str, Any], original_times: bool) -> ExchangeSettings:
    """Put the checked flags under the exchange's names; what isn't given keeps its default."""
    from synthcore.exchange.key_terms import read_terms
    from synthcore.exchange.settings import ExchangeSettings
    from synthcore.settings.load import require_file
    from synthcore.settings.sources import Given

    if given.keys() >= {"market", "recording"}:
        raise ConfigError("a recording is a market of its own, but --market is given too; drop one of them")
    names = {"balance": "wallet_usdt", "recording": "market"}
    values: dict[str, Any] = {"delays": DELAYS} | {
        names.get(name, name): value for name, value in given.items()
    }
    if "recording" in given:
        require_file("recording", Given(given["recording"], origin.flag("--recording")))
        values["market"] = str(Path(given["recording"]).resolve())
    if "faults" in given:
        require_file("faults", Given(given["faults"], origin.flag("--faults")))
        values["faults"] = str(Path(given["faults"]).resolve())
    if "keys" in given:
        values["keys"] = read_terms(Path(given["keys"]))
    if "balance" in given:
        values["wallet_usdt"] = Decimal(str(given["balance"]))
    for name in {"ready_file", "state", "input_log"} & given.keys():
        values[name] = str(given[name])
    try:
        return ExchangeSettings(**values, original_times=original_times)
    except ValueError as error:  # a rule for several settings together
        raise ConfigError(str(error)) from error
