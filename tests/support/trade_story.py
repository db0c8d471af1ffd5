"""A trade told as a story: events go in one by one, and what each made it do can be read."""

from decimal import Decimal

from synthcore.execution.events import Filled, Finish, PositionReported, Send
from synthcore.execution.trade import MS, TradeRules, begin, step

RULES = TradeRules(min_qty=Decimal(1))
QTY = Decimal(4)
LONG, SHORT = "r-1-L-e0", "r-1-S-e0"
FLAT = PositionReported((Decimal(0), Decimal(0)))
SERVER_MS = 1_700_000_000_000.0


class Story:
    """A trade, told event by event; `acts` holds what the last event made it do."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.state, self.acts = begin("r-1", "BTCUSDT", QTY, RULES, 0)
        self.count = 0

    def tell(self, event, at_ms=None):
        if at_ms is not None:
            self.now_ns = at_ms * MS
        self.state, self.acts = step(self.state, event, self.now_ns)
        return self

    def fill(self, link_id, qty=QTY, at_ms=None):
        self.count += 1
        return self.tell(Filled(link_id, f"f-{self.count}", Decimal(qty)), at_ms)

    def both_filled(self):
        return self.fill(LONG).fill(SHORT)

    def of(self, kind):
        return [act for act in self.acts if isinstance(act, kind)]

    @property
    def sent(self):
        return [(send.link_id, send.qty, send.pricing) for send in self.of(Send)]

    @property
    def end(self):
        return next((act.end for act in self.of(Finish)), None)
