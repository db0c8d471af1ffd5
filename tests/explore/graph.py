"""The graph of a search, read backwards: whether every run ends, and how long the longest is."""

from __future__ import annotations

from array import array

import numpy as np

Numbers = np.ndarray[tuple[int], np.dtype[np.uint32]]


class Endless(Exception):
    """Some run never ends: it goes round a circle of states."""

    def __init__(self, circle: list[int]) -> None:
        super().__init__("some run never ends")
        self.circle = circle


def longest_run(states: int, edges_from: array[int], edges_to: array[int]) -> int:
    """How many moves the longest run makes.

    States whose successors are all peeled off are peeled off next, beginning with the ends: what is left lies
    on a circle, or leads into one. Where nothing is left, every state reaches an end by every way.

    Raises
    ------
    Endless
        Something is left.
    """
    source = np.frombuffer(edges_from, dtype=np.uint32)
    target = np.frombuffer(edges_to, dtype=np.uint32)
    to_come = np.bincount(source, minlength=states)
    by_target = np.argsort(target, kind="stable")
    first = np.searchsorted(target[by_target], np.arange(states + 1))
    sources = source[by_target]
    peeled = np.flatnonzero(to_come == 0)
    count, rounds = len(peeled), 0
    while count < states:
        into = np.concatenate([sources[first[one] : first[one + 1]] for one in peeled] or [sources[:0]])
        np.subtract.at(to_come, into, 1)
        peeled = np.unique(into[to_come[into] == 0])
        if not len(peeled):
            raise Endless(circle_in(to_come > 0, source, target))
        count += len(peeled)
        rounds += 1
    return rounds


def circle_in(
    left: np.ndarray[tuple[int], np.dtype[np.bool_]], source: Numbers, target: Numbers
) -> list[int]:
    """States of one circle, in order: from any that is left there is always a way on among them."""
    stays = left[source] & left[target]
    following = dict(zip(source[stays].tolist(), target[stays].tolist(), strict=True))
    at = next(iter(following))
    way: dict[int, None] = {}
    while at not in way:
        way[at] = None
        at = following[at]
    states = list(way)
    return states[states.index(at) :]
