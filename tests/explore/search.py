"""Breadth-first through every state to quiescence, then backwards: every run must end."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from .bounds import Bounds
from .draft import Draft
from .exchange import moves
from .graph import Endless, longest_run
from .machine import Machine, Violation
from .seen import Seen
from .world import Leg, Mail, Order, World

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(World).decode
LEFT_HELD = ((2, 0), (1, 2), (2, 2))  # what a crash may leave that took the journal along


class Found(Struct, frozen=True):
    """What a search came to."""

    states: int
    moves: int
    machine_states: int
    steps: int  # results that the production `step` gave
    ends: dict[str, int]  # moves into an end, by its kind
    longest_run: int = 0  # moves
    violation: str | None = None
    story: tuple[str, ...] = ()
    left: int | None = None  # states whose every way on was gone, where the search was cut off


class Search:
    """One exploration within bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self.machine = Machine()
        self._bounds = bounds
        self._seen = Seen()
        self._queue: deque[bytes] = deque()
        self._starts: list[World] = []
        self._parents = array("I")
        self._edges_from = array("I")
        self._edges_to = array("I")
        self._ends: Counter[str] = Counter()

    def run(self, most_states: int | None = None) -> Found:
        """Visit every state; the first broken promise ends it, with the shortest way there.

        Where a number of states is given and there are more, it ends there, and nothing is known of the rest.
        """
        number = 0
        try:
            for world in self._beginnings():
                self._meet(world)
                self._starts.append(world)
            while self._queue:
                if most_states is not None and len(self._seen) >= most_states:
                    return self._found(left=number)
                self._leave(number)
                number += 1
        except Violation as broken:
            return self._found(violation=str(broken), story=tuple(self._story(number)))
        try:
            rounds = longest_run(len(self._seen), self._edges_from, self._edges_to)
        except Endless as endless:
            story = (*self._story(endless.circle[0]), "— again and again —", *self._round(endless.circle))
            return self._found(violation=str(endless), story=story)
        return self._found(longest_run=rounds)

    def _beginnings(self) -> Iterator[World]:
        """A new trade, with the private stream up or (a fault) down; one that only the exchange remembers."""
        bounds = self._bounds
        for is_up in (True, False)[: 1 + bounds.faults]:
            number, actions = self.machine.begin()
            draft = Draft(
                World(
                    number,
                    (Leg(), Leg()),
                    faults=bounds.faults - (not is_up),
                    crashes=bounds.crashes,
                    is_thin=bounds.is_thin,
                    may_die=bounds.may_die,
                    may_lag=bounds.may_lag,
                    may_amend=bounds.may_amend,
                    stream="up" if is_up else "down",
                )
            )
            draft.perform(self.machine, actions)
            yield draft.done(self.machine)
        for sizes in LEFT_HELD:
            legs = [Leg((Order("e0", n, "done", (n,)),) if n else (), held=n) for n in sizes]
            world = World(self.machine.holding(sizes), (legs[0], legs[1]), faults=bounds.faults)
            yield Draft(world).tell(self.machine, "restarted").done(self.machine)

    def _leave(self, number: int) -> None:
        """Go every way that leads on from the next state."""
        world = decode(self._queue.popleft())
        if world.end:
            return
        is_stuck = True
        for _, after in moves(world, self.machine):
            is_stuck = False
            self._edges_from.append(number)
            self._edges_to.append(self._meet(after, number))
        if is_stuck:
            raise Violation("nothing can happen any more, and there is no end")

    def _meet(self, world: World, parent: int = 0) -> int:
        packed = self._packed(world)
        number = self._seen.number_of(packed)
        if world.end:
            self._ends[world.end] += 1
        if number == len(self._parents):
            self._parents.append(parent)
            self._queue.append(packed)
        return number

    def _packed(self, world: World) -> bytes:
        """One of the two mirror images, always the same one."""
        return min(encode(world), encode(self._mirrored(world)))

    def _mirrored(self, world: World) -> World:
        long, short = world.legs
        return replace(
            world,
            machine=self.machine.mirror(world.machine),
            legs=(short, long),
            shown=world.shown[::-1],
            mail=tuple(map(mirrored_mail, world.mail)),
        )

    def _found(
        self,
        longest_run: int = 0,
        violation: str | None = None,
        story: tuple[str, ...] = (),
        left: int | None = None,
    ) -> Found:
        return Found(
            states=len(self._seen),
            moves=len(self._edges_to),
            machine_states=len(self.machine),
            steps=self.machine.steps,
            ends=dict(self._ends),
            longest_run=longest_run,
            violation=violation,
            story=story,
            left=left,
        )

    def _story(self, number: int) -> Iterator[str]:
        """How a state is reached, found by going there again."""
        return (label for label, _ in self._way_to(number))

    def _round(self, circle: list[int]) -> Iterator[str]:
        """What happens on a circle, from its first state back to it."""
        worlds = [world for _, world in self._way_to(circle[0])] or self._starts[:1]
        return (label for label, _ in self._along(worlds[-1], [*circle[1:], circle[0]]))

    def _way_to(self, number: int) -> Iterator[tuple[str, World]]:
        at = {self._seen.number_of(self._packed(world)): world for world in self._starts}
        way = [number]
        while way[-1] not in at:
            if way[-1] == 0:
                return  # it was broken at the beginning
            way.append(self._parents[way[-1]])
        yield from self._along(at[way.pop()], reversed(way))

    def _along(self, world: World, numbers: Iterable[int]) -> Iterator[tuple[str, World]]:
        for target in numbers:
            for label, after in moves(world, self.machine):
                if self._seen.number_of(self._packed(after)) == target:
                    yield label, after
                    world = after
                    break


def mirrored_mail(mail: Mail) -> Mail:
    """Sizes of the long and the short side change places."""
    is_sizes = mail.kind == "held" and mail.qty >= 0
    return replace(mail, qty=mail.flag, flag=mail.qty) if is_sizes else mail
