"""One connection against a real server: what it survives and what it counts."""

from __future__ import annotations

import asyncio
import os
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from certificates import certified
from picows import WSMsgType
from public_server import PublicServer, Running, book, book1, book50, default_frames, snapshot, ticker, until

from synthcore._core.ring import Ring
from synthcore._core.symbols import SymbolTable
from synthcore.errors import ConfigError, VenueError
from synthcore.feed.connection import FeedConnection
from synthcore.feed.listener import FeedListener
from synthcore.feed.outages import Outage
from synthcore.feed.settings import LinkSettings
from synthcore.recording import open_recording
from synthcore.venues.bybit.public import decode_public_reply, topic_symbol

QUICK = LinkSettings(
    check_interval_s=0.005,
    ping_interval_s=0.02,
    close_timeout_s=1.0,
    backoff_first_s=0.001,
    backoff_limit_s=0.002,
    deadline_s={"tickers": 30.0, "orderbook.1": 30.0, "orderbook.50": 30.0},
)
IMPATIENT = LinkSettings(
    check_interval_s=0.005,
    backoff_first_s=0.001,
    backoff_limit_s=0.002,
    deadline_s={"tickers": 0.1, "orderbook.1": 0.1, "orderbook.50": 0.1},
)


RECORDINGS = ("ws_v5_orderbook1_BTCUSDT_20241108.jsonl.gz", "ws_v5_public_20260809_BTC_SOL_DOGE.jsonl.gz")


def recorded(name: str) -> list[bytes]:
    """Real frames, where they are to be had."""
    root = Path(__file__).parents[2]
    shared = Path(os.environ.get("SYNTHTEST_SHARED", root.parent / "shared"))
    path = shared / "data" / "bybit" / name
    if not path.exists():
        pytest.skip(f"the recording {path} isn't here; set SYNTHTEST_SHARED to the folder above data/")
    return [frame.text for frame in open_recording(path)]


@pytest.fixture
async def server() -> AsyncIterator[PublicServer]:
    async with PublicServer() as server:
        yield server


class Feed:
    """A connection with its listener and ring."""

    def __init__(
        self,
        url: str,
        *topics: str,
        settings: LinkSettings = QUICK,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.symbols = SymbolTable()
        for topic in topics:
            self.symbols.add(topic_symbol(topic))
        self.ring = Ring(1024)
        self.listener = FeedListener(self.symbols, topics, self.ring)
        self.outages: list[Outage] = []
        self.connection = FeedConnection(
            url,
            topics,
            self.listener,
            settings=settings,
            on_outage=self.outages.append,
            ssl_context=ssl_context,
        )

    @property
    def counters(self):  # type: ignore[no-untyped-def]
        return self.connection.counters()

    def running(self) -> Running:
        return Running(self.connection.run())


async def test_updates_flow_from_the_snapshot_and_the_deltas_that_follow(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.ring.pushed == 1)
        server.session.send(ticker("BTCUSDT", "delta", 1_100, bid1Price=100.25, bid1Size=7))
        await until(lambda: feed.ring.pushed == 2)

    assert feed.ring.pop()[:6] == (0, 100.0, 100.5, 2.0, 2.0, 1_000_000)
    assert feed.ring.pop()[:6] == (0, 100.25, 100.5, 7.0, 2.0, 1_100_000)


async def test_the_data_may_come_before_the_answer_and_old_deltas_may_burst_behind_it(
    server: PublicServer,
) -> None:
    def snapshot_and_burst(topic: str) -> list[bytes]:
        deltas = [ticker("BTCUSDT", "delta", 1_000 + i, bid1Price=100.1, bid1Size=i + 1) for i in range(143)]
        return [snapshot("BTCUSDT"), *deltas]

    server.acks_last = True
    server.on_topic = snapshot_and_burst
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.connection.subscription.accepted)

        assert feed.counters.pushed == 144
        assert feed.listener.trusts("BTCUSDT")


