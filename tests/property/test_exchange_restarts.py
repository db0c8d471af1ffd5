"""An exchange that is killed and started again goes on as one that never stopped."""

from decimal import Decimal
from random import Random

import pytest
from exchange_world import SYMBOL, World
from kept_world import KeptWorld, everything
from test_exchange_invariants import Auditor

from synthcore.exchange.state import record_file
from synthcore.venues.bybit.messages import SetLeverage, SwitchMode

ACTS = 400


class Script:
    """Acts from a seed: small orders at a market that hardly moves, so that most of them rest for a while."""

    def __init__(self, seed, hedge):
        self.random = Random(seed)
        self.hedge = hedge
        self.kinds = {
            self.rest: 30,
            self.show: 25,
            self.take: 8,
            self.print_trade: 8,
            self.amend: 8,
            self.cancel: 6,
            self.wait: 5,
            self.protect: 5,
            self.move_mark: 5,
            self.fund: 2,
            self.set_leverage: 2,
            self.switch_mode: 2,
            self.crash_market: 1,
        }

    def act(self):
        (kind,) = self.random.choices(list(self.kinds), list(self.kinds.values()))
        return kind()

    def rest(self):
        return "place", self.terms(price=self.price()) | self.stops()

    def take(self):
        return "place", self.terms(price=None) | self.stops()

    def wait(self):
        waits_for = {"trigger_price": self.price(), "trigger_direction": self.random.choice([1, 2])}
        by = self.random.choice(["LastPrice", "MarkPrice"])
        return "place", self.terms(price=None) | waits_for | {"trigger_by": by}

    def show(self):
        middle = self.random.choice([-1, 0, 0, 0, 0, 1])
        return "book", middle, *([self.random.randint(1, 30) for _ in range(3)] for _ in range(2))

    def print_trade(self):
        return "trade", self.side(), self.price(1), self.qty()

    def amend(self):
        qty, price = self.random.choice(
            [(self.qty(), None), (None, self.price()), (self.qty(), self.price())]
        )
        return "amend", self.account(), self.random.randint(0, 9), qty, price

    def cancel(self):
        return "cancel", self.account(), self.random.randint(0, 9)

    def protect(self):
        stops = {"take_profit": "60900", "stop_loss": "59100"}
        if self.random.random() < 0.3:
            stops = {"take_profit": "59100", "stop_loss": "60900"}
        sizes = {"tp_size": "0.001", "sl_size": "0.001", "tpsl_mode": self.random.choice(["Full", "Partial"])}
        trail = {"trailing_stop": self.random.choice([None, "0.5", "30"]), "active_price": None}
        return "protect", self.account(), self.random.choice([1, 2]), stops | sizes | trail

    def move_mark(self):
        return "mark", self.random.randint(-40, 40)

    def crash_market(self):
        return "mark", self.random.choice([-20000, 20000])

    def fund(self):
        return "funding", self.random.randint(-(10**6), 10**6)

    def set_leverage(self):
        return "leverage", self.account(), self.random.choice(["5", "20", "100"])

    def switch_mode(self):
        return "mode", self.account(), self.random.choice([0, 3])

    def terms(self, price):
        return {
            "account": self.account(),
            "side": self.side(),
            "qty": self.qty(),
            "price": price,
            "time_in_force": "GTC" if price is not None else "IOC",
            "reduce_only": self.random.random() < 0.1,
            "position_idx": self.random.choice([1, 2]),
            "fits_mode": self.random.random() < 0.95,
            "smp_type": self.random.choice(["None", "None", "CancelMaker", "CancelBoth"]),
        }

    def stops(self):
        if self.random.random() < 0.7:
            return {}
        profit, loss = self.random.choice([("60900", "59100"), ("59100", "60900")])
        mode = self.random.choice(["Full", "Partial"])
        return {"take_profit": profit, "stop_loss": loss, "tpsl_mode": mode}

    def account(self):
        return self.random.randint(0, 1)

    def side(self):
        return self.random.choice(["Buy", "Sell"])

    def qty(self):
        return str(Decimal("0.001") * self.random.randint(1, 20))

    def price(self, width=4):
        return str(Decimal(60000) + Decimal("0.1") * self.random.randint(-width, width))


@pytest.fixture(autouse=True, scope="module")
def small_files():
    """Room in small steps: a file is made for each example, and read whole for each restart."""
    patch = pytest.MonkeyPatch()
    patch.setattr(record_file, "RESERVED_BYTES", 1 << 12)
    patch.setattr(record_file, "STEP_BYTES", 1 << 12)
    yield
    patch.undo()


class Listener(Auditor):
    """Plays acts and notes every message."""

    def __init__(self, world, hedge):
        self.world, self.hedge = world, hedge
        self.positions, self.orders, self.heard = {}, {}, []

    def hear(self, events):
        self.heard += events

    def check(self):
        """The books are audited elsewhere; here two of them are compared."""

    def check_reduced(self, account, terms, before):
        """Elsewhere, too."""

    def play(self, act):
        self.heard = []
        account = self.world.accounts[act[1]] if act[0] in ("leverage", "mode") else None
        exchange = self.world.exchange
        if act[0] == "leverage":
            request = SetLeverage(category="linear", symbol=SYMBOL, buy_leverage=act[2], sell_leverage=act[2])
            self.heard.append(exchange.margins.set_leverage(account, request))
        elif act[0] == "mode":
            request = SwitchMode(category="linear", mode=act[2], symbol=SYMBOL)
            self.heard.append(exchange.switch_mode(account, request))
        else:
            super().play(act)
        return self.heard


@pytest.mark.parametrize(("seed", "hedge"), [(0, False), (1, True), (3, False), (4, True)])
def test_a_restart_changes_nothing(seed, hedge, tmp_path):
    terms = {"hedge": hedge, "deposit": "9000" if seed % 2 else "1000000", "accounts": 2}
    never_stopped = Listener(World(**terms), hedge)
    kept = Listener(KeptWorld(tmp_path / "state", **terms), hedge)
    kept.world.keep()
    script = Script(seed, hedge)

    for _ in range(ACTS):
        act = script.act()
        assert kept.play(act) == never_stopped.play(act)
        kept.world.keep()
        if script.random.random() < 0.2:
            kept.world.kill()
            kept.world.start()
            assert everything(kept.world) == everything(never_stopped.world)


def test_an_order_that_went_to_the_end_of_its_queue_stays_there(tmp_path):
    world = KeptWorld(tmp_path / "state")
    first, second = (world.order("Buy", "0.001", "59000") for _ in range(2))
    world.amend(first, qty="0.002")
    world.keep()

    world.kill()
    world.start()

    queue = world.exchange.books[SYMBOL].resting("Buy").at(590000)
    assert [order.order_id for order in queue] == [second.order_id, first.order_id]
    world.kill()
