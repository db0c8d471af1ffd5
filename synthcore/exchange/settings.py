"""Every setting of one embedded exchange, with its default and its rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from synthcore.exchange.delays import PresetName
from synthcore.exchange.key_terms import KeyTerms
from synthcore.exchange.limits import RateTier
from synthcore.venues.bybit.hosts import HOSTS, Environment

HIGHEST_PORT = 65535
PORT_STEP = 2  # from a flavour's ports to the next one's: REST and sockets are often neighbours

MADE = ("generator", "steady")  # markets that are no recordings

Port = Annotated[int, Meta(ge=0, le=HIGHEST_PORT)]  # 0: a free one


class ExchangeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an exchange serves, where, and which market is behind it."""

    flavours: tuple[Environment, ...] = ("mainnet",)  # each with accounts, keys and ports of its own

    # The market
    market: str = "generator"  # `generator`, `steady`, or the path of a recording
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")  # of a generator; a recording has its own
    seed: int = 1
    speed: Annotated[float, Meta(gt=0)] | Literal["max"] = 1.0  # of the market's clock
    funding_minutes: Annotated[int, Meta(ge=0, le=1440)] = 0  # between settlements; 0: the contract's own
    second_venue: bool = False  # a market beside the first one, with accounts, keys and ports of its own
    second_half_life_s: Annotated[float, Meta(gt=0)] = 1.0  # of its deviation from the first one's price
    second_sigma_bps: Annotated[float, Meta(ge=0)] = 0.6  # of that deviation, in the long run
    original_times: bool = False  # replay: leave the recorded times in the frames
    at_end: Literal["loop", "stop"] = "loop"  # replay: what happens after the last frame

    # The accounts
    accounts: Annotated[int, Meta(ge=1, le=100)] = 1  # each with a key of its own
    institutional_accounts: Annotated[int, Meta(ge=0)] = 0  # how many, from the first on, have DCP
    keys: tuple[KeyTerms, ...] = ()  # further keys, which may do less than an account's own
    position_mode: Literal["one-way", "hedge"] = "one-way"
    wallet_usdt: Decimal = Decimal(100_000)
    rate_tier: RateTier = "10"  # order calls a second
    stamp_frames: bool = False  # each public frame ends with the monotonic time of its writing
    ip_limits: bool = False  # of calls, connections and messages from one address
    amend_unchanged_code: int = 10001  # refuses an amendment that changes nothing; 0 acknowledges it

    # Time
    delays: PresetName = "instant"

    faults: str | None = None  # a file of faults: YAML, TOML or JSON
    tcp_faults: bool = False  # listen behind a front in which those of the wire can strike

    control_token: str = ""  # opens /_control/; `auto` makes one, empty: there is none

    # The process
    host: str = "127.0.0.1"
    rest_port: Port = 0  # of the first flavour; each further one has the port after the next
    ws_port: Port = 0
    tls: bool = False  # with a certificate made at the start
    ready_file: str | None = None
    state: str | None = None  # a folder in which accounts, orders and money outlive the process
    input_log: str | None = None  # everything that comes in, to be replayed
    die_with_parent: bool = False
    realtime: bool = False  # before ordinary processes, as one on a machine of its own would be
    parent_pid: int = 0  # whose death ends it; 0: whoever is the parent at the start

    def __post_init__(self) -> None:
        if not (self.wallet_usdt.is_finite() and self.wallet_usdt > 0):
            raise ValueError(f"wallet_usdt must be above 0, was {self.wallet_usdt}")
        if not self.flavours or len(set(self.flavours)) != len(self.flavours):
            named = ", ".join(self.flavours) or "none"
            raise ValueError(f"flavours must be one or more of {', '.join(HOSTS)}, each once, were {named}")
        if "demo" in self.flavours and "mainnet" not in self.flavours:
            raise ValueError(
                "flavours must have mainnet where they have demo, which has no public stream; add it"
            )
        if self.speed == "max" and (self.market in MADE or self.second_venue):
            raise ValueError(
                "speed must be a number where a market is made, was max: it would never end; name a recording"
            )
        if self.second_venue and self.input_log:
            raise ValueError("second_venue can't be logged yet, but input_log is given; drop one")
        highest = HIGHEST_PORT - PORT_STEP * (len(self.flavours) + self.second_venue - 1)
        for name, port in (("rest_port", self.rest_port), ("ws_port", self.ws_port)):
            if port > highest:
                raise ValueError(
                    f"{name} must be at most {highest} so that all flavours find room, was {port}"
                )
        if self.state and self.input_log:
            raise ValueError(
                "input_log must begin with a new exchange, but with state there may be an older one;"
                " leave one of them out"
            )
        if any(terms.account > self.accounts for terms in self.keys):
            raise ValueError(f"keys must be of account 1 to {self.accounts}, were of more (setting accounts)")
        if not self.symbols:
            raise ValueError("symbols must name at least one contract, were none")

    @property
    def pace(self) -> float:
        """The speed as a number; `inf` is as fast as possible."""
        return float("inf") if self.speed == "max" else self.speed

    def __repr__(self) -> str:
        return f"ExchangeSettings(market={self.market!r}, symbols={self.symbols!r})"  # the token stays out
