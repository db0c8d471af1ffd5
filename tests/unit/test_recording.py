from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import pytest

from synthcore.errors import RecordingError
from synthcore.recording import (
    BUFFER_BYTES,
    MAX_LINE_BYTES,
    Recording,
    RecordingHeader,
    RecordingWriter,
    open_recording,
)

HEADER = RecordingHeader(
    created="2026-01-02T03:04:05Z",
    environment="testnet",
    symbols=("BTCUSDT",),
    instruments=({"symbol": "BTCUSDT", "priceFilter": {"tickSize": "0.10"}},),
    source="wss://stream-testnet.bybit.com/v5/public/linear",
)
TICKER = b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT"},"cs":1,"ts":5}'
ACK = b'{"success":true,"ret_msg":"","conn_id":"a","req_id":"","op":"subscribe"}'
PONG = b'{"success":true,"ret_msg":"pong","conn_id":"a","req_id":"","op":"ping"}'
SUFFIXES = ["jsonl", "jsonl.gz"]


def write(path: Path, frames: int = 20) -> Path:
    with RecordingWriter(path, HEADER) as writer:
        for number in range(frames):
            writer.append(1_000 + number, "public.0", TICKER.replace(b'"cs":1', b'"cs":%d' % number))
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_was_written_is_read_to_the_byte(tmp_path: Path, suffix: str) -> None:
    odd = b'{"topic":"tickers.BTCUSDT", "note":"\\u00e9\xc3\xa9 \\" \\n", "x":1.50e3}'
    path = tmp_path / f"r.{suffix}"
    with RecordingWriter(path, HEADER) as writer:
        writer.append(7, "public.0", TICKER)
        writer.append(9, "public.1", odd)

    recording = open_recording(path)

    assert recording.header == HEADER
    assert [(f.recv_ns, f.connection, f.topic, f.text) for f in recording] == [
        (7, "public.0", "tickers.BTCUSDT", TICKER),
        (9, "public.1", "tickers.BTCUSDT", odd),
    ]
    assert (recording.first_ns, recording.last_ns, recording.is_finished) == (7, 9, True)


def test_each_line_is_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with RecordingWriter(path, HEADER) as writer:
        for text in (TICKER, ACK, PONG, TICKER, b"{not json", b"\xff\xfe", b'{"x":1}'):
            writer.append(1, "public.0", text)

    census = open_recording(path).census

    assert census.frames == {"tickers.BTCUSDT": 2}
    assert census.control == {"header": 1, "ack": 1, "pong": 1, "end": 1}
    assert census.skipped == {"malformed frame": 2, "no topic": 1}
    assert census.total == len(path.read_bytes().splitlines())


