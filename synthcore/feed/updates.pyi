from synthcore._core.kernel import Kernel
from synthcore._core.ring import Ring
from synthcore._core.symbols import SymbolTable
from synthcore.model import MarketUpdate

def pop_update(ring: Ring, symbols: SymbolTable) -> MarketUpdate | None: ...
def latest_update(kernel: Kernel, symbols: SymbolTable, symbol_id: int) -> MarketUpdate | None: ...
