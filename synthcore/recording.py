"""Recordings of public market data: one format to write, three layouts to read (docs/recordings.md).

A recording of ours is JSON lines, gzip by suffix: a header, one line per received frame, and an end line
with the count and the SHA-256 of everything before it. A file without its end line is cut off, or still
being written. Read too: captures of `header/connect/send/recv` lines, and plain files of one frame a line.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, TypeVar, cast

import msgspec
from msgspec import Struct

from synthcore.errors import RecordingError

VERSION = 1
MAX_LINE_BYTES = 16 * 1024 * 1024
BUFFER_BYTES = 64 * 1024
FLUSH_EVERY_NS = 1_000_000_000  # of receive time: what a kill may lose
GZIP_MAGIC = b"\x1f\x8b"

Layout = Literal["synthtest", "capture", "frames"]


class RecordingHeader(Struct, frozen=True, kw_only=True):
    """What a recording says about itself in its first line."""

    synthtest_recording: int = VERSION
    created: str  # ISO 8601, UTC
    environment: str
    symbols: tuple[str, ...]
    instruments: tuple[dict[str, Any], ...] = ()  # raw `instruments-info` entries
    source: str = ""
    checksum: str = "sha256"  # of all lines before the end line, which carries it


class RecordedFrame(Struct, frozen=True):
    """One frame of market data as it was received."""

    recv_ns: int  # epoch
    connection: str
    topic: str
    text: bytes  # exact


class Census(Struct):
    """Where every line of a file went; `total` equals the number of its lines."""

    frames: Counter[str] = msgspec.field(default_factory=Counter)  # by topic
    control: Counter[str] = msgspec.field(default_factory=Counter)  # header, ack, pong, send, end, …
    skipped: Counter[str] = msgspec.field(default_factory=Counter)  # by reason

    @property
    def frame_count(self) -> int:
        return self.frames.total()

    @property
    def total(self) -> int:
        return self.frames.total() + self.control.total() + self.skipped.total()


def open_recording(path: str | Path, *, allow_unfinished: bool = False) -> Recording:
    """Open a recording of any known layout and check it to its last line.

    Parameters
    ----------
    path
        A file, gzip or plain.
    allow_unfinished
        Take a recording of ours that has no end line: it was cut off, or is still being written.

    Raises
    ------
    RecordingError
        The file is unreadable, damaged, cut off, or no recording.
    """
    return Recording(Path(path), allow_unfinished=allow_unfinished)


class Recording:
    """A checked file of recorded frames; iterating reads it anew, line by line.

    Attributes
    ----------
    header
        Its own header; for imported layouts one that is made from the frames.
    layout
        "synthtest", "capture" or "frames".
    is_finished
        Whether the end line is there and its checksum holds (imported layouts have none to check).
    census
        Where every line went.
    first_ns, last_ns
        Receive times of the first and the last frame, epoch ns; 0 without frames.
    """

    header: RecordingHeader

    def __init__(self, path: Path, *, allow_unfinished: bool = False) -> None:
        self.path = path
        self.is_finished = True
        self.first_ns = 0
        self.last_ns = 0
        self._allow_unfinished = allow_unfinished
        self.layout: Layout = self._read_first_line()
        self.census = Census()
        for frame in self._read(self.census):
            self.first_ns = self.first_ns or frame.recv_ns
            self.last_ns = frame.recv_ns
        if self.layout != "synthtest":
            self.header = self._describe_import()

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that has frames, in order of appearance."""
        return tuple(self.census.frames)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol that has frames, in order of appearance."""
        return tuple(dict.fromkeys(topic.rpartition(".")[2] for topic in self.census.frames))

    def __iter__(self) -> Iterator[RecordedFrame]:
        return self._read(Census())

    def _read_first_line(self) -> Layout:
        with _opened(self.path) as lines:
            first = next(self._whole(lines), b"")
        known = _decode(_FirstLine, first)
        if known is None:  # anybody's file, perhaps one with secrets: it isn't quoted
            what = "no JSON object" if first.strip() else "empty"
            raise RecordingError(
                f"a recording starts with its header, but the first line of {self.path} is {what};"
                " give a file that `synthtest record` wrote, or a Bybit capture"
            )
        if known.synthtest_recording is not None:
            self.header = self._read_header(first)
            return "synthtest"
        if known.t is not None:
            return "capture"
        if known.topic is not None or known.op is not None:
            return "frames"
        raise RecordingError(
            f"a recording starts with its header, but the first line of {self.path} has none of the keys"
            " synthtest_recording, t, topic, op; give a file that `synthtest record` wrote"
        )

    def _read_header(self, line: bytes) -> RecordingHeader:
        header = _decode(RecordingHeader, line)
        if header is None:
            raise RecordingError(
                f"the header (line 1) of {self.path} lacks a field or has a wrong one: {_shown(line)}"
            )
        if header.synthtest_recording != VERSION:
            raise RecordingError(
                f"recordings of format {VERSION} can be read, {self.path} has format"
                f" {header.synthtest_recording}; use the synthtest that wrote it"
            )
        return header

    def _describe_import(self) -> RecordingHeader:
        return RecordingHeader(
            created="", environment="mainnet", symbols=self.symbols, source=f"{self.layout} {self.path.name}"
        )

    def _read(self, census: Census) -> Iterator[RecordedFrame]:
        with _opened(self.path) as lines:
            match self.layout:
                case "synthtest":
                    yield from self._read_own(lines, census)
                case "capture":
                    yield from self._read_capture(lines, census)
                case "frames":
                    yield from self._read_frames(lines, census)

    # Our own layout

    def _read_own(self, lines: Iterator[bytes], census: Census) -> Iterator[RecordedFrame]:
        digest = hashlib.sha256(next(lines))
        census.control["header"] += 1
        recv_ns, number = 0, 1
        try:
            for number, line in enumerate(lines, start=2):
                event = _decode(_EventLine, line)
                if event is None:
                    if not self._read_end(line, number, digest.hexdigest(), census, lines):
                        self._accept_unfinished(number, "its last line is cut off")
                        census.skipped["cut off"] += 1
                    return
                digest.update(line)
                recv_ns = max(recv_ns, event.recv_ns)
                frame = _classify(recv_ns, event.conn, event.text, census)
                if frame is not None:
                    yield frame
        except EOFError:
            # A killed writer leaves an open gzip stream: all whole lines before are good.
            self._accept_unfinished(number, "its compressed data is cut off")
            return
        self._accept_unfinished(number, "it has no end line")

    def _read_end(
        self, line: bytes, number: int, sha256: str, census: Census, lines: Iterator[bytes]
    ) -> bool:
        """Check the end line; False where this is the torn last line of an unfinished file."""
        end = _decode(_EndLine, line)
        if end is None:
            if line.endswith(b"\n"):
                raise RecordingError(
                    f"line {number} of {self.path} is neither an event nor the end: {_shown(line)}"
                )
            return False
        if (end.end, end.sha256) != (number - 2, sha256):
            raise RecordingError(
                f"the checksum of {self.path} doesn't hold: {number - 2} events with SHA-256 {sha256[:12]}…,"
                f" its end line says {end.end} with {end.sha256[:12]}…; the file was changed or damaged"
            )
        if next(lines, None) is not None:
            raise RecordingError(
                f"the end line must be last, {self.path} goes on after it: line {number + 1}"
            )
        census.control["end"] += 1
        return True

    def _accept_unfinished(self, line_number: int, why: str) -> None:
        self.is_finished = False
        if not self._allow_unfinished:
            raise RecordingError(
                f"a finished recording ends with its checksum, {self.path} is cut off or still being written:"
                f" {why} (line {line_number}); record again (from Python: allow_unfinished=True)"
            )

    # Imported layouts

    def _read_capture(self, lines: Iterator[bytes], census: Census) -> Iterator[RecordedFrame]:
        """Lines of {"t", "conn", "ts" (receive, s), "data"}; only linear connections carry our market."""
        category_of: dict[str, str] = {}
        recv_ns = 0
        for number, line in enumerate(self._whole(lines), start=1):
            entry = _decode(_CaptureLine, line)
            if entry is None:
                raise self._bad_line(number, line)
            if entry.t == "connect":
                category_of[entry.conn] = entry.addr.rstrip("/").rpartition("/")[2]
            if entry.t != "recv":
                census.control[entry.t] += 1
                continue
            category = category_of.get(entry.conn, "unknown")
            if category != "linear":
                census.skipped[f"{category} connection"] += 1
                continue
            recv_ns = max(recv_ns, round(entry.ts * 1e9))
            frame = _classify(recv_ns, entry.conn, entry.data.encode(), census)
            if frame is not None:
                yield frame

    def _read_frames(self, lines: Iterator[bytes], census: Census) -> Iterator[RecordedFrame]:
        """One frame a line, without receive times: the venue's `ts` stands in for them."""
        recv_ns = 0
        for number, line in enumerate(self._whole(lines), start=1):
            text = line.strip()
            if not text:
                census.skipped["empty line"] += 1
                continue
            known = _decode(_Envelope, text)
            if known is None:
                raise self._bad_line(number, line)
            recv_ns = max(recv_ns, known.ts * 1_000_000)
            frame = _classify(recv_ns, "file", text, census)
            if frame is not None:
                yield frame

    def _whole(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        number = 0
        try:
            for number, line in enumerate(lines, start=1):  # noqa: B007
                yield line
        except EOFError as error:
            raise RecordingError(f"{self.path} is cut off after line {number}; fetch it again") from error

    def _bad_line(self, number: int, line: bytes) -> RecordingError:
        layout = "a capture entry" if self.layout == "capture" else "a frame"
        return RecordingError(f"line {number} of {self.path} is not {layout}: {_shown(line)}")


class RecordingWriter:
    """Write a recording, frame by frame; `close` adds the end line that makes it finished.

    At most 64 KiB wait in memory, and what is older than a second of receive time is handed to the
    system with the next frame, so that a killed writer leaves a file that can be read as unfinished.

    Parameters
    ----------
    path
        A new file; gzip where it ends in ".gz". A file that exists is never overwritten.
    header
        What the recording says about itself.
    """

    def __init__(self, path: str | Path, header: RecordingHeader) -> None:
        self.path = Path(path)
        self.events = 0
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._flushed_ns = 0
        self._is_closed = False
        self._raw, self._file = self._create()
        self._add(_encode(header) + b"\n")
        self.flush()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, recv_ns: int, connection: str, text: bytes | str) -> None:
        """Add one received frame.

        Parameters
        ----------
        recv_ns
            Receive time, epoch ns.
        connection
            A name that is the same for all frames of one connection.
        text
            The exact frame, whatever it is.
        """
        self._add(_encode(_event_line(recv_ns, connection, text)) + b"\n")
        self.events += 1
        if recv_ns - self._flushed_ns >= FLUSH_EVERY_NS:
            self._flushed_ns = recv_ns
            self.flush()
        elif len(self._pending) >= BUFFER_BYTES:
            self._write_pending()

    def flush(self) -> None:
        """Hand everything to the system: a reader sees it, and a kill can't lose it."""
        self._write_pending()
        with self._named_errors():
            self._file.flush()
            self._raw.flush()

    def close(self) -> None:
        """Write the end line and close the file. A second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        end = _EndLine(end=self.events, sha256=self._digest.hexdigest())
        self._pending += _encode(end) + b"\n"
        try:
            self._write_pending()
            with self._named_errors():
                self._file.close()
        finally:
            with self._named_errors():
                self._raw.close()

    def _create(self) -> tuple[IO[bytes], IO[bytes]]:
        try:
            raw = self.path.open("xb")
        except FileExistsError as error:
            raise RecordingError(
                f"a recording never overwrites a file, {self.path} exists; give another name"
            ) from error
        except OSError as error:
            raise RecordingError(f"can't write the recording {self.path}: {error.strerror}") from error
        if self.path.suffix != ".gz":
            return raw, raw
        # No name and no time inside: the same frames give the same bytes.
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0)
        return raw, cast(IO[bytes], packed)

    def _add(self, line: bytes) -> None:
        self._digest.update(line)
        self._pending += line

    def _write_pending(self) -> None:
        with self._named_errors():
            self._file.write(self._pending)
        self._pending.clear()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RecordingError(f"can't write the recording {self.path}: {error.strerror}") from error


class _FirstLine(Struct):
    synthtest_recording: int | None = None
    t: str | None = None
    topic: str | None = None
    op: str | None = None


class _EventLine(Struct, omit_defaults=True):
    recv_ns: int
    conn: str
    frame: str | None = None
    base64: bytes | None = None  # instead of `frame` where it isn't UTF-8

    @property
    def text(self) -> bytes:
        return self.frame.encode() if self.frame is not None else self.base64 or b""


class _EndLine(Struct):
    end: int  # number of events
    sha256: str  # of the header line and all event lines, newlines included


class _CaptureLine(Struct):
    t: Literal["header", "connect", "send", "recv"]
    conn: str = ""
    ts: float = 0.0  # epoch s
    addr: str = ""
    data: str = ""


class _Envelope(Struct):
    topic: str = ""
    op: str = ""
    ret_msg: str = ""
    ts: int = 0  # epoch ms


_encode = msgspec.json.Encoder().encode
Shape = TypeVar("Shape", bound=Struct)
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def _decode(shape: type[Shape], line: bytes) -> Shape | None:
    decoder = _decoders.get(shape)
    if decoder is None:
        decoder = _decoders[shape] = msgspec.json.Decoder(shape)
    try:
        return cast("Shape", decoder.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _event_line(recv_ns: int, connection: str, text: bytes | str) -> _EventLine:
    if isinstance(text, str):
        return _EventLine(recv_ns, connection, text)
    try:
        return _EventLine(recv_ns, connection, text.decode())
    except UnicodeDecodeError:
        return _EventLine(recv_ns, connection, base64=text)


def _classify(recv_ns: int, connection: str, text: bytes, census: Census) -> RecordedFrame | None:
    """Count one received frame under its kind; market data is returned."""
    known = _decode(_Envelope, text)
    if known is None:
        census.skipped["malformed frame"] += 1
        return None
    if known.topic:
        census.frames[known.topic] += 1
        return RecordedFrame(recv_ns, connection, known.topic, text)
    if known.op:
        census.control["pong" if known.ret_msg == "pong" or known.op == "pong" else "ack"] += 1
    else:
        census.skipped["no topic"] += 1
    return None


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file, unpacked where it starts with gzip's magic bytes."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(2)
            raw.seek(0)
            file = gzip.GzipFile(fileobj=raw) if magic == GZIP_MAGIC else raw
            yield _lines(cast(IO[bytes], file), path)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise RecordingError(f"{path} is damaged: {error}; fetch it again") from error
    except OSError as error:
        raise RecordingError(f"can't read the recording {path}: {error.strerror or error}") from error


def _lines(file: IO[bytes], path: Path) -> Iterator[bytes]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES):
        number += 1
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise RecordingError(
                f"a line of a recording has at most {MAX_LINE_BYTES} bytes, line {number} of {path} has more;"
                " give a file that `synthtest record` wrote"
            )
        yield line


def _shown(line: bytes) -> str:
    """The start of a line, printable."""
    text = line[:60].decode("ascii", "backslashreplace").strip()
    return ascii(text + ("…" if len(line) > 60 else "")) if text else "empty"
