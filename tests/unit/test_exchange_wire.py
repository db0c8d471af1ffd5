"""Messages as they stand on the wire."""

from __future__ import annotations

import pytest

from synthcore.exchange.wire import framed, framed_all, messages


def test_messages_of_all_lengths_come_back_out_of_one_write() -> None:
    texts = [b"x" * size for size in (0, 1, 125, 126, 65_535, 65_536, 3)]

    written = b"".join(map(framed, texts))

    assert list(messages(written)) == texts


def test_several_at_once_are_those_one_after_the_other() -> None:
    texts = [b"x" * size for size in (0, 125, 126, 65_536)]

    assert framed_all(texts) == b"".join(map(framed, texts))
    assert framed_all([]) == b""


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_header_is_as_the_protocol_has_it(size: int, header: bytes) -> None:
    assert framed(b"x" * size) == header + b"x" * size
