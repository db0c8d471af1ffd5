"""A recording as a market: its frames at their pace, with times, `u` and `seq` that go on for ever."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import Any

import msgspec

from synthcore.errors import RecordingError
from synthcore.exchange.market.derive import SymbolDerivation
from synthcore.exchange.market.frames import MarketFrame, next_funding_ms
from synthcore.exchange.market.instruments import (
    Instrument,
    guessed_instrument,
    settling_each,
    shipped_instruments,
)
from synthcore.exchange.market.state import MarketState
from synthcore.recording import RecordedFrame, Recording

KINDS = ("tickers", "orderbook.1", "orderbook.50", "orderbook.200", "publicTrade")
FRAMES_TO_GUESS_FROM = 2000
PAUSE_MS = 100  # between the last frame and the first of the next round
PAUSE_NS = PAUSE_MS * 1_000_000


class Replay:
    """Plays a recording.

    Times are shifted by a constant, so that the first frame was received at `start_ms`; at another speed
    they follow the clock at that speed. A stream that begins in the middle is silent until its first
    snapshot. At the end the recording begins again: fresh snapshots, and `u`, `seq`, `cs` and times go on.

    Parameters
    ----------
    recording
        Any that `open_recording` gives.
    start_ms
        Epoch of the beginning.
    speed
        How much faster than recorded; `inf` gives all frames at once, their times at the recorded pace.
    original_times
        Leave the times as they were recorded.
    loops
        Begin again at the end, for ever; else stop there.
    funding_minutes
        Between settlements; 0: each contract's own. Recorded times that are left as they were ignore it.

    Attributes
    ----------
    emitted, derived, skipped
        Where the frames of all rounds so far went: by topic, by topic, by reason. Each recorded frame is
        in `emitted` or in `skipped`, once a round.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        start_ms: int,
        speed: float = 1.0,
        original_times: bool = False,
        loops: bool = True,
        funding_minutes: int = 0,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, was {speed}")
        self._recording = recording
        self._kinds = _kinds_by_symbol(recording)
        if not self._kinds:
            raise RecordingError(
                f"a recording to replay has frames of {', '.join(KINDS)}, {recording.path} has"
                f" {', '.join(recording.topics) or 'none at all'}; record these topics"
            )
        if not any(map(_begins_a_stream, recording)):
            raise RecordingError(
                f"a recording to replay has the snapshots that streams begin with, {recording.path} has none;"
                " record from the subscription on"
            )
        self.instruments = settling_each(_instruments_of(recording, list(self._kinds)), funding_minutes)
        self.emitted: Counter[str] = Counter()
        self.derived: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self._clock = _Clock(recording.first_ns, start_ms, speed, original_times)
        self._loops = loops
        self._state = MarketState()
        self._derivations = {
            str(raw["symbol"]): SymbolDerivation(raw, self._kinds[str(raw["symbol"])], self._state)
            for raw in self.instruments
        }
        self._funding_minutes = {str(raw["symbol"]): int(raw["fundingInterval"]) for raw in self.instruments}

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that has frames, recorded or derived."""
        recorded = {f"{kind}.{symbol}" for symbol, kinds in self._kinds.items() for kind in kinds}
        return frozenset(recorded).union(*(derived.topics for derived in self._derivations.values()))

    def frames(self) -> Iterator[MarketFrame]:
        """All frames in order of time, round by round. To be called once."""
        numbers = _Numbers()
        for _ in count() if self._loops else range(1):
            numbers.begin_round()
            span = _Span(self._recording.first_ns)
            begun: set[str] = set()
            for recorded in self._recording:
                yield from self._play(recorded, numbers, span, begun)
            yield from self._tickers_due(self._clock.at_ns(self._recording.last_ns) + PAUSE_NS)
            if not self.emitted:
                return  # nothing can be played: another round would be as silent
            self._clock.end_round(span.period_ms)

    def _play(
        self, recorded: RecordedFrame, numbers: _Numbers, span: _Span, begun: set[str]
    ) -> Iterator[MarketFrame]:
        topic = recorded.topic
        kind, _, symbol = topic.rpartition(".")
        if kind not in KINDS:
            self.skipped[f"{kind} is not replayed"] += 1
            return
        at_ns = self._clock.at_ns(recorded.recv_ns)
        yield from self._tickers_due(at_ns)
        message = msgspec.json.decode(recorded.text)
        begins = kind == "publicTrade" or message.get("type") == "snapshot"
        if not begins and topic not in begun:
            self.skipped["before the first snapshot"] += 1
            return
        text = self._rewritten(recorded, message, symbol, numbers, span)
        if text is None or not self._state.apply(topic, text):
            self.skipped["malformed"] += 1
            return
        begun.add(topic)
        self.emitted[topic] += 1
        yield MarketFrame(self._clock.due_ns(at_ns), topic, text)
        derivation = self._derivations[symbol]
        books = derivation.books_after(at_ns, message["ts"], message.get("cts", message["ts"]))
        yield from self._derived(books, at_ns)

    def _rewritten(
        self,
        recorded: RecordedFrame,
        message: dict[str, Any],
        symbol: str,
        numbers: _Numbers,
        span: _Span,
    ) -> bytes | None:
        """The frame with its times shifted and its numbers continued; None where it lacks them."""
        try:
            span.saw(recorded.topic, recorded.recv_ns, message["ts"])
            self._shift_times(message, symbol)
            numbers.carry_on(recorded.topic, symbol, message)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        if self._clock.is_original and numbers.is_first_round:
            return recorded.text
        return msgspec.json.encode(message)

    def _shift_times(self, message: dict[str, Any], symbol: str) -> None:
        shifted = self._clock.shifted_ms
        for name in ("ts", "cts"):
            if name in message:
                message[name] = shifted(message[name])
        data = message["data"]
        if isinstance(data, list):
            for trade in data:
                trade["T"] = shifted(trade["T"])
        elif "nextFundingTime" in data and not self._clock.is_original:
            funding_ms = next_funding_ms(message["ts"], self._funding_minutes[symbol])
            data["nextFundingTime"] = str(funding_ms)

    def _tickers_due(self, until_ns: int) -> Iterator[MarketFrame]:
        """Derived tickers whose moment comes before this one."""
        due = [each for each in self._derivations.values() if each.ticker_due_ns <= until_ns]
        for derivation in sorted(due, key=lambda each: each.ticker_due_ns):
            at_ns = derivation.ticker_due_ns
            yield from self._derived(derivation.push_ticker(self._clock.stamp_ms(at_ns)), at_ns)

    def _derived(self, frames: Iterator[tuple[str, bytes]], at_ns: int) -> Iterator[MarketFrame]:
        for topic, text in frames:
            self.derived[topic] += 1
            yield MarketFrame(self._clock.due_ns(at_ns), topic, text)


class _Clock:
    """Recorded times to times of this replay. `at_ns` is recorded time since the first round began."""

    def __init__(self, first_ns: int, start_ms: int, speed: float, is_original: bool) -> None:
        self.is_original = is_original
        self._first_ns = first_ns
        self._first_ms = first_ns // 1_000_000
        self._begin_ms = self._first_ms if is_original else start_ms
        self._speed = speed
        self._stamp_speed = 1.0 if speed == float("inf") or is_original else speed
        self._played_ms = 0  # by earlier rounds

    def at_ns(self, recv_ns: int) -> int:
        return recv_ns - self._first_ns + self._played_ms * 1_000_000

    def due_ns(self, at_ns: int) -> int:
        return int(at_ns / self._speed)

    def stamp_ms(self, at_ns: int) -> int:
        return self._begin_ms + int(at_ns / 1_000_000 / self._stamp_speed)

    def shifted_ms(self, recorded_ms: int) -> int:
        return self._begin_ms + int((recorded_ms - self._first_ms + self._played_ms) / self._stamp_speed)

    def end_round(self, period_ms: int) -> None:
        self._played_ms += period_ms


class _Span:
    """How much time one round covers, so that no topic's time goes back at the next."""

    def __init__(self, first_ns: int) -> None:
        self._first_ns = first_ns
        self._last_ns = first_ns
        self._first_ts_ms: dict[str, int] = {}
        self._longest_ms = 0

    def saw(self, topic: str, recv_ns: int, ts_ms: int) -> None:
        self._last_ns = recv_ns
        first_ms = self._first_ts_ms.setdefault(topic, ts_ms)
        self._longest_ms = max(self._longest_ms, ts_ms - first_ms)

    @property
    def period_ms(self) -> int:
        return max(self._longest_ms, (self._last_ns - self._first_ns) // 1_000_000) + PAUSE_MS


class _Numbers:
    """Continues `u` per stream, and `seq` and `cs` per symbol, from round to round."""

    def __init__(self) -> None:
        self._round = 0
        self._offset: dict[str, int] = defaultdict(int)
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}

    @property
    def is_first_round(self) -> bool:
        return self._round == 1

    def begin_round(self) -> None:
        self._round += 1
        for name, last in self._last.items():
            self._offset[name] = last + 1 - self._first[name]

    def carry_on(self, topic: str, symbol: str, message: dict[str, Any]) -> None:
        if "cs" in message:
            message["cs"] = self._next(symbol, message["cs"])
        data = message["data"]
        if isinstance(data, list):
            for trade in data:
                if "seq" in trade:
                    trade["seq"] = self._next(symbol, trade["seq"])
            return
        if "u" in data:
            data["u"] = self._next(topic, data["u"])
        if "seq" in data:
            data["seq"] = self._next(symbol, data["seq"])

    def _next(self, name: str, number: int) -> int:
        if self.is_first_round:
            self._first[name] = min(number, self._first.get(name, number))
        number += self._offset[name]
        self._last[name] = max(number, self._last.get(name, number))
        return number


