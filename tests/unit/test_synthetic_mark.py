from math import isclose
from statistics import mean, stdev

from synthcore.execution.mark import MarkRules, advance, exit_reason, normal, start_mark

MS = 1_000_000
RULES = MarkRules(half_life_ns=400 * MS, noise_bps=1.0, take_profit_bps=40.0, stop_loss_bps=25.0)
QUIET = MarkRules(half_life_ns=400 * MS, noise_bps=0.0, take_profit_bps=40.0, stop_loss_bps=25.0)


def path(seed: int, times_ms: list[int], rules: MarkRules = RULES) -> list[float]:
    mark = start_mark(seed, 50.0, 60000.0, 0)
    spreads = []
    for time_ms in times_ms:
        mark = advance(mark, rules, time_ms * MS)
        spreads.append(mark.spread_bps)
    return spreads


def test_it_is_a_function_of_the_seed_and_the_times():
    times = [7, 20, 21, 90, 400]

    assert path(5, times) == path(5, times)
    assert path(5, times) != path(6, times)


def test_without_noise_it_halves_in_a_half_life_however_often_it_is_asked():
    assert isclose(path(1, [400], QUIET)[-1], 25.0)
    assert isclose(path(1, list(range(1, 401)), QUIET)[-1], 25.0)


def test_the_noise_has_the_deviation_of_the_process():
    ends = [path(seed, [400])[-1] for seed in range(4000)]

    # sigma² (1 − e^(−2kt)) / 2k with k = ln 2 / 0.4 s, t = 0.4 s
    assert isclose(mean(ends), 25.0, abs_tol=0.03)
    assert isclose(stdev(ends), 0.465, rel_tol=0.04)


def test_normal_numbers_are_normal():
    numbers = [normal(seed, step) for seed in range(100) for step in range(100)]

    assert isclose(mean(numbers), 0.0, abs_tol=0.04)
    assert isclose(stdev(numbers), 1.0, rel_tol=0.03)


def test_profit_is_what_the_spread_lost():
    mark = advance(start_mark(1, 50.0, 60000.0, 0), QUIET, 400 * MS)

    assert isclose(mark.earned_bps(60000.0), 25.0)
    assert exit_reason(mark, QUIET, 60000.0) is None


def test_it_is_left_at_take_profit_and_at_stop_loss():
    start = start_mark(1, 50.0, 60000.0, 0)
    won = advance(start, QUIET, 1000 * MS)
    lost = start_mark(1, 50.0, 60000.0, 0)
    lost = type(lost)(seed=1, spread_bps=75.0, entry_spread_bps=50.0, entry_mid=60000.0, at_ns=0)

    assert exit_reason(won, QUIET, 60000.0) == "take_profit"
    assert exit_reason(lost, QUIET, 60000.0) == "stop_loss"
