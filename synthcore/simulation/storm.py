"""A storm: faults of every kind at seeded moments, each armed where it can strike."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from synthcore.exchange.faults.close_socket import CloseSocket
from synthcore.exchange.faults.cross_book import CrossBook
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.cut_socket import Kind as SocketKind
from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.delay_frame import DelayFrame
from synthcore.exchange.faults.drop_frame import DropFrame
from synthcore.exchange.faults.duplicate_frame import DuplicateFrame
from synthcore.exchange.faults.fault import Fault
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
from synthcore.exchange.faults.time_out import TimeOut

Source = random.Random

CREATE, CANCEL = "path=/v5/order/create", "path=/v5/order/cancel"
QUERIES = ("/v5/order/realtime", "/v5/order/history", "/v5/position/list", "/v5/execution/list")
EVERY_S = 2.5  # from one fault to the next, on average
ARMED_S = 6.0  # what has not struck by then is taken back


class Kind(NamedTuple):
    """One kind of fault: how often it comes, relative to the others, and how it is made."""

    weight: float
    make: Callable[[Source], Fault]


def create(source: Source, point: str = "reply") -> str:
    """Some order call: of either leg, an entry or a close."""
    link = source.choice(("*", "*-L-e*", "*-S-e*", "*-L-x*", "*-S-x*"))
    return f"{source.choice(('1st', '1st', '2nd'))} {point} {CREATE} link={link}"


def accepted(source: Source) -> str:
    return f"accepted link={source.choice(('*-L-e*', '*-S-e*', '*-L-x*', '*-S-x*'))}"


def query(source: Source) -> str:
    return f"request path={source.choice(QUERIES)} count={source.choice((1, 2, 4))}"


def topic(source: Source) -> str:
    count = source.choice((1, 1, 2, 5))
    return f"private topic={source.choice(('order', 'execution', 'position'))}* count={count}"


def refused(code: int, weight: float, when: Callable[[Source], str]) -> Kind:
    return Kind(weight, lambda s: RefuseCall(code=code, when=when(s)))


def socket(source: Source) -> SocketKind:
    sockets: tuple[SocketKind, ...] = ("private", "private", "trade", "trade", "public")
    return source.choice(sockets)


KINDS: dict[str, Kind] = {
    "answer_lost_after": Kind(6, lambda s: LoseAnswer(when=f"{create(s)} code=0")),
    "answer_lost_before": Kind(5, lambda s: LoseAnswer(when=create(s, "request"))),
    "no_answer_after": Kind(3, lambda s: TimeOut(when=f"{create(s)} code=0")),
    "no_answer_before": Kind(3, lambda s: TimeOut(when=create(s, "request"))),
    "cancel_lost": Kind(2, lambda s: LoseAnswer(when=f"{s.choice(('request', 'reply'))} {CANCEL}")),
    "call_late": Kind(5, lambda s: DelayCall(ms=s.uniform(50, 1800), when=create(s, "request"))),
    "answer_late": Kind(5, lambda s: DelayCall(ms=s.uniform(50, 2500), when=create(s))),
    "query_late": Kind(3, lambda s: DelayCall(ms=s.uniform(50, 2500), when=query(s))),
    "rejected_later": Kind(6, lambda s: RejectLater(when=accepted(s))),
    "partial_fill": Kind(
        8, lambda s: PartialFill(share=s.choice((0.0, 0.01, 0.3, 0.5, 0.9)), when=accepted(s))
    ),
    "order_hidden": Kind(5, lambda s: HideOrder(ms=s.uniform(50, 2500), when=accepted(s))),
    "leg_2_refused": refused(110007, 6, lambda s: f"request {CREATE} link=*-S-e0"),
    "refused_10002": refused(10002, 0.5, lambda s: create(s, "request")),
    "refused_10006": refused(10006, 4, lambda s: create(s, "request")),
    "refused_10016": refused(10016, 4, lambda s: create(s, s.choice(("request", "reply")))),
    "refused_110007": refused(110007, 3, lambda s: create(s, "request")),
    "refused_110017": refused(110017, 4, lambda s: f"request {CREATE} link=*-x*"),
    "refused_query": refused(10016, 3, query),
    "http_502": Kind(3, lambda s: HttpError(status=502, when=query(s))),
    "http_503_order": Kind(2, lambda s: HttpError(status=503, when=create(s, "request"))),
    "http_504_order": Kind(2, lambda s: HttpError(status=504, when=create(s))),
    "http_403": Kind(1, lambda s: ShutOut(ms=s.uniform(300, 4000), when=query(s))),
    "frame_dropped": Kind(8, lambda s: DropFrame(when=topic(s))),
    "frame_doubled": Kind(6, lambda s: DuplicateFrame(when=topic(s))),
    "frame_late": Kind(6, lambda s: DelayFrame(ms=s.uniform(50, 3000), when=topic(s))),
    "frames_swapped": Kind(6, lambda s: ReorderFrame(when=topic(s))),
    "frame_garbled": Kind(3, lambda s: GarbleFrame(when=topic(s))),
    "answer_garbled": Kind(2, lambda s: GarbleFrame(when=f"reply socket=trade {CREATE}")),
    "socket_cut": Kind(5, lambda s: CutSocket(socket=socket(s), when=s.choice(("fill", "start")))),
    "socket_closed": Kind(2, lambda s: CloseSocket(socket=socket(s), when=s.choice(("fill", "start")))),
    "socket_half_open": Kind(1.5, lambda s: HalfOpenSocket(socket=socket(s), when="fill")),
    "socket_slow": Kind(2, lambda s: SlowSocket(socket=socket(s), ms=s.uniform(20, 800))),
    "socket_refused": Kind(2, lambda s: RefuseSocket(when=f"connect count={s.choice((1, 3))}")),
    "sequence_gap": Kind(3, lambda s: SequenceGap(frames=s.choice((1, 3)))),
    "book_crossed": Kind(2, lambda s: CrossBook()),
    "book_stale": Kind(2, lambda s: DropFrame(when="public topic=orderbook* count=12")),
    "clock_skewed": Kind(0.7, lambda s: SkewClock(ms=s.choice((-1, 1)) * s.uniform(100, 4000))),
    "maintenance": Kind(1, lambda s: Maintenance(ms=s.uniform(200, 4500), code=s.choice((10016, None)))),
    "maintenance_long": Kind(0.12, lambda s: Maintenance(ms=s.uniform(8_000, 20_000))),
    "liquidation": Kind(1, lambda s: Liquidate()),
}


class Stage(NamedTuple):
    """What a storm does beside the exchange's own faults."""

    arm: Callable[[Fault], None]  # at the exchange that is there
    act: Callable[[str], None]  # one of ACTS


# Acts on the processes themselves, and what a person does; by weight.
ACTS: dict[str, float] = {
    "trading_killed": 8,  # at a journal record
    "journal_lost": 1,  # killed, and the disk is new
    "journal_full": 0.7,
    "exchange_restarted": 1,  # with its state
    "exchange_replaced": 0.4,  # without
    "closed_by_hand": 2,
    "stopped_by_hand": 1,
}


async def rage(source: Source, stage: Stage) -> None:
    """Let one thing after the other go wrong, for ever."""
    names = [*KINDS, *ACTS]
    weights = [*(kind.weight for kind in KINDS.values()), *ACTS.values()]
    number = 0
    while True:
        await asyncio.sleep(source.expovariate(1 / EVERY_S))
        (name,) = source.choices(names, weights)
        if name in ACTS:
            stage.act(name)
            continue
        number += 1
        fault = KINDS[name].make(source)
        stage.arm(named(fault, f"{name}-{number}"))


def named(fault: Fault, name: str) -> Fault:
    """The same fault under a name."""
    return msgspec.structs.replace(fault, name=name)
