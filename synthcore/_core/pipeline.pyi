from types import TracebackType
from typing import Final, Self, final

from typing_extensions import Buffer

from synthcore._core.affinity import Pinning
from synthcore._core.histogram import LatencyHistogram
from synthcore._core.kernel import Kernel
from synthcore._core.ring import Ring

TOPOLOGIES: Final[tuple[str, ...]]

@final
class Pipeline:
    def __new__(
        cls, kernel: Kernel, ring_capacity: int = 4096, ring_buffer: Buffer | None = None
    ) -> Pipeline: ...
    @property
    def kernel(self) -> Kernel: ...
    @property
    def updates(self) -> Ring: ...
    @property
    def ws_to_queue(self) -> LatencyHistogram: ...
    def push(
        self,
        symbol_id: int,
        bid: float,
        ask: float,
        bid_size: float,
        ask_size: float,
        exchange_us: int,
        recv_ns: int,
    ) -> None: ...
    def start(self, topology: str, core: int | None = None) -> Pinning: ...
    def prove(self, timeout_s: float = 1.0) -> int | None: ...
    def stop(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        *exception: type[BaseException] | BaseException | TracebackType | None,
    ) -> None: ...
    @property
    def topology(self) -> str | None: ...
    @property
    def pinned_core(self) -> int | None: ...
    @property
    def pinning_reason(self) -> str: ...
    @property
    def dropped(self) -> int: ...
    @property
    def cpu_ns(self) -> int: ...
