"""Whose a position is, by the account's fills: what each trade of ours holds of it; the rest is others'."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from synthcore.execution.intent import ZERO
from synthcore.execution.trade import LEGS, LONG, SHORT
from synthcore.model import Fill

# Run, trade, leg, attempt, as `TradeDriver` and `Desk` name their orders.
OURS = re.compile(r"st[0-9a-z]{8,10}-[0-9A-Za-z]+-(?P<leg>[LS])-(?P<kind>[ex])\d+")
OTHERS = ""  # the owner of what no trade of ours did

Sizes = tuple[Decimal, Decimal]
Shares = tuple[dict[str, Decimal], dict[str, Decimal]]  # of the long and the short side, by trade


def is_ours(link_id: str) -> bool:
    """Whether an order was made by this program: nobody else's is ever touched."""
    return OURS.fullmatch(link_id) is not None


def trade_of(link_id: str) -> str:
    """The key of the trade that an order of ours belongs to."""
    return link_id.rsplit("-", 2)[0]


def shares_of(newest_first: Iterable[Fill], sizes: Sizes) -> Shares:
    """What each trade of ours still holds.

    A close takes from what its own trade opened. What others close is theirs as far as they hold something,
    and else ours: somebody closed our leg. So what others open after that is not taken for ours.

    Parameters
    ----------
    newest_first
        Everybody's fills on one symbol in hedge mode; the list may begin in the middle of a trade.
    sizes
        What the account holds of it now: what the fills don't explain was there before the first of them.
    """
    oldest_first = list(newest_first)[::-1]
    long, short = (
        shares_of_side([fill for fill in oldest_first if side_of(fill) == leg], sizes[leg]) for leg in LEGS
    )
    return long, short


def shares_of_side(oldest_first: Sequence[Fill], size: Decimal) -> dict[str, Decimal]:
    before = size - sum((-fill.qty if is_close(fill) else fill.qty for fill in oldest_first), ZERO)
    side = Side(max(ZERO, before))
    for fill in oldest_first:
        owner = trade_of(fill.link_id) if is_ours(fill.link_id) else OTHERS
        if is_close(fill):
            side.close(owner, fill.qty)
        else:
            side.open(owner, fill.qty)
    return side.ours()


class Side:
    """The holders of one side of a symbol, who came first first."""

    def __init__(self, before: Decimal) -> None:
        self._before = before  # whose it is, is not known
        self._held: dict[str, Decimal] = {OTHERS: ZERO}

    def ours(self) -> dict[str, Decimal]:
        return {owner: held for owner, held in self._held.items() if owner != OTHERS and held > ZERO}

    def open(self, owner: str, qty: Decimal) -> None:
        self._held[owner] = self._held.get(owner, ZERO) + qty

    def close(self, owner: str, qty: Decimal) -> None:
        if owner == OTHERS:
            self._take_from_ours(self._take_from_before(self._take(OTHERS, qty)))
        elif is_nameless(owner):  # it closes what other trades opened
            self._take_from_before(self._take_from_ours(qty))
        else:  # equal times are in no order, so that it may come before what it closes
            held = self._held.get(owner, ZERO)
            self._held[owner] = held - qty
            self._take_from_before(max(ZERO, qty - max(ZERO, held)))

    def _take(self, owner: str, qty: Decimal) -> Decimal:
        """Take so much from a holder; gives what he does not have."""
        taken = max(ZERO, min(self._held[owner], qty))
        self._held[owner] -= taken
        return qty - taken

    def _take_from_before(self, qty: Decimal) -> Decimal:
        taken = min(self._before, qty)
        self._before -= taken
        return qty - taken

    def _take_from_ours(self, qty: Decimal) -> Decimal:
        for owner in self.ours():
            qty = self._take(owner, qty)
        return qty


def side_of(fill: Fill) -> int:
    """The side of hedge mode that a fill changes: a sale opens the short one, or closes the long one."""
    opens_long = fill.side == "Buy"
    return LONG if opens_long is not is_close(fill) else SHORT


def is_close(fill: Fill) -> bool:
    named = OURS.fullmatch(fill.link_id)
    return fill.closed_qty > ZERO if named is None else named["kind"] == "x"


def is_nameless(trade: str) -> bool:
    """Whether a recovery or the end of a run made it, of what other trades had opened."""
    return trade.rpartition("-")[2].startswith("0")
