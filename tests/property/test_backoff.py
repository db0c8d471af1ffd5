"""The back-off, for every history of links and every random number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synthcore.backoff import Backoff

UPTIMES = st.lists(st.floats(0, 200), min_size=1, max_size=30)
UNIFORM = st.floats(0, 1, exclude_max=True)


@given(uptimes=UPTIMES, uniform=UNIFORM)
def test_each_wait_lies_between_half_of_its_step_and_the_step(uptimes: list[float], uniform: float) -> None:
    backoff = Backoff(uniform=lambda: uniform)

    waits = [backoff.delay_s(up_s) for up_s in uptimes]

    failures = 0
    for up_s, wait in zip(uptimes, waits, strict=True):
        failures = 0 if up_s >= 60 else failures
        step = min(1.0 * 2**failures, 30.0)
        assert step / 2 <= wait <= step
        failures += 1


@given(up_s=st.floats(60, 1e9), failures=st.integers(0, 50))
def test_a_stable_minute_starts_from_one_second_again(up_s: float, failures: int) -> None:
    backoff = Backoff(uniform=lambda: 0.999_999)
    for _ in range(failures):
        backoff.delay_s()

    wait = backoff.delay_s(up_s)

    assert wait <= 1.0


@given(uniform=UNIFORM)
def test_the_wait_never_passes_thirty_seconds_however_often_it_fails(uniform: float) -> None:
    backoff = Backoff(uniform=lambda: uniform)

    waits = [backoff.delay_s() for _ in range(2000)]

    assert max(waits) <= 30.0
    assert min(waits[10:]) >= 15.0
