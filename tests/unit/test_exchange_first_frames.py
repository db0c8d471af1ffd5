"""The first frames of a public stream: what nobody watched is applied before a snapshot is made."""

import json

from synthcore.testing.virtual import VirtualExchange


def first_times_ms(exchange):
    """The `ts` of a new subscriber's first frames, in their order."""
    frames = []
    connection = exchange.connect("/v5/public/linear", lambda frame: frames.append(json.loads(frame)))
    exchange.clock.advance(0.0001)  # the handshake's answer is on its way
    connection.send('{"op":"subscribe","args":["tickers.BTCUSDT","orderbook.50.BTCUSDT"]}')
    exchange.clock.advance(0.5)
    connection.close()
    times = {}
    for frame in frames:
        if "topic" in frame:
            times.setdefault(frame["topic"], []).append(frame["ts"])
    return times


def test_the_time_of_a_stream_never_steps_back():
    with VirtualExchange(market="generator", symbols=("BTCUSDT",)) as exchange:
        for number in range(30):
            exchange.clock.advance(1.0 + 0.013 * number)

            times = first_times_ms(exchange)

            assert len(times) == 2
            assert all(ts == sorted(ts) for ts in times.values()), times
