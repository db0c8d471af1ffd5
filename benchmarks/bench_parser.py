"""How long does a frame take to a quote as a Python tuple, and what of it is the parsing?

Each figure is for 64 different frames; divide by 64. `merged` leaves the quote in C, as the hot path does;
frames and rivals are those of `synthtest bench`, which measures that alone.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore.bench.parsing import FRAMES, frames_of, seeded_parser, typed

KINDS = ["ticker", "snapshot", "orderbook.1"]


def merged(kind: str, frames: list[bytes]) -> Callable[[], object]:
    parser = seeded_parser()
    return lambda: parser.feed_all(frames)


def quotes(kind: str, frames: list[bytes]) -> Callable[[], object]:
    parser = seeded_parser()
    return lambda: [parser.feed(frame) for frame in frames]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parser", [merged, quotes, typed], ids=lambda parser: parser.__name__)
def test_parse(
    benchmark: BenchmarkFixture, kind: str, parser: Callable[[str, list[bytes]], Callable[[], object]]
) -> None:
    benchmark.group = f"{benchmark.group} [{kind}]"
    frames = frames_of(kind)
    benchmark.extra_info.update(items=FRAMES, bytes_an_item=sum(map(len, frames)) // FRAMES)

    result = benchmark(parser(kind, frames))

    made = result if isinstance(result, int) else sum(quote is not None for quote in result)
    assert made == FRAMES
