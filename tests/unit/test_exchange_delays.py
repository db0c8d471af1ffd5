"""Delays: what is drawn, and what lags in order queries."""

import random

import pytest
from exchange_world import World

from synthcore.exchange.delays import PRESETS, Delay, DelayPlan, Delays
from synthcore.exchange.visibility import KEPT_WAITING, Visibility

KINDS = DelayPlan.__struct_fields__


def drawn_s(delays, kind, count=200):
    return [getattr(delays, f"{kind}_s")() for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_delays_and_another_seed_others(kind):
    first, again, other = (drawn_s(Delays(seed, "realistic"), kind) for seed in (1, 1, 2))

    assert first == again
    assert first != other


@pytest.mark.parametrize("kind", KINDS)
def test_drawing_of_one_kind_leaves_the_others_alone(kind):
    alone, beside = Delays(1, "realistic"), Delays(1, "realistic")

    for other in set(KINDS) - {kind}:
        drawn_s(beside, other)

    assert drawn_s(alone, kind) == drawn_s(beside, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_instant_waits_for_nothing(kind):
    assert set(drawn_s(Delays(1), kind)) == {0.0}


def test_a_delay_has_its_floor_its_median_and_its_bound():
    delay = Delay(floor_ms=3, median_ms=4, sigma=0.8, highest_ms=20)
    source = random.Random(5)

    drawn = sorted(delay.draw_ms(source) for _ in range(4001))

    assert drawn[0] > 3
    assert drawn[2000] == pytest.approx(7, rel=0.05)
    assert drawn[-1] == 20


def test_private_frames_of_the_realistic_preset_cover_what_was_measured():
    """Six live captures: 4, 5, 8, 8, 11 and 19 ms after the fill."""
    drawn = sorted(1000 * delay_s for delay_s in drawn_s(Delays(1, "realistic"), "private", 4001))

    assert 5 < drawn[2000] < 9
    assert drawn[int(0.05 * 4000)] < 5
    assert drawn[int(0.95 * 4000)] == pytest.approx(19, abs=3)


def test_a_plan_of_ones_own_has_no_name_unless_it_is_a_presets():
    delays = Delays(1)

    delays.set(DelayPlan(reply=Delay(floor_ms=5)))
    own = delays.preset
    delays.set(PRESETS["lan"])

    assert (own, delays.preset) == (None, "lan")


# Visibility


class Lag:
    """A visibility whose lag and clock are in the test's hand."""

    def __init__(self):
        self.lag_s, self.now_s = 1.0, 0.0
        self.visibility = Visibility(lambda: self.lag_s, lambda: self.lag_s > 0, lambda: self.now_s)


@pytest.fixture
def lag():
    return Lag()


@pytest.fixture
def world():
    return World()


def view(lag, world):
    return lag.visibility.of(world.exchange.log(world.account))


def test_a_new_order_is_not_there_before_its_lag_is_over(lag, world):
    order = world.order("Buy", "0.01", "59000", order_link_id="mine")
    lag.visibility.note(order)

    early = view(lag, world).find(None, "mine"), list(view(lag, world).open_orders())
    lag.now_s = 1.0
    late = view(lag, world).find(None, "mine"), list(view(lag, world).open_orders())

    assert early == (None, [])
    assert [late[0].order_id, *(each.order_id for each in late[1])] == [order.order_id] * 2


def test_a_cancelled_order_looks_open_until_its_lag_is_over(lag, world):
    order = world.order("Buy", "0.01", "59000")
    lag.visibility.note(order)
    lag.now_s = 5.0
    assert view(lag, world).find(order.order_id, None).status == "New"
    world.cancel(order)
    lag.visibility.note(order)

    early = view(lag, world)
    looks_open = [each.status for each in early.open_orders()], list(early.closed_orders())
    lag.now_s = 6.0
    late = view(lag, world)

    assert looks_open == (["New"], [])
    assert (list(late.open_orders()), [each.status for each in late.closed_orders()]) == ([], ["Cancelled"])


def test_states_are_seen_in_their_order_whatever_is_drawn(lag, world):
    order = world.order("Buy", "0.01", "59000")
    lag.lag_s = 5.0
    lag.visibility.note(order)
    world.cancel(order)
    lag.lag_s = 0.5
    lag.visibility.note(order)

    lag.now_s = 1.0
    hidden = view(lag, world).find(order.order_id, None)
    lag.now_s = 5.0
    seen = view(lag, world).find(order.order_id, None)

    assert hidden is None
    assert seen.status == "Cancelled"


def test_an_order_from_before_the_lag_never_vanishes(lag, world):
    order = world.order("Buy", "0.01", "59000")
    world.cancel(order)

    lag.visibility.note(order)

    assert view(lag, world).find(order.order_id, None).status == "Cancelled"


def test_a_hidden_order_shows_after_its_time_without_any_lag(lag, world):
    lag.lag_s = 0.0
    order = world.order("Buy", "0.01", "59000")
    lag.visibility.hide(order, for_s=2.0)
    lag.visibility.note(order)

    early = view(lag, world).find(order.order_id, None)
    lag.now_s = 2.0
    late = view(lag, world).find(order.order_id, None)

    assert (early, late.order_id) == (None, order.order_id)


def test_nothing_is_kept_of_orders_that_are_over_and_seen(lag, world):
    for _ in range(KEPT_WAITING + 50):
        order = world.order("Buy", "0.01", "59000")
        lag.visibility.note(order)
        world.cancel(order)
        lag.visibility.note(order)
        lag.now_s += 2.0
    lag.lag_s = 0.0
    lag.visibility._tidy()

    assert not lag.visibility.is_used