async def test_a_cut_link_comes_back_resubscribed_and_merged_anew(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.trusts("BTCUSDT"))
        server.on_topic = lambda topic: []
        server.session.cut()
        await until(lambda: server.served == 2 and server.sessions and server.session.asked("subscribe"))
        trusted_without_data = feed.listener.trusts("BTCUSDT")
        server.session.send(ticker("BTCUSDT", "delta", 2_000, bid1Price=100.25, bid1Size=7))
        await until(lambda: feed.counters.untrusted == 1)
        server.session.send(snapshot("BTCUSDT", bid=200.0, ask=201.0, ts=1_500))
        await until(lambda: feed.listener.trusts("BTCUSDT"))

    assert not trusted_without_data
    assert feed.counters.reconnects == 1
    assert feed.counters.pushed == 2
    assert [feed.ring.pop()[1], feed.ring.pop()[1]] == [100.0, 200.0]


async def test_an_outage_lasts_from_the_loss_until_every_symbol_is_back(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT", "tickers.ETHUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.on_topic = lambda topic: default_frames(topic) if "BTC" in topic else []
        server.session.cut()
        await until(lambda: feed.listener.trusts("BTCUSDT") and feed.connection.reconnects == 1)
        halfway = list(feed.outages)
        server.session.send(snapshot("ETHUSDT"))
        await until(lambda: len(feed.outages) == 2)

    (begun,) = halfway
    assert begun.end_ns is None
    assert begun.reason == "closed by the server"
    assert feed.outages[1].end_ns is not None
    assert feed.outages[1].start_ns == begun.start_ns
    assert feed.connection.status().blind_ms > 0


async def test_a_silent_link_is_given_up_and_blind_since_its_last_frame(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT", "orderbook.1.BTCUSDT", settings=IMPATIENT)

    async with feed.running():
        await until(lambda: feed.connection.reconnects >= 1 and feed.listener.trusts("BTCUSDT"))

    assert feed.outages[0].reason.startswith("silent for ")
    assert feed.outages[1].blind_ms(0) >= 100  # the deadline is part of the blind time


async def test_a_server_that_takes_connections_and_says_nothing_is_left(server: PublicServer) -> None:
    server.is_deaf = True
    feed = Feed(server.url, "tickers.BTCUSDT", settings=IMPATIENT)

    async with feed.running():
        await until(lambda: server.served >= 3)
        server.is_deaf = False
        await until(lambda: feed.listener.trusts("BTCUSDT"))

    assert feed.connection.reconnects >= 2


async def test_one_silent_topic_is_renewed_without_costing_the_others_their_link(
    server: PublicServer,
) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT", "tickers.ETHUSDT", settings=IMPATIENT)

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        talking = server.session
        ts = 1_000

        def btc_speaks_until_eth_is_renewed() -> bool:
            nonlocal ts
            ts += 1
            talking.send(ticker("BTCUSDT", "delta", ts, bid1Price=100.1, bid1Size=ts))
            return ["tickers.ETHUSDT"] in talking.asked("unsubscribe")

        await until(btc_speaks_until_eth_is_renewed)
        await until(lambda: feed.listener.trusts("ETHUSDT"))

    assert ["tickers.BTCUSDT"] not in talking.asked("unsubscribe")
    assert feed.connection.reconnects == 0


async def test_a_refused_topic_is_named_and_the_others_go_on(server: PublicServer) -> None:
    server.refused.add("tickers.NOPEUSDT")
    feed = Feed(server.url, "tickers.BTCUSDT", "tickers.NOPEUSDT")

    async with feed.running():
        await until(lambda: feed.connection.subscription.refused and feed.listener.was_whole)

        refused = feed.connection.status().refused

    assert refused == {"tickers.NOPEUSDT": "error:handler not found,topic:tickers.NOPEUSDT"}
    assert server.served == 1


async def test_a_stream_that_refuses_everything_ends_the_run_with_the_reason(server: PublicServer) -> None:
    server.refused.add("tickers.NOPEUSDT")
    feed = Feed(server.url, "tickers.NOPEUSDT")

    with pytest.raises(VenueError, match="refused every topic, the first was tickers"):
        await asyncio.wait_for(feed.connection.run(), 10)


async def test_answers_that_never_come_hold_nothing_up(server: PublicServer) -> None:
    def data_only(session, request):  # type: ignore[no-untyped-def]
        for topic in request.get("args", []):
            session.send(*default_frames(topic))

    server.answer = data_only  # type: ignore[method-assign]
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.trusts("BTCUSDT"))

    assert feed.connection.reconnects == 0


async def test_pings_go_out_as_text_messages(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: server.sessions and len(server.session.asked("ping")) >= 2)
        await until(lambda: feed.counters.control >= 3)  # the answer to the subscription and two pongs


GARBAGE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe\x00garbage",
    b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","bid1Price":"1e',
    b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","bid1Price":"x"},"ts":2000}',
    b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["-1","1"]],"a":[],"u":1}}',
    b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":"ETHUSDT","b":[],"a":[],"u":1}}',
    b'{"topic":"orderbook.50.BTCUSDT"}',
    b'{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":%d,"data":{"s":"BTCUSDT","b":[["1","1"]],'
    b'"a":[["2","1"]],"u":1}}' % 10**23,
    b'{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT","b":[["nan","1"]],'
    b'"a":[["2","1"]],"u":1}}',
    b"[" * 100_000,
]


