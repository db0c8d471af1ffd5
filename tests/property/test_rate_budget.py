"""The reserve holds: a close is always within the exchange's window, whatever the entries did."""

from collections import deque
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from synthcore.risk.budget import RateBudget

MS = 1_000_000
SECOND = 1000 * MS


class Server:
    """A rolling second, as the exchange counts it: requests arrive up to 40 ms after they left."""

    def __init__(self, limit: int, rng: Random) -> None:
        self.limit = limit
        self.rng = rng
        self.seen: deque[int] = deque()
        self.last_ns = 0

    def accepts(self, sent_ns: int) -> bool:
        arrived_ns = max(self.last_ns, sent_ns + self.rng.randrange(40 * MS))
        self.last_ns = arrived_ns
        while self.seen and arrived_ns - self.seen[0] >= SECOND:
            self.seen.popleft()
        if len(self.seen) >= self.limit:
            return False
        self.seen.append(arrived_ns)
        return True


def run(seed: int, limit: int, actions: int) -> int:
    """Open when it is allowed, close at any moment; return how many trades were opened."""
    rng = Random(seed)
    budget = RateBudget({"create": limit})
    server = Server(limit, rng)
    now_ns, open_legs, opened = SECOND, 0, 0
    for _ in range(actions):
        now_ns += rng.randrange(200) * MS
        if rng.random() < 0.5 and budget.allows_entry(now_ns, open_legs):
            orders, open_legs, opened = 2, open_legs + 2, opened + 1
        elif open_legs and rng.random() < 0.3:
            orders = int(budget.allows_retry(now_ns, open_legs))
        else:
            orders = rng.randint(0, open_legs)
            open_legs -= orders
        for _ in range(orders):
            budget.take("create", now_ns)
            assert server.accepts(now_ns), f"refused at {now_ns}, seed {seed}, limit {limit}"
            assert budget.wait_ns("create", now_ns) == 0
    return opened


@given(seed=st.integers(0, 2**32), limit=st.integers(4, 60))
@settings(max_examples=150, deadline=None)
def test_no_order_is_ever_refused_by_the_exchange(seed, limit):
    run(seed, limit, actions=150)


def test_trades_do_begin():
    assert run(seed=1, limit=10, actions=400) > 40


def test_without_the_reserve_a_close_is_refused():
    class Careless(RateBudget):
        def allows_entry(self, now_ns, open_legs, legs=2):
            return super().allows_entry(now_ns, -legs, legs)

    assert closes_are_refused_with(Careless)


def test_without_the_reserve_a_retry_takes_a_close_s_place():
    class Careless(RateBudget):
        def allows_retry(self, now_ns, open_legs):
            return super().allows_retry(now_ns, 0)

    assert closes_are_refused_with(Careless)


def closes_are_refused_with(budget):
    rng_runs = 0
    original = globals()["RateBudget"]
    globals()["RateBudget"] = budget
    try:
        for seed in range(20):
            try:
                run(seed, 10, 150)
            except AssertionError:
                rng_runs += 1
    finally:
        globals()["RateBudget"] = original

    return rng_runs > 0


def test_what_others_use_counts():
    budget = RateBudget({"create": 10})

    budget.learn("create", limit=10, remaining=5, now_ns=SECOND)

    assert not budget.allows_entry(SECOND, open_legs=2)
    assert budget.allows_entry(SECOND, open_legs=0)
    assert budget.allows_entry(SECOND + 1_050 * MS, open_legs=2)


def test_a_higher_tier_is_learned():
    budget = RateBudget({"create": 10})

    budget.learn("create", limit=20, remaining=20, now_ns=SECOND)

    assert budget.allows_entry(SECOND, open_legs=16)


def test_a_refusal_shuts_entries_out_until_its_reset():
    budget = RateBudget({"create": 10})

    budget.shut("create", until_ns=3 * SECOND)

    assert not budget.allows_entry(2 * SECOND, open_legs=0)
    assert budget.wait_ns("create", 2 * SECOND) == SECOND
    assert budget.allows_entry(3 * SECOND, open_legs=0)