def test_receive_times_never_go_back(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with RecordingWriter(path, HEADER) as writer:
        for recv_ns in (10, 30, 20, 40):
            writer.append(recv_ns, "public.0", TICKER)

    assert [frame.recv_ns for frame in open_recording(path)] == [10, 30, 30, 40]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_cut_anywhere_is_noticed(tmp_path: Path, suffix: str) -> None:
    whole = write(tmp_path / f"whole.{suffix}").read_bytes()
    cut = tmp_path / f"cut.{suffix}"

    for length in range(len(whole)):
        if suffix == "jsonl" and length == len(whole) - 1:
            continue  # only the last newline is gone: nothing is lost
        cut.write_bytes(whole[:length])
        with pytest.raises(RecordingError):
            open_recording(cut)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_changed_byte_is_noticed(tmp_path: Path, suffix: str) -> None:
    whole = write(tmp_path / f"whole.{suffix}", frames=5).read_bytes()
    changed = tmp_path / f"changed.{suffix}"
    # gzip's header carries bytes that mean nothing to the content: flags, time, system.
    start = 10 if suffix.endswith("gz") else 0

    for place in range(start, len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 0x01
        changed.write_bytes(flipped)
        with pytest.raises(RecordingError):
            open_recording(changed)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_killed_writer_leaves_a_recording_that_reads_as_unfinished(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"r.{suffix}"
    writer = RecordingWriter(path, HEADER)
    for second in range(10):
        writer.append(second * 1_000_000_000, "public.0", TICKER)

    with pytest.raises(RecordingError, match="cut off or still being written"):
        open_recording(path)
    recording = open_recording(path, allow_unfinished=True)

    assert not recording.is_finished
    assert len(list(recording)) >= 9
    writer.close()
    assert open_recording(path).is_finished


def test_damage_is_no_unfinished_recording(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl.gz")
    damaged = bytearray(path.read_bytes())
    damaged[200:220] = b"\xff" * 20
    path.write_bytes(damaged)

    with pytest.raises(RecordingError, match="is damaged"):
        open_recording(path, allow_unfinished=True)


def test_a_torn_last_line_is_counted_as_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", frames=3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:-9])

    census = open_recording(path, allow_unfinished=True).census

    assert census.frame_count == 2
    assert census.skipped == {"cut off": 1}
    assert census.total == 4


def test_the_writer_keeps_little_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    writer = RecordingWriter(path, HEADER)
    text = TICKER + b" " * 1000

    for _ in range(1000):
        writer.append(5, "public.0", text)
        assert len(writer._pending) < BUFFER_BYTES + 2 * len(text)

    assert path.stat().st_size > 800_000
    writer.close()


def test_a_recording_never_overwrites(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl")

    with pytest.raises(RecordingError, match="never overwrites"):
        RecordingWriter(path, HEADER)


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl.gz").read_bytes()

    assert write(tmp_path / "b.jsonl.gz").read_bytes() == first


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "first line of {path} is empty"),
        (b"hello\n", "first line of {path} is no JSON object"),
        (b"\x00\x01\xff" * 100, "a recording starts with its header"),
        (b'{"a":1}\n', "none of the keys"),
        (b"[1,2]\n", "a recording starts with its header"),
        (b'{"synthtest_recording":2,"created":"","environment":"x","symbols":[]}\n', "has format 2"),
        (b'{"synthtest_recording":1}\n', "header (line 1)"),
        (b"\x1f\x8bnot really gzip", "{path}"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(TICKER * 50, mtime=0)[:40], "is cut off after line 0"),
        (b"x" * (MAX_LINE_BYTES + 1), "has more"),
        (TICKER + b"\n" + b"{broken\n", "line 2 of {path} is not a frame: '{broken'"),
        (b'{"t":"header"}\n{"t":"else"}\n', "line 2 of {path} is not a capture entry"),
    ],
)
def test_a_foreign_file_gets_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)

    with pytest.raises(RecordingError) as refusal:
        open_recording(path)

    assert says.replace("{path}", str(path)) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unreadable_path_gets_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(RecordingError, match=f"can't read the recording {path}: "):
            open_recording(path)


def test_a_line_that_is_no_event_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[6] = b'{"surprise":1}\n'
    path.write_bytes(b"".join(lines))

    with pytest.raises(RecordingError, match=r"line 7 of .* is neither an event nor the end"):
        open_recording(path)


def test_nothing_may_follow_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl")
    path.write_bytes(path.read_bytes() + b"{}\n")

    with pytest.raises(RecordingError, match="end line must be last"):
        open_recording(path)


def test_reading_streams_without_holding_the_file(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path / "r.jsonl", frames=5000))

    first_two = list(itertools.islice(recording, 2))

    assert [frame.recv_ns for frame in first_two] == [1000, 1001]
    assert isinstance(recording, Recording)


def capture_line(kind: str, connection: str, ts: float, **more: str) -> bytes:
    return json.dumps({"t": kind, "conn": connection, "ts": ts, **more}).encode() + b"\n"


def test_a_capture_is_read_from_its_linear_connection_only(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl.gz"
    lines = [
        b'{"t":"header","format":2,"exchange":"BYBIT"}\n',
        capture_line("connect", "ws.2", 1.0, addr="wss://stream.bybit.com/v5/public/linear"),
        capture_line("connect", "ws.3", 1.0, addr="wss://stream.bybit.com/v5/public/spot"),
        capture_line("send", "ws.2", 1.1, data='{"op":"subscribe"}'),
        capture_line("recv", "ws.2", 1.25, data=TICKER.decode()),
        capture_line("recv", "ws.3", 1.3, data=TICKER.decode()),
        capture_line("recv", "ws.2", 1.4, data=ACK.decode()),
        capture_line("recv", "ws.9", 1.4, data=TICKER.decode()),
    ]
    path.write_bytes(gzip.compress(b"".join(lines)))

    recording = open_recording(path)

    assert recording.layout == "capture"
    assert [(f.recv_ns, f.connection, f.text) for f in recording] == [(1_250_000_000, "ws.2", TICKER)]
    assert recording.census.control == {"header": 1, "connect": 2, "send": 1, "ack": 1}
    assert recording.census.skipped == {"spot connection": 1, "unknown connection": 1}
    assert recording.census.total == len(lines)
    assert recording.header.symbols == ("BTCUSDT",)


def test_plain_frames_are_paced_by_their_own_ts(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    later = TICKER.replace(b'"ts":5', b'"ts":25')
    path.write_bytes(b"\n".join([ACK, later, TICKER, b"", later, b""]))

    recording = open_recording(path)

    assert recording.layout == "frames"
    assert [frame.recv_ns for frame in recording] == [25_000_000, 25_000_000, 25_000_000]
    assert recording.census.control == {"ack": 1}
    assert recording.census.skipped == {"empty line": 1}


@pytest.mark.parametrize("first", ["API_SECRET=marker\n", '{"api_secret":"marker"}\n'])
def test_a_foreign_file_is_not_quoted(tmp_path: Path, first: str) -> None:
    path = tmp_path / "foreign"
    path.write_text(first)

    with pytest.raises(RecordingError) as refused:
        open_recording(path)

    assert "marker" not in str(refused.value)
