"""Read backwards, a graph tells its longest run, or a circle in it."""

from array import array

import pytest

from .graph import Endless, longest_run


def edges(*pairs):
    return array("I", [a for a, _ in pairs]), array("I", [b for _, b in pairs])


def test_the_longest_run_is_counted_in_moves():
    assert longest_run(4, *edges((0, 1), (1, 2), (0, 2), (2, 3))) == 3


def test_a_circle_is_named_in_its_order():
    with pytest.raises(Endless) as endless:
        longest_run(5, *edges((0, 1), (1, 2), (2, 3), (3, 1), (2, 4)))

    circle = endless.value.circle
    assert circle in ([1, 2, 3], [2, 3, 1], [3, 1, 2])
