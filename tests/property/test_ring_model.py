"""The ring against its model, a deque with a maximal length."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from synthcore._core.ring import Ring

CAPACITIES = st.sampled_from([1, 2, 4, 8, 64])
STEPS = st.lists(st.one_of(st.integers(1, 150), st.integers(-20, -1)), max_size=40)  # > 0: pushes, < 0: pops

QUOTES = st.tuples(
    st.integers(-(2**15), 2**15 - 1),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
)


@given(CAPACITIES, STEPS)
def test_ring_behaves_as_a_deque_that_counts_what_it_drops(capacity: int, steps: list[int]) -> None:
    ring, model = Ring(capacity), deque[int](maxlen=capacity)
    pushed = popped = 0

    for step in steps:
        for _ in range(step):
            ring.push(1, 1.0, 2.0, 3.0, 4.0, pushed, 0)
            model.append(pushed)
            pushed += 1
        for _ in range(-step):
            expected = model.popleft() if model else None
            item = ring.pop()
            popped += item is not None
            assert (None if item is None else item[5]) == expected

        assert ring.counts() == (pushed, popped, pushed - popped - len(model), len(model))


@given(QUOTES)
def test_every_field_comes_out_as_it_went_in(quote: tuple[int, float, float, float, float, int, int]) -> None:
    ring = Ring(2)

    ring.push(*quote)

    assert ring.pop() == quote
