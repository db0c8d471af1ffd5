"""What a session of the exchange writes to where there is no socket."""

from __future__ import annotations

from collections.abc import Callable

from picows import WSCloseCode, WSMsgType

from synthcore.exchange.in_process.inputs import FrameCame
from synthcore.exchange.in_process.output import Kind
from synthcore.exchange.wire import messages

Emit = Callable[[Kind, bytes, int], None]

HOST = "127.0.0.1"  # where all clients are


class InProcessTransport:
    """Stands for picows' transport, as far as sessions use it.

    Parameters
    ----------
    emit
        Takes what is written.
    ended
        Called once, when the exchange has cut the connection.
    """

    def __init__(self, emit: Emit, ended: Callable[[], None]) -> None:
        self._emit = emit
        self._ended = ended
        self.is_open = True
        self.is_read = True

    def send(self, msg_type: WSMsgType, message: bytes) -> None:
        if self.is_open:
            self._emit("frame", message, 0)

    def send_close(self, close_code: WSCloseCode | int, close_message: bytes = b"") -> None:
        if self.is_open:
            code = close_code.value if isinstance(close_code, WSCloseCode) else close_code
            self._emit("goodbye", close_message or b"", int(code))

    def disconnect(self, graceful: bool = True) -> None:
        if self.is_open:
            self.is_open = False
            self._emit("ended" if graceful else "cut", b"", 0)
            self._ended()

    @property
    def underlying_transport(self) -> InProcessTransport:
        return self

    def write(self, data: bytes) -> None:
        """Messages that share one write, each with its header."""
        for message in messages(data):
            self.send(WSMsgType.TEXT, message)

    def get_extra_info(self, name: str) -> tuple[str, int] | None:
        return (HOST, 0) if name == "peername" else None

    def pause_reading(self) -> None:
        self.is_read = False
        self._emit("silent", b"", 0)


class TextFrame:
    """A whole text message, as a client's listener takes it from picows."""

    msg_type = WSMsgType.TEXT
    fin = True

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_payload_as_bytes(self) -> bytes:
        return self._content


class InProcessFrame:
    """Stands for picows' frame, as far as sessions use it."""

    last_in_buffer = True

    def __init__(self, came: FrameCame) -> None:
        self.msg_type = WSMsgType(came.opcode)
        self.fin = came.is_last
        self._content = came.content.encode("latin-1")

    def get_payload_as_bytes(self) -> bytes:
        return self._content

    def get_close_code(self) -> int:
        return int.from_bytes(self._content[:2]) if len(self._content) >= 2 else 0