async def test_malformed_messages_are_counted_and_cost_neither_the_link_nor_the_next_update(
    server: PublicServer,
) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT", "orderbook.50.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        pushed = feed.ring.pushed
        server.session.send(*GARBAGE)
        server.session.send_frame(WSMsgType.BINARY, snapshot("BTCUSDT", bid=1.0))
        server.session.send(ticker("BTCUSDT", "delta", 3_000, bid1Price=100.25, bid1Size=7))
        await until(lambda: feed.ring.pushed == pushed + 1)

    assert feed.counters.malformed == len(GARBAGE) + 1
    assert feed.counters.received == feed.counters.accounted
    assert feed.counters.reconnects == 0
    assert server.served == 1


async def test_fragments_are_put_together_and_lost_ones_are_malformed(server: PublicServer) -> None:
    text = ticker("BTCUSDT", "delta", 3_000, bid1Price=100.25, bid1Size=7)
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        send = server.session.send_frame
        send(WSMsgType.CONTINUATION, b"of nothing")  # 1 malformed
        send(WSMsgType.TEXT, text[:10], fin=False)  # 2: never finished
        send(WSMsgType.TEXT, text[:20], fin=False)
        send(WSMsgType.CONTINUATION, text[20:40], fin=False)
        server.session.transport.send_ping()  # control frames may come in between
        send(WSMsgType.CONTINUATION, text[40:])
        await until(lambda: feed.ring.pushed == 2)

    assert feed.counters.malformed == 2
    assert feed.counters.received == feed.counters.accounted == 5
    feed.ring.pop()
    assert feed.ring.pop()[1] == 100.25


async def test_a_gap_ends_trust_asks_for_the_topic_again_and_the_snapshot_restores_it(
    server: PublicServer,
) -> None:
    server.on_topic = lambda topic: []
    topic = "orderbook.50.BTCUSDT"
    first, second = (book50("BTCUSDT", "snapshot", u, [(u, 1.0)], [(u + 1, 1.0)]) for u in (100, 200))
    feed = Feed(server.url, topic, "tickers.ETHUSDT")

    async with feed.running():
        await until(lambda: server.sessions and server.session.asked("subscribe"))
        server.session.send(first, book50("BTCUSDT", "delta", 101, [(100.5, 1.0)], []))
        await until(lambda: feed.listener.trusts("BTCUSDT"))
        server.session.send(book50("BTCUSDT", "delta", 103, [(100.6, 1.0)], []))
        server.session.send(book50("BTCUSDT", "delta", 104, [(100.7, 1.0)], []))
        await until(lambda: [topic] in server.session.asked("subscribe"))
        await until(lambda: feed.counters.untrusted == 2)
        trusted_after_gap = feed.listener.trusts("BTCUSDT")
        server.session.send(second)
        await until(lambda: feed.listener.trusts("BTCUSDT"))

    assert not trusted_after_gap
    assert [topic] in server.session.asked("unsubscribe") if server.sessions else True
    assert feed.counters.gaps == 1
    assert feed.counters.reconnects == 0
    assert [feed.ring.pop()[1] for _ in range(3)] == [100.0, 100.5, 200.0]
    assert feed.ring.pop() is None


