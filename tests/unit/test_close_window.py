"""Which window a close goes through, and when nothing may begin."""

from synthcore.risk.budget import RateBudget

MS = 1_000_000
NOW = 10_000 * MS
RESET = NOW + 700 * MS


def test_a_close_takes_the_window_of_single_orders_while_it_has_room():
    budget = RateBudget({"create": 2, "create_batch": 2})
    budget.take("create", NOW)

    assert budget.close_group(NOW) == "create"


def test_a_close_goes_by_the_batch_where_others_used_the_window_up():
    budget = RateBudget({"create": 10, "create_batch": 10})

    budget.learn("create", limit=10, remaining=0, now_ns=NOW)

    assert budget.close_group(NOW) == "create_batch"


def test_a_close_goes_by_the_batch_until_the_refused_window_opens():
    budget = RateBudget({"create": 10, "create_batch": 10})

    budget.shut("create", RESET)

    assert budget.close_group(RESET - 1) == "create_batch"
    assert budget.close_group(RESET) == "create"


def test_a_close_waits_for_single_orders_where_both_windows_are_exhausted():
    budget = RateBudget({"create": 10, "create_batch": 1})
    budget.shut("create", RESET)
    budget.take("create_batch", NOW)

    group = budget.close_group(NOW)

    assert (group, budget.wait_ns(group, NOW)) == ("create", 700 * MS)


def test_an_address_that_is_shut_out_begins_nothing_and_closes_without_a_wait():
    budget = RateBudget({})

    budget.shut_entries(RESET)

    assert not budget.allows_entry(RESET - 1, open_legs=0)
    assert budget.allows_entry(RESET, open_legs=0)
    assert budget.wait_ns(budget.close_group(NOW), NOW) == 0


def test_room_comes_when_the_oldest_request_leaves_the_window_or_the_exchange_says():
    budget = RateBudget({"create": 2}, window_ns=1000)
    assert budget.relief_ns("create", 0) == 0
    budget.take("create", 100)
    budget.take("create", 500)

    assert budget.relief_ns("create", 600) == 500
    budget.shut("create", 2000)
    assert budget.relief_ns("create", 600) == 1400
    assert budget.relief_ns("create", 5000) == 0
