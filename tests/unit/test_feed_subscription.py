"""What a connection asks for and what it makes of the answers."""

from __future__ import annotations

import json
from typing import Any

from synthcore.feed.subscription import Subscription
from synthcore.venues.bybit.public import PublicReply, decode_public_reply, spread_over_connections


def read(messages: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(message) for message in messages]


def reply(req_id: str, success: bool, text: str = "") -> PublicReply:
    return PublicReply(op="subscribe", success=success, ret_msg=text, req_id=req_id)


def test_topics_go_out_in_chunks_in_their_order() -> None:
    topics = [f"tickers.S{i}USDT" for i in range(7)]

    requests = read(Subscription(topics, chunk=3).begin())

    assert [request["args"] for request in requests] == [topics[:3], topics[3:6], topics[6:]]
    assert len({request["req_id"] for request in requests}) == 3


def test_a_refused_chunk_is_asked_for_topic_by_topic_and_only_the_bad_one_stays_refused() -> None:
    subscription = Subscription(["tickers.BTCUSDT", "tickers.NOPEUSDT"])
    (chunk,) = read(subscription.begin())

    singles = read(subscription.on_reply(reply(chunk["req_id"], False, "error:handler not found")))
    for single in singles:
        good = single["args"] == ["tickers.BTCUSDT"]
        subscription.on_reply(reply(single["req_id"], good, "" if good else "error:handler not found"))

    assert [single["args"] for single in singles] == [["tickers.BTCUSDT"], ["tickers.NOPEUSDT"]]
    assert subscription.accepted == {"tickers.BTCUSDT"}
    assert subscription.refused == {"tickers.NOPEUSDT": "error:handler not found"}
    assert subscription.wanted == ["tickers.BTCUSDT"]
    assert not subscription.is_hopeless


def test_already_subscribed_is_as_good_as_accepted() -> None:
    subscription = Subscription(["tickers.BTCUSDT"])
    (request,) = read(subscription.begin())

    subscription.on_reply(reply(request["req_id"], False, "error:already subscribed,topic:tickers.BTCUSDT"))

    assert subscription.accepted == {"tickers.BTCUSDT"}
    assert subscription.refused == {}


def test_an_answer_without_our_id_belongs_to_the_oldest_request() -> None:
    subscription = Subscription(["tickers.A", "tickers.B"], chunk=1)
    subscription.begin()

    subscription.on_reply(reply("", True))

    assert subscription.accepted == {"tickers.A"}


def test_a_late_answer_of_the_link_before_changes_nothing() -> None:
    subscription = Subscription(["tickers.A"])
    (old,) = read(subscription.begin())
    subscription.begin()

    subscription.on_reply(reply(old["req_id"], False, "error:handler not found"))

    assert subscription.refused == {}


def test_a_renewed_topic_is_given_up_first_because_the_snapshot_goes_to_new_subscribers() -> None:
    subscription = Subscription(["orderbook.50.BTCUSDT"])
    subscription.begin()

    requests = read(subscription.renew("orderbook.50.BTCUSDT"))

    assert [request["op"] for request in requests] == ["unsubscribe", "subscribe"]
    assert all(request["args"] == ["orderbook.50.BTCUSDT"] for request in requests)


def test_refused_topics_get_another_chance_on_the_next_link() -> None:
    subscription = Subscription(["tickers.A"])
    (request,) = read(subscription.begin())
    subscription.on_reply(reply(request["req_id"], False, "error:handler not found"))
    hopeless = subscription.is_hopeless

    subscription.begin()

    assert hopeless
    assert not subscription.is_hopeless


def test_a_real_answer_is_control_and_a_real_frame_is_data() -> None:
    answer = decode_public_reply(
        b'{"success":true,"ret_msg":"","conn_id":"d9tca0r5","req_id":"subscribe-1","op":"subscribe"}'
    )
    frame = decode_public_reply(b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[]}')

    assert answer.is_control and not answer.is_data
    assert frame.is_data and not frame.is_control


def test_topics_are_shared_out_below_the_venues_limit_and_a_symbols_topics_stay_together() -> None:
    groups = [[f"tickers.SYMBOL{i}USDT", f"orderbook.1.SYMBOL{i}USDT"] for i in range(100)]

    shares = spread_over_connections(groups, max_characters=310)

    assert [topic for share in shares for topic in share] == [topic for group in groups for topic in group]
    assert all(sum(map(len, share)) <= 310 for share in shares)
    assert all(len(share) % 2 == 0 for share in shares)
    assert len(shares) > 1