async def test_a_gap_in_an_orderbook_1_is_one_too(server: PublicServer) -> None:
    topic = "orderbook.1.BTCUSDT"
    feed = Feed(server.url, topic)

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.on_topic = lambda topic: []
        server.session.send(book("orderbook.1", "BTCUSDT", "delta", 12, [(100.1, 1.0)], [], 1_100))
        await until(lambda: [topic] in server.session.asked("unsubscribe"))
        trusted_after_gap = feed.listener.trusts("BTCUSDT")
        server.session.send(book1("BTCUSDT", 20, 100.0, 101.0, ts=1_200))
        await until(lambda: feed.listener.trusts("BTCUSDT"))

    assert not trusted_after_gap
    assert feed.counters.gaps == 1


async def test_a_link_lost_while_its_only_book_had_a_gap_is_an_outage_that_ends(server: PublicServer) -> None:
    feed = Feed(server.url, "orderbook.50.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.on_topic = lambda topic: []
        server.session.send(book50("BTCUSDT", "delta", 109, [], []))
        await until(lambda: feed.counters.gaps == 1)
        server.on_topic = default_frames
        server.session.cut()
        await until(lambda: len(feed.outages) == 2)

    assert feed.outages[1].end_ns is not None


async def test_a_ticker_that_goes_on_doesnt_hide_the_gap_in_its_symbols_book(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT", "orderbook.50.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.on_topic = lambda topic: []
        server.session.send(book50("BTCUSDT", "delta", 109, [], []))
        server.session.send(ticker("BTCUSDT", "delta", 3_000, bid1Price=100.25, bid1Size=7))
        await until(lambda: feed.counters.pushed == 3)

        assert feed.counters.gaps == 1
        assert not feed.listener.trusts("BTCUSDT")


BAD_QUOTES = {
    "crossed": dict(bid1Price=101, bid1Size=1, ask1Price=100, ask1Size=1),
    "locked": dict(bid1Price=100, bid1Size=1, ask1Price=100, ask1Size=1),
    "zero_size": dict(bid1Price=100, bid1Size=0, ask1Price=101, ask1Size=1),
    "bad_price": dict(bid1Price=-1, bid1Size=1, ask1Price=101, ask1Size=1),
}


@pytest.mark.parametrize("outcome", BAD_QUOTES)
async def test_an_impossible_quote_has_its_own_counter_and_never_reaches_the_ring(
    server: PublicServer, outcome: str
) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.session.send(ticker("BTCUSDT", "snapshot", 2_000, **BAD_QUOTES[outcome]))
        await until(lambda: getattr(feed.counters, outcome) == 1)

    assert feed.ring.pushed == 1


BAD_BOOKS = {
    "crossed": ([(102.0, 1.0)], []),
    "locked": ([(101.0, 1.0)], []),
    "merged": ([], [(101.0, 0.0)]),  # one side is empty: no quote
}


@pytest.mark.parametrize("outcome", BAD_BOOKS)
async def test_a_books_impossible_top_is_counted_and_never_reaches_the_ring(
    server: PublicServer, outcome: str
) -> None:
    feed = Feed(server.url, "orderbook.50.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.session.send(book50("BTCUSDT", "delta", 101, *BAD_BOOKS[outcome]))
        await until(lambda: getattr(feed.counters, outcome) == 1)

    assert feed.ring.pushed == 1


async def test_books_of_strangers_are_counted_as_what_they_are(server: PublicServer) -> None:
    feed = Feed(server.url, "orderbook.50.BTCUSDT", "tickers.ETHUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.session.send(book50("XRPUSDT", "snapshot", 1, [(1.0, 1.0)], [(2.0, 1.0)]))
        server.session.send(book50("ETHUSDT", "snapshot", 1, [(1.0, 1.0)], [(2.0, 1.0)]))
        server.session.send(snapshot("BTCUSDT"))  # known, but its ticker wasn't asked for
        await until(lambda: feed.counters.unknown_symbol == 1 and feed.counters.unrelated == 2)

    assert feed.ring.pushed == 2


async def test_every_message_ends_in_exactly_one_counter(server: PublicServer) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    feed = Feed(server.url, "tickers.BTCUSDT", "orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT")
    makers = [
        lambda i: snapshot("BTCUSDT", ts=chance.randrange(5_000)),
        lambda i: ticker("BTCUSDT", "delta", 1_000 + i, bid1Price=chance.choice([99, 101, 0]), bid1Size=1),
        lambda i: ticker("BTCUSDT", "delta", 1_000 + i, markPrice=1),
        lambda i: book1("BTCUSDT", i, 100.0, chance.choice([99.0, 100.0, 100.5]), ts=1_000 + i),
        lambda i: book50("BTCUSDT", chance.choice(["delta", "snapshot"]), i, [(100.0, 1.0)], [(101.0, 1.0)]),
        lambda i: snapshot("XRPUSDT"),
        lambda i: b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[]}',
        lambda i: b'{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}',
        lambda i: chance.choice(GARBAGE[:-1]),
        lambda i: (m := makers[chance.randrange(5)](i))[: chance.randrange(len(m))],
    ]
    messages = [chance.choice(makers)(i) for i in range(2_000)]

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        before = feed.counters.received
        server.session.send(*messages)
        await until(lambda: feed.counters.received >= before + len(messages))
    counters = feed.counters

    assert counters.received == counters.accounted, f"seed {seed}: {counters}"
    assert counters.pushed == feed.ring.pushed, f"seed {seed}"
    assert counters.parsed < counters.received
    assert counters.unknown_symbol and counters.unrelated and counters.malformed and counters.crossed
    assert counters.reconnects == 0


@pytest.mark.parametrize("name", RECORDINGS)
async def test_every_recorded_frame_is_accounted_for(server: PublicServer, name: str) -> None:
    frames = recorded(name)
    topics = sorted({topic for frame in frames if (topic := decode_public_reply(frame).topic)})
    wanted = [topic for topic in topics if topic.startswith(("tickers.", "orderbook.1."))]
    server.on_topic = lambda topic: []
    feed = Feed(server.url, *wanted)

    async with feed.running():
        await until(lambda: feed.connection.subscription.accepted)
        server.session.send(*frames)
        await until(lambda: feed.counters.received >= len(frames) + 1)
    counters = feed.counters

    assert counters.received == counters.accounted
    assert counters.pushed == feed.ring.pushed > 0
    assert counters.malformed == counters.crossed == counters.locked == counters.out_of_order == 0
    assert counters.gaps == 0


async def test_a_stream_over_tls_is_checked_and_read(tmp_path: Path) -> None:
    server_tls, client_tls = certified(tmp_path)

    async with PublicServer(ssl_context=server_tls) as server:
        trusting = Feed(server.url, "tickers.BTCUSDT", ssl_context=client_tls)
        async with trusting.running():
            await until(lambda: trusting.listener.trusts("BTCUSDT"))
        doubting = Feed(server.url, "tickers.BTCUSDT")
        async with doubting.running():
            await until(lambda: doubting.connection.attempts >= 2)
        scheme = server.url.partition(":")[0]

    assert scheme == "wss"
    assert "self-signed certificate" in doubting.connection.last_error


async def test_a_server_that_closes_politely_is_answered_and_visited_again(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
        server.session.transport.send_close()
        await until(lambda: feed.connection.reconnects == 1 and feed.listener.trusts("BTCUSDT"))


async def test_a_callback_that_fails_costs_nothing_but_a_count(server: PublicServer) -> None:
    def fails(*update: object) -> None:
        raise RuntimeError("not my day")

    feed = Feed(server.url, "tickers.BTCUSDT")
    feed.listener.on_update = fails

    async with feed.running():
        await until(lambda: feed.ring.pushed == 1)

    assert feed.listener.callback_errors == 1
    assert server.served == 1


async def test_an_exchange_that_isnt_there_yet_is_tried_until_it_is(unused_tcp_port: int) -> None:
    feed = Feed(f"ws://127.0.0.1:{unused_tcp_port}/v5/public/linear", "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.connection.attempts >= 3)

        assert "127.0.0.1" in feed.connection.last_error
        assert not feed.connection.is_up


async def test_the_end_leaves_no_socket(server: PublicServer) -> None:
    feed = Feed(server.url, "tickers.BTCUSDT")

    async with feed.running():
        await until(lambda: feed.listener.was_whole)
    await until(lambda: not server.sessions)

    assert not feed.connection.is_up
    assert not feed.listener.trusts("BTCUSDT")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v5", "127.0.0.1:1", "ws://"])
async def test_an_address_that_is_no_stream_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match="starts with ws:// or wss://"):
        Feed(url, "tickers.BTCUSDT")
