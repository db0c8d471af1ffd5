from typing import final

from picows import WSTransport

from synthcore._core.lane import Wire

@final
class SocketWire(Wire):
    def open(self, connection: WSTransport) -> None: ...
    def shut(self) -> None: ...
