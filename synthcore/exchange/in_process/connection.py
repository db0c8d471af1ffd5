"""The client's end of a WebSocket connection that has no socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from synthcore.exchange.in_process.inlet import Inlet
from synthcore.exchange.in_process.inputs import AnyInput, FrameCame, SocketEnded
from synthcore.exchange.in_process.output import Output

OK, NO_GOODBYE = 1000, 1006


class ConnectionEnded(Exception):
    """The connection is gone, and everything that came over it was read."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the connection ended with code {code}")
        self.code = code  # of the closing frame; 1006 without one


class InProcessConnection:
    """The client's end of a WebSocket connection."""

    def __init__(
        self,
        inlet: Inlet,
        loop: asyncio.AbstractEventLoop,
        channel: int,
        on_frame: Callable[[bytes], None] | None,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self.refused: int | None = None
        self.close_code: int | None = None  # once it is over
        self._inlet = inlet
        self._channel = channel
        self._on_frame = on_frame
        self._on_end = on_end
        self._said_goodbye = NO_GOODBYE
        self._loop = loop
        self._frames: deque[bytes] = deque()
        self._news = asyncio.Event()

    def send(self, text: str) -> None:
        """Send one text message; into a connection that is over it vanishes."""
        if self.close_code is None:
            self._do(FrameCame(channel=self._channel, content=text.encode().decode("latin-1")))

    async def receive(self) -> bytes:
        """The next message.

        Raises
        ------
        ConnectionEnded
            There is none any more.
        """
        while not self._frames:
            if self.close_code is not None:
                raise ConnectionEnded(self.close_code)
            self._news.clear()
            await self._news.wait()
        return self._frames.popleft()

    def close(self) -> None:
        """Hang up."""
        if self.close_code is None:
            self.close_code = OK
            self._do(SocketEnded(channel=self._channel))
            self._news.set()

    def take(self, output: Output) -> None:
        """Something came: the reader gets it when the exchange has done its step."""
        match output.kind:
            case "refused":
                self.refused = output.code
            case "goodbye":
                self._said_goodbye = output.code
            case "frame" | "ended" | "cut":
                self._loop.call_soon(self._arrive, output)

    def _do(self, given: AnyInput) -> None:
        """Now, if the loop runs; else as soon as it does."""
        if self._loop.is_running():
            self._inlet.take(given)
        else:
            self._loop.call_soon(self._inlet.take, given)

    def _arrive(self, output: Output) -> None:
        if self.close_code is not None:
            return
        if output.kind != "frame":
            self.close_code = self._said_goodbye
            self._inlet.take(SocketEnded(channel=self._channel))
            if self._on_end is not None:
                self._on_end()
        elif self._on_frame is not None:
            self._on_frame(output.content)
        else:
            self._frames.append(output.content)
        self._news.set()
