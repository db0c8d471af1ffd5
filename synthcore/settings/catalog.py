"""Every setting once: its name, its flag, its environment variables, its rule."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.settings import rules
from synthcore.settings.origin import Origin
from synthcore.settings.rules import Rule

USER_INFO = re.compile(r"//[^/@]*@")  # of a URL: may hold a password
SHOWN_CHARACTERS = 80


class Setting(Struct, frozen=True):
    """One setting; `name` is the key in a config file and the field of the settings struct."""

    name: str
    flag: str | None  # of `synthtest run`
    variables: tuple[str, ...]  # the environment variable, then its aliases
    rule: Rule
    about: str

    def check(self, given: object, origin: Origin) -> Any:
        """Return the value that the rule makes of `given`.

        Raises
        ------
        ConfigError
            One sentence: setting, rule, value, where it came from, how to give a good one.
        """
        try:
            return self.rule.parse(given)
        except (ValueError, OverflowError):
            raise ConfigError(
                f"{self.name} must be {self.rule.text}, was {shown(given)} ({origin}){self.advice(origin)}"
            ) from None

    def advice(self, origin: Origin) -> str:
        """Say how a value is given at the same place."""
        return f"; give for example {origin.way.format(self.rule.example)}" if origin.way else ""


def shown(given: object) -> str:
    """Write a refused value on one short line, without what may be a password."""
    if given == "":
        return "empty"
    text = USER_INFO.sub("//***@", repr(given) if isinstance(given, str) else str(given))
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _ms(name: str, about: str, example: str, flag: str | None = None, low: int = 1) -> Setting:
    return Setting(name, flag, (f"SYNTHTEST_{name.upper()}",), rules.whole(low, 3_600_000, example), about)


# The fields of SyntheticConfig.
CONFIG: tuple[Setting, ...] = (
    Setting(
        "synthetic_spread_bps",
        "--spread",
        ("SYNTHETIC_SPREAD_BPS",),
        rules.positive("50"),
        "spread between the two synthetic venues, in basis points",
    ),
    Setting(
        "synthetic_funding_delta",
        "--funding-delta",
        ("SYNTHETIC_FUNDING_DELTA",),
        rules.positive("0.0075"),
        "difference of the funding rates, per 8 hours",
    ),
    Setting(
        "estimated_position_size",
        "--size",
        ("ESTIMATED_POSITION_SIZE", "POSITION_SIZE"),
        rules.positive("1000"),
        "size of each leg, in USDT",
    ),
    Setting(
        "max_concurrent_trades",
        "--max-trades",
        ("MAX_CONCURRENT_TRADES",),
        rules.whole(1, 50, "3"),
        "trades open at the same time",
    ),
    Setting(
        "symbols_to_trade",
        "--symbols",
        ("SYMBOLS_TO_TRADE",),
        rules.symbols("BTCUSDT,ETHUSDT"),
        "what is traded, comma between them",
    ),
    Setting(
        "order_pricing",
        "--pricing",
        ("SYNTHTEST_ORDER_PRICING",),
        rules.choice("marketable", "passive"),
        "marketable: through the book by at most max_cross_bps; passive: rests at the synthetic price",
    ),
    Setting(
        "order_entry",
        "--order-entry",
        ("SYNTHTEST_ORDER_ENTRY",),
        rules.choice("auto", "socket", "rest"),
        "how orders go: by the trade socket, by REST, or auto: by the socket where the venue serves it",
    ),
    Setting(
        "max_cross_bps",
        None,
        ("SYNTHTEST_MAX_CROSS_BPS",),
        rules.positive("5"),
        "how far a marketable order may cross the book, in basis points",
    ),
    _ms("leg_timeout_ms", "time for both legs to fill, in ms", "500"),
    _ms("cool_down_ms", "pause of a symbol between two trades, in ms", "250", "--cool-down", low=0),
    _ms("max_holding_ms", "longest time a pair is held, in ms", "1000", "--holding"),
    Setting(
        "take_profit_bps",
        None,
        ("SYNTHTEST_TAKE_PROFIT_BPS",),
        rules.positive("40"),
        "exit at this gain on the synthetic mark, in basis points",
    ),
    Setting(
        "stop_loss_bps",
        None,
        ("SYNTHTEST_STOP_LOSS_BPS",),
        rules.positive("25"),
        "exit at this loss on the synthetic mark, in basis points",
    ),
    _ms("half_life_ms", "half-life of the synthetic spread, in ms", "100", "--half-life"),
    Setting(
        "mark_noise_bps",
        None,
        ("SYNTHTEST_MARK_NOISE_BPS",),
        rules.not_negative("1"),
        "noise of the synthetic mark, in basis points per square root of a second",
    ),
    _ms("max_quote_age_ms", "an older quote opens no trade, in ms", "2000"),
    _ms("recv_window_ms", "receive window of requests, in ms", "5000"),
    _ms("entry_recv_window_ms", "receive window of entry orders, in ms", "1000"),
    Setting(
        "topics",
        None,
        ("SYNTHTEST_TOPICS",),
        rules.some_of("tickers", "orderbook.1", "orderbook.50", example="tickers,orderbook.1"),
        "public topics that are subscribed",
    ),
    Setting(
        "ring_capacity",
        None,
        ("SYNTHTEST_RING_CAPACITY",),
        rules.power_of_two(2, 1_048_576, "4096"),
        "updates that the ring holds (64 bytes each)",
    ),
    Setting(
        "topology",
        "--topology",
        ("SYNTHTEST_TOPOLOGY",),
        rules.choice("auto", "inline", "spin", "park"),
        "how the strategy gets its updates",
    ),
    Setting(
        "fast_lane",
        "--fast-lane",
        ("SYNTHTEST_FAST_LANE",),
        rules.choice("auto", "on", "off"),
        "let entries leave from the thread that decided: auto where it can, on also with journal full",
    ),
    Setting(
        "kernel",
        "--kernel",
        ("SYNTHTEST_KERNEL",),
        rules.object_name("tight_spread:kernel"),
        "a compiled rule of one's own that decides instead of the production rules",
    ),
    Setting(
        "realtime",
        None,
        ("SYNTHTEST_REALTIME",),
        rules.switch(),
        "let the threads that trade run as soon as they are woken, where the OS allows it",
    ),
    Setting(
        "hold_idle_states",
        None,
        ("SYNTHTEST_HOLD_IDLE_STATES",),
        rules.switch(),
        "keep idle cores from halting while a run lasts, where the OS allows it",
    ),
    Setting(
        "lock_memory",
        None,
        ("SYNTHTEST_LOCK_MEMORY",),
        rules.switch(),
        "keep touched pages in memory while a run lasts, where the OS allows it",
    ),
    Setting(
        "freeze_collector",
        None,
        ("SYNTHTEST_FREEZE_COLLECTOR",),
        rules.switch(),
        "let the garbage collector look at new objects only while trading",
    ),
    Setting(
        "switch_interval_us",
        None,
        ("SYNTHTEST_SWITCH_INTERVAL_US",),
        rules.whole(10, 1_000_000, "100"),
        "how long a busy Python thread may keep the interpreter's lock from another, in µs",
    ),
    Setting(
        "minimum_spread_bps",
        None,
        ("MINIMUM_SPREAD_BPS",),
        rules.positive("20"),
        "risk gate behind the four checks: a smaller spread opens no trade, in basis points",
    ),
    Setting(
        "max_daily_loss",
        None,
        ("MAX_DAILY_LOSS",),
        rules.positive("50"),
        "real cost of a UTC day that stops entries, in USDT",
    ),
    Setting(
        "max_consecutive_failures",
        None,
        ("MAX_CONSECUTIVE_FAILURES",),
        rules.whole(1, 1000, "5"),
        "so many failed trades in a row stop entries",
    ),
    Setting(
        "enable_emergency_stop",
        None,
        ("ENABLE_EMERGENCY_STOP",),
        rules.switch(),
        "close everything open, too, when a loss, failures or an unresolved trade stop entries",
    ),
    Setting(
        "enable_all_safety_features",
        None,
        ("ENABLE_ALL_SAFETY_FEATURES",),
        rules.switch(),
        "every safety setting at its value of live",
    ),
    Setting(
        "seed",
        "--seed",
        ("SYNTHTEST_SEED",),
        rules.whole(0, rules.MAX_SEED, "1"),
        "fixes the generated market and the synthetic mark",
    ),
    Setting(
        "log_level",
        "--log-level",
        ("LOG_LEVEL",),
        rules.choice("debug", "info", "warning", "error", example="info"),
        "what is logged",
    ),
    Setting(
        "enable_debug_logging",
        None,
        ("ENABLE_DEBUG_LOGGING",),
        rules.switch(),
        "log at debug level, whatever log_level says",
    ),
)

# Of one run, beside SyntheticConfig.
RUN: tuple[Setting, ...] = (
    Setting(
        "duration",
        "--duration",
        ("SYNTHTEST_DURATION",),
        rules.duration("60s"),
        "how long the run lasts; until it is stopped when not set",
    ),
    Setting(
        "recording",
        "--recording",
        ("SYNTHTEST_RECORDING",),
        rules.path("market.jsonl.gz"),
        "market data that the embedded exchange replays instead of generating them",
    ),
    Setting(
        "speed", "--speed", ("SYNTHTEST_SPEED",), rules.positive("1"), "pace of the replay, 1 is the original"
    ),
    Setting(
        "attach",
        "--attach",
        ("SYNTHTEST_ATTACH",),
        rules.path("ready.json"),
        "ready file of an embedded exchange that runs already",
    ),
    Setting(
        "state_dir",
        "--state",
        ("SYNTHTEST_STATE_DIR",),
        rules.path("~/.local/state/synthtest"),
        "where a run keeps its state",
    ),
    Setting(
        "journal",
        "--journal",
        ("SYNTHTEST_JOURNAL",),
        rules.choice("off", "normal", "full"),
        "how trades are recorded: normal survives a crash, full a power cut too, off nothing",
    ),
    Setting(
        "rate_tier",
        "--rate-tier",
        ("SYNTHTEST_RATE_TIER",),
        rules.choice("10", "20", "60", "off"),
        "order creates a second that the embedded exchange allows",
    ),
    Setting(
        "delays",
        "--delays",
        ("SYNTHTEST_DELAYS",),
        rules.choice("instant", "lan", "realistic"),
        "how long the embedded exchange takes to match, to answer and to tell",
    ),
    Setting(
        "faults",
        "--faults",
        ("SYNTHTEST_FAULTS",),
        rules.path("faults.yaml"),
        "file that says what goes wrong on the embedded exchange: YAML, TOML or JSON",
    ),
    Setting(
        "require_criteria",
        "--require-criteria",
        ("SYNTHTEST_REQUIRE_CRITERIA",),
        rules.switch(),
        "exit with 4 when success or latency miss their targets",
    ),
)

# Where to: each one replaces one address of the environment.
HOSTS: tuple[Setting, ...] = (
    Setting(
        "api_url",
        "--api-url",
        ("BYBIT_API_URL", "BYBIT_BASE_URL"),
        rules.urls("https", "http", example="https://api-demo.bybit.com"),
        "REST hosts, tried in order for what is safe to repeat",
    ),
    Setting(
        "ws_public_url",
        "--ws-public-url",
        ("BYBIT_WS_PUBLIC_URL",),
        rules.url("wss", "ws", example="wss://stream.bybit.com/v5/public/linear"),
        "public stream",
    ),
    Setting(
        "ws_private_url",
        "--ws-private-url",
        ("BYBIT_WS_PRIVATE_URL",),
        rules.url("wss", "ws", example="wss://stream-demo.bybit.com/v5/private"),
        "private stream",
    ),
    Setting(
        "ws_trade_url",
        "--ws-trade-url",
        ("BYBIT_WS_TRADE_URL",),
        rules.url("wss", "ws", example="wss://stream-testnet.bybit.com/v5/trade"),
        "order entry by socket (not on demo)",
    ),
)

# These choose which defaults the others start from.
CHOICES: tuple[Setting, ...] = (
    Setting(
        "environment",
        "--env",
        ("SYNTHTEST_ENV",),
        rules.choice("embedded", "demo", "testnet", "live"),
        "where the run trades; demo when demo keys are set, else embedded",
    ),
    Setting(
        "stage",
        None,
        ("ENVIRONMENT",),
        rules.choice("development", "testing", "staging", "production"),
        "deployment stage: a template of defaults",
    ),
    Setting(
        "profile",
        "--profile",
        ("SYNTHTEST_PROFILE",),
        rules.choice("documented", "qualifying", example="qualifying"),
        "named set of strategy settings",
    ),
)

SETTINGS: dict[str, Setting] = {item.name: item for item in (*CHOICES, *CONFIG, *RUN, *HOSTS)}
