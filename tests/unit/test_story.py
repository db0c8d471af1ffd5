"""Every event and action of a trade has its words, and the latencies that can be known."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from synthcore.execution import events
from synthcore.execution.journal import Begun
from synthcore.execution.journal_read import Entry
from synthcore.execution.recovery import nothing_offered
from synthcore.execution.story import latency, order_name, story, words_of
from synthcore.execution.trade import TradeRules
from synthcore.model import Fill, OrderAck


def sample(kind):
    """One of a kind, with something in every field that has no default."""
    found = {}
    for field in msgspec.structs.fields(kind):
        if not field.required:
            continue
        choices = [value for value in get_args(field.type) if isinstance(value, str)]
        plain = {str: "st1-1-S-x2", int: 1, float: 1.0, bool: True, Decimal: Decimal("0.5")}
        found[field.name] = choices[0] if choices else plain.get(field.type)
    return kind(**found)


@pytest.mark.parametrize(
    "kind", [*get_args(events.Event), *get_args(events.Action)], ids=lambda k: k.__name__
)
def test_each_event_and_action_has_words(kind):
    if kind is events.SetTimer:
        return  # never kept: a replay makes it anew
    assert words_of(sample(kind))


def test_orders_are_named_by_what_they_are_for():
    assert order_name("stmwqhxa1a-12-L-e0") == "long entry 0"
    assert order_name("stmwqhxa1a-12-S-x3") == "short close 3"


def fill(link_id, recv_ns):
    return Fill(
        symbol="BTCUSDT",
        exec_id="x",
        order_id="o",
        link_id=link_id,
        side="Buy",
        price=Decimal(60000),
        qty=Decimal("0.016"),
        fee=Decimal("0.5"),
        is_maker=False,
        recv_ns=recv_ns,
    )


def test_an_ack_counts_from_its_send_and_an_entry_s_fill_from_the_decision():
    assert latency(OrderAck("o", "st1-1-L-e0", 10, 35), 5) == (25, "sent → ack")
    assert latency(fill("st1-1-L-e0", 40), 5) == (35, "decision → fill")
    assert latency(fill("st1-1-L-x0", 40), 5) == (None, "")  # a close follows no opportunity
    assert latency(fill("st1-1-L-e0", 0), 5) == (None, "")  # asked for: no receive stamp


def test_times_are_from_the_trade_s_beginning():
    begun = Begun(
        key="st1-1",
        symbol="BTCUSDT",
        qty=Decimal("0.016"),
        rules=TradeRules(min_qty=Decimal("0.001")),
        now_ns=5,
        opportunity=nothing_offered("BTCUSDT"),
    )
    entry = Entry(at_ns=1_007, now_ns=12, kind="event", what=events.ExitRequested("by hand: news"))

    first, second = story(1_000, begun, [entry])

    assert (first.since_begun_ns, first.kind) == (0, "begun")
    assert (second.since_begun_ns, second.words) == (7, "leave: by hand: news")
