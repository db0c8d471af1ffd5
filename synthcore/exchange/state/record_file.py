"""A file of records that only grows: each is there whole or not at all, whenever the process dies.

A record is its length, the checksum of its bytes, the checksum of these two, its bytes, and a last byte
that is never zero. The file is longer than what is written, filled with zeros: the disk has given the room
before anything is promised, so that a write can't find it full. What lies behind the last whole record is
zeros, or the beginning of one that was being written when the process died; anything else is damage.

A record is the operating system's when `append` returns: it outlives the process, not a power cut.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

from synthcore.errors import ConfigError

START = struct.Struct("<II")  # length, checksum of the bytes
CHECK = struct.Struct("<I")  # checksum of the start
HEAD = struct.Struct("<III")  # both
END = b"\xff"
MAX_RECORD_BYTES = 2**31

RESERVED_BYTES = 1 << 20  # asked for before a request is taken: more than any request writes
STEP_BYTES = 4 << 20  # by which the file grows

OWNER_ONLY = 0o600


def framed(payload: bytes) -> bytes:
    head = START.pack(len(payload), crc32(payload))
    return b"".join((head, CHECK.pack(crc32(head)), payload, END))


class RecordFile:
    """One open file; its process is the only one that writes it."""

    def __init__(self, path: Path, descriptor: int, end: int, size: int) -> None:
        self.path = path
        self.end = end  # where the next record goes
        self._descriptor = descriptor
        self._size = size  # the disk has given so much

    @classmethod
    def create(cls, path: Path, payloads: Iterable[bytes]) -> RecordFile:
        """Write a whole new file, and put it in the place of the one that may be there.

        Raises
        ------
        OSError
            There is no room for it, or no right; what was there is still there.
        """
        new = path.with_name(f"{path.name}.new")
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OWNER_ONLY)
        file = cls(new, descriptor, 0, 0)
        try:
            os.fchmod(descriptor, OWNER_ONLY)
            for payload in payloads:
                file.append(payload)
            file._allocate(file.end + RESERVED_BYTES)
            new.rename(path)
        except BaseException:
            file.close()
            new.unlink(missing_ok=True)
            raise
        file.path = path
        return file

    @classmethod
    def open(cls, path: Path) -> tuple[RecordFile, list[bytes]]:
        """Open a file and read its records; one that was being written is dropped.

        Raises
        ------
        ConfigError
            The file is damaged.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            with open(descriptor, "rb", closefd=False) as stream:
                payloads, end = read_records(stream.read(), path)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, end, end), payloads

    def has_room(self) -> bool:
        """Whether the disk has given enough for whatever one request may write; asks for more if not."""
        try:
            self._allocate(self.end + RESERVED_BYTES)
        except OSError:
            return False
        return True

    def append(self, payload: bytes) -> None:
        """Write one record.

        Raises
        ------
        OSError
            The disk is full or broken. What was written before is whole.
        """
        record = framed(payload)
        self._allocate(self.end + len(record))
        written = os.pwrite(self._descriptor, record, self.end)
        while written < len(record):  # a write may be cut short
            written += os.pwrite(self._descriptor, record[written:], self.end + written)
        self.end += len(record)

    def close(self) -> None:
        os.close(self._descriptor)

    def _allocate(self, wanted: int) -> None:
        """Have the disk give room up to `wanted` bytes: with a step beyond where it has that much."""
        if wanted <= self._size:
            return
        os.ftruncate(self._descriptor, self._size)  # what lies behind is a record that was cut, or nothing
        for size in (wanted + STEP_BYTES, wanted):
            try:
                os.posix_fallocate(self._descriptor, self._size, size - self._size)
            except OSError:
                if size == wanted:
                    raise
            else:
                self._size = size
                return


def read_records(data: bytes, path: Path) -> tuple[list[bytes], int]:
    """The whole records of a file, and where they end.

    Raises
    ------
    ConfigError
        Something before the end isn't as it was written.
    """
    used = len(data.rstrip(b"\0"))
    payloads: list[bytes] = []
    at = 0
    while at < used:
        body = at + HEAD.size
        if body > len(data):
            break
        length, check, head_check = HEAD.unpack_from(data, at)
        if crc32(data[at : at + START.size]) != head_check:
            if used <= body:
                break  # it was cut in its head
            raise damaged(path, at)
        end = body + length + 1
        if end > used:
            break  # it was cut: its last byte is missing
        payload = data[body : end - 1]
        if data[end - 1 : end] != END or crc32(payload) != check:
            raise damaged(path, at)
        payloads.append(payload)
        at = end
    return payloads, at


def damaged(path: Path, at: int) -> ConfigError:
    return ConfigError(
        f"the exchange's state must be as it was written, but {path} is damaged at byte {at};"
        " put back a copy of it, or start with another folder (setting state)"
    )
