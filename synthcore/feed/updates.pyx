"""Updates as Python objects, for those who look on: from a ring, from the kernel's store."""

from synthcore._core.kernel cimport Kernel
from synthcore._core.ring cimport Ring, ring_pop
from synthcore._core.symbols cimport SymbolTable
from synthcore._core.update cimport MarketUpdate, update_read

from synthcore import model


def pop_update(Ring ring not None, SymbolTable symbols not None):
    """Take the ring's oldest update; None if there is none. For the ring's one consumer."""
    cdef MarketUpdate update
    return as_object(&update, symbols) if ring_pop(ring.block, &update) else None


def latest_update(Kernel kernel not None, SymbolTable symbols not None, int symbol_id):
    """Copy a symbol's latest update from the kernel's store; None before the first. From any thread."""
    cdef MarketUpdate update
    if not 0 <= symbol_id < <int>kernel.block.symbols:
        return None
    return as_object(&update, symbols) if update_read(&kernel.states[symbol_id].latest, &update) else None


cdef object as_object(const MarketUpdate *update, SymbolTable symbols):
    return model.MarketUpdate(
        symbols.text(update.symbol_id), update.bid_px, update.ask_px, update.bid_qty, update.ask_qty,
        update.exchange_us, update.recv_ns, update.sequence,
    )
