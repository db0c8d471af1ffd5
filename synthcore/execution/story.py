"""A trade's time line in words: what it was told, what it asked for, prices, quantities, latencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from synthcore.execution import events
from synthcore.execution.journal import Begun
from synthcore.execution.journal_read import Entry
from synthcore.model import Fill, OrderAck, OrderRequest

LEGS = {"L": "long", "S": "short"}
PRICED = {"entry": "", "bounded": " through the book", "market": " at market"}


class StoryLine(Struct, frozen=True, kw_only=True):
    """One moment of a trade."""

    since_begun_ns: int
    kind: str  # begun, event, action, order, ack, fill
    words: str
    took_ns: int | None = None
    took: str = ""  # from what to what


def story(begun_ns: int, begun: Begun, entries: Iterable[Entry]) -> Iterator[StoryLine]:
    """Tell a trade from its beginning; times are from there."""
    yield StoryLine(since_begun_ns=0, kind="begun", words=beginning(begun))
    for entry in entries:
        took_ns, took = latency(entry.what, begun.opportunity.decided_ns)
        yield StoryLine(
            since_begun_ns=entry.at_ns - begun_ns,
            kind=entry.kind,
            words=words_of(entry.what),
            took_ns=took_ns,
            took=took,
        )


def beginning(begun: Begun) -> str:
    offer = begun.opportunity
    if begun.found is not None:
        long, short = begun.found
        return f"{begun.symbol}, found by a recovery: {long} long, {short} short of ours in no trade"
    return (
        f"{begun.symbol}, {begun.qty} each leg; book {offer.bid:.10g} / {offer.ask:.10g},"
        f" synthetic spread {offer.spread_bps:g} bps"
    )


def latency(what: object, decided_ns: int) -> tuple[int | None, str]:
    """How long something took; a fill that came by a query has no receive stamp."""
    match what:
        case OrderAck(sent_ns=sent_ns, acked_ns=acked_ns):
            return acked_ns - sent_ns, "sent → ack"
        case Fill(recv_ns=recv_ns) if is_entry(what.link_id) and 0 < decided_ns < recv_ns:
            return recv_ns - decided_ns, "decision → fill"
    return None, ""


def is_entry(link_id: str) -> bool:
    return link_id.rpartition("-")[2].startswith("e")


def order_name(link_id: str) -> str:
    """Name an order by what it is for: `long entry 0`."""
    _, leg, last = link_id.rsplit("-", 2)
    return f"{LEGS.get(leg, leg)} {'entry' if last.startswith('e') else 'close'} {last[1:]}"


def words_of(what: object) -> str:
    """Say in a few words what an entry holds."""
    match what:
        case OrderRequest() | OrderAck() | Fill():
            return order_words(what)
        case events.Send() | events.Cancel() | events.LookUp() | events.Alarm() | events.Finish():
            return action_words(what)
        case events.CheckPosition():
            return "ask for the position"
        case events.Sweep():
            return "cancel every open order of ours on the symbol, then ask for the position"
    return event_words(what)


def order_words(what: OrderRequest | OrderAck | Fill) -> str:
    name = order_name(what.link_id)
    match what:
        case OrderRequest():
            price = "at market" if what.price is None else f"at {what.price}"
            only = ", reduce-only" if what.reduce_only else ""
            return f"{name}: {what.side.lower()} {what.qty} {price}, {what.time_in_force}{only}"
        case OrderAck():
            return f"{name}: accepted as {what.order_id}"
        case Fill():
            return f"{name}: filled {what.qty} at {what.price}, fee {what.fee}"


def action_words(what: events.Send | events.Cancel | events.LookUp | events.Alarm | events.Finish) -> str:
    match what:
        case events.Send():
            return f"send {order_name(what.link_id)}: {what.qty}{PRICED[what.pricing]}"
        case events.Cancel():
            return f"cancel {order_name(what.link_id)}"
        case events.LookUp():
            return f"look up {order_name(what.link_id)}"
        case events.Alarm():
            return f"ALARM {what.kind}: {what.detail}"
        case events.Finish():
            legs = "".join(f"; {leg.leg} leg {leg.qty} is open, or may be" for leg in what.open_legs)
            return f"end {what.end} ({what.reason}){legs}"


def event_words(what: object) -> str:
    match what:
        case events.Acknowledged():
            return f"{order_name(what.link_id)}: acknowledged"
        case events.Rejected():
            code = f", code {what.code}" if what.code else ""
            return f"{order_name(what.link_id)}: refused ({what.error_class}{code})"
        case events.AnswerLost():
            return f"{order_name(what.link_id)}: no answer, its fate is unknown"
        case events.Filled():
            return f"{order_name(what.link_id)}: {what.qty} filled ({what.exec_id})"
        case events.Reported():
            return reported_words(what)
        case events.LookedUp():
            return looked_up_words(what)
        case events.CancelAnswered():
            return f"{order_name(what.link_id)}: cancel {'accepted' if what.accepted else 'not accepted'}"
        case events.PositionReported():
            return position_words(what.sizes)
        case events.ExitRequested():
            return f"leave: {what.reason}"
    return OTHER_WORDS[type(what)]


OTHER_WORDS: dict[type, str] = {
    events.StreamDown: "the private stream is down",
    events.StreamUp: "the private stream is up",
    events.Woke: "timer",
    events.Restarted: "another process took the trade over",
}


def reported_words(what: events.Reported) -> str:
    state = "rejected" if what.is_rejected else "final" if what.is_final else "open"
    return f"{order_name(what.link_id)}: {state}, {what.filled_qty} filled in all"


def looked_up_words(what: events.LookedUp) -> str:
    if what.found is not None:
        return f"found {reported_words(what.found)}"
    return f"{order_name(what.link_id)}: {'no answer to the look-up' if what.failed else 'not found'}"


def position_words(sizes: tuple[Decimal, Decimal] | None) -> str:
    return "position: no answer" if sizes is None else f"position: {sizes[0]} long, {sizes[1]} short"