def _begins_a_stream(recorded: RecordedFrame) -> bool:
    """Whether a stream is heard from this frame on."""
    kind = recorded.topic.rpartition(".")[0]
    return kind == "publicTrade" or (kind in KINDS and b'"snapshot"' in recorded.text)


def _kinds_by_symbol(recording: Recording) -> Mapping[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for topic in recording.topics:
        kind, _, symbol = topic.rpartition(".")
        if kind in KINDS:
            kinds.setdefault(symbol, set()).add(kind)
    return kinds


def _instruments_of(recording: Recording, symbols: list[str]) -> list[Instrument]:
    """The recording's own instruments, else those that ship, else what its numbers tell."""
    known = {str(raw["symbol"]): raw for raw in (*shipped_instruments(), *recording.header.instruments)}
    unknown = [symbol for symbol in symbols if symbol not in known]
    known |= _guessed(recording, unknown) if unknown else {}
    return [known[symbol] for symbol in symbols]


def _guessed(recording: Recording, symbols: list[str]) -> dict[str, Instrument]:
    state = MarketState()
    prices: dict[str, set[str]] = {symbol: set() for symbol in symbols}
    sizes: dict[str, set[str]] = {symbol: set() for symbol in symbols}
    for frame in islice(recording, FRAMES_TO_GUESS_FROM):
        kind, _, symbol = frame.topic.rpartition(".")
        if symbol not in prices or kind not in KINDS or not state.apply(frame.topic, frame.text):
            continue
        for depth in (1, 50, 200):
            for side in state.written(symbol, depth):
                prices[symbol].update(price for price, _ in side)
                sizes[symbol].update(size for _, size in side)
        ticker = state.ticker(symbol)
        prices[symbol].update(ticker.get(name, "") for name in ("bid1Price", "ask1Price"))
        sizes[symbol].update(ticker.get(name, "") for name in ("bid1Size", "ask1Size"))
    return {symbol: guessed_instrument(symbol, prices[symbol], sizes[symbol]) for symbol in symbols}
