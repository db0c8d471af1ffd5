"""`execution.fast`: a fill in few words, and a maker's without its link id."""

import msgspec
from exchange_world import World, rows

from synthcore.exchange.fast_execution import fast_message
from synthcore.exchange.private import frame_of


def fast_rows(events, topic="execution.fast.linear"):
    """The fast frames of all fills among some events."""
    messages = [event.message for event in events if event.message.topic == "execution"]
    return [msgspec.to_builtins(fast_message(message, topic)) for message in messages]


def test_a_takers_fill_has_its_link_id_and_a_makers_has_none():
    world = World()
    _, taken = world.place("Buy", "0.01", order_link_id="taker")
    world.order("Buy", "0.01", "59950", order_link_id="maker")
    made = world.book(bids=[("59940", "1")], asks=[("59950", "1")])

    (taker,), (maker,) = fast_rows(taken), fast_rows(made)

    assert list(taker) == ["topic", "creationTime", "data"]
    assert (taker["topic"], taker["data"][0]["orderLinkId"]) == ("execution.fast.linear", "taker")
    assert (maker["data"][0]["isMaker"], maker["data"][0]["orderLinkId"]) == (True, "")
    assert (maker["data"][0]["execPrice"], maker["data"][0]["execQty"]) == ("59950", "0.01")


def test_funding_is_an_execution_but_no_fast_one():
    world = World()
    world.order("Buy", "0.5")

    events = world.settle_funding("0.0001")

    (funding,) = [event for event in events if event.message.topic == "execution"]
    assert rows(events, "execution")[0].exec_type == "Funding"
    assert frame_of(funding, "execution.linear") is not None
    assert frame_of(funding, "execution.fast") is None
