"""Every kind of fault in one type, and files that hold some of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.exchange.faults.close_socket import CloseSocket
from synthcore.exchange.faults.cross_book import CrossBook
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.delay_frame import DelayFrame
from synthcore.exchange.faults.drop_frame import DropFrame
from synthcore.exchange.faults.duplicate_frame import DuplicateFrame
from synthcore.exchange.faults.garble_frame import GarbleFrame
from synthcore.exchange.faults.half_open_socket import HalfOpenSocket
from synthcore.exchange.faults.hide_order import HideOrder
from synthcore.exchange.faults.http_error import HttpError
from synthcore.exchange.faults.liquidate import Liquidate
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.maintenance import Maintenance
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.refuse_socket import RefuseSocket
from synthcore.exchange.faults.reject_later import RejectLater
from synthcore.exchange.faults.reorder_frame import ReorderFrame
from synthcore.exchange.faults.sequence_gap import SequenceGap
from synthcore.exchange.faults.shut_out import ShutOut
from synthcore.exchange.faults.skew_clock import SkewClock
from synthcore.exchange.faults.slow_socket import SlowSocket
from synthcore.exchange.faults.tcp_bandwidth import TcpBandwidth
from synthcore.exchange.faults.tcp_half_open import TcpHalfOpen
from synthcore.exchange.faults.tcp_latency import TcpLatency
from synthcore.exchange.faults.tcp_slice import TcpSlice
from synthcore.exchange.faults.time_out import TimeOut
from synthcore.settings.yaml_text import SUFFIXES, read_yaml

AnyFault = (
    RefuseCall
    | HttpError
    | LoseAnswer
    | TimeOut
    | DelayCall
    | RejectLater
    | PartialFill
    | HideOrder
    | DropFrame
    | DuplicateFrame
    | DelayFrame
    | ReorderFrame
    | GarbleFrame
    | SequenceGap
    | CutSocket
    | CloseSocket
    | HalfOpenSocket
    | SlowSocket
    | RefuseSocket
    | SkewClock
    | CrossBook
    | ShutOut
    | Maintenance
    | Liquidate
    | TcpLatency
    | TcpBandwidth
    | TcpSlice
    | TcpHalfOpen
)


class FaultPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong, in the order in which it is looked at."""

    faults: tuple[AnyFault, ...] = ()


def read_plan(path: Path) -> FaultPlan:
    """Read a plan from a YAML, TOML or JSON file, by its ending; without one of these it is TOML.

    Raises
    ------
    ConfigError
        There is no such file, or it holds something that is no fault.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"faults must name a file that can be read, {path}: {error.strerror}") from error
    try:
        if path.suffix == ".json":
            return msgspec.json.decode(text, type=FaultPlan)
        if path.suffix in SUFFIXES:
            return msgspec.convert(read_yaml(path, text.decode())[1], FaultPlan)
        return msgspec.toml.decode(text, type=FaultPlan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"faults must be a list of faults in YAML, TOML or JSON, in {path}: {error};"
            " docs/faults.md has them all"
        ) from error
