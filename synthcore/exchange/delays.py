"""How long things take: four seeded distributions, with presets whose numbers are written down here.

`entry` lies between a request's arrival and its matching, `reply` between matching and the answer,
`private` between an event and its frame (and between what a socket is asked and its reply), `visibility`
between an order's change and the moment at which `order/realtime` and `order/history` show it. Each draws
from a generator of its own, so that a change of one leaves the others as they were.
"""

from __future__ import annotations

import math
import random
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

PresetName = Literal["instant", "lan", "realistic"]
Milliseconds = Annotated[float, Meta(ge=0, le=600_000)]


class Delay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A floor and a log-normal part above it: a fixed path, and queues on it."""

    floor_ms: Milliseconds = 0.0
    median_ms: Milliseconds = 0.0  # of the part above the floor
    sigma: Annotated[float, Meta(ge=0, le=4)] = 0.0  # of its logarithm
    highest_ms: Milliseconds = 600_000.0  # of the whole

    @property
    def is_none(self) -> bool:
        return (self.floor_ms == 0 and self.median_ms == 0) or self.highest_ms == 0

    def draw_ms(self, source: random.Random) -> float:
        above_ms = self.median_ms * math.exp(self.sigma * source.gauss(0.0, 1.0))
        return min(self.highest_ms, self.floor_ms + above_ms)


NONE = Delay()


class DelayPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The four delays. What is not given is none."""

    entry: Delay = NONE
    reply: Delay = NONE
    private: Delay = NONE
    visibility: Delay = NONE


# Where each number comes from is told in docs/exchange.md, row by row.
PRESETS: dict[PresetName, DelayPlan] = {
    "instant": DelayPlan(),
    # Assumed: a switch between two hosts, and an exchange that does little else.
    "lan": DelayPlan(
        entry=Delay(floor_ms=0.1, median_ms=0.1, sigma=0.5, highest_ms=5),
        reply=Delay(floor_ms=0.1, median_ms=0.1, sigma=0.5, highest_ms=5),
        private=Delay(floor_ms=0.1, median_ms=0.3, sigma=0.7, highest_ms=10),
    ),
    # `private` is measured: 4, 5, 8, 8, 11 and 19 ms after the fill in six live captures.
    # The others are assumed: a client in the exchange's own region, gateway and matching included.
    "realistic": DelayPlan(
        entry=Delay(floor_ms=1.5, median_ms=1.5, sigma=0.7, highest_ms=60),
        reply=Delay(floor_ms=1.0, median_ms=0.8, sigma=0.7, highest_ms=60),
        private=Delay(floor_ms=3.0, median_ms=4.0, sigma=0.8, highest_ms=60),
        visibility=Delay(floor_ms=1.0, median_ms=5.0, sigma=1.0, highest_ms=500),
    ),
}


class Delays:
    """Draws the delays of one exchange; the plan may change while it runs.

    Parameters
    ----------
    seed
        The same seed and plan give the same delays, in order of drawing within each kind.

    Attributes
    ----------
    is_instant
        Whether neither requests nor answers nor frames wait: all is written in the order of its making.
    frames_wait
        Whether private frames do.
    lags
        Whether order queries show the past.
    """

    def __init__(self, seed: int, preset: PresetName = "instant") -> None:
        self.preset: PresetName | None = preset
        self._use(PRESETS[preset])
        self._sources = {kind: random.Random(f"{seed}/{kind}") for kind in DelayPlan.__struct_fields__}

    def choose(self, preset: PresetName) -> None:
        self.preset = preset
        self._use(PRESETS[preset])

    def set(self, plan: DelayPlan) -> None:
        """Use a plan of one's own; it has no name unless a preset is the same."""
        self.preset = next((name for name, known in PRESETS.items() if known == plan), None)
        self._use(plan)

    def _use(self, plan: DelayPlan) -> None:
        self.plan = plan
        self.lags = not plan.visibility.is_none
        self.is_instant = plan.entry.is_none and plan.reply.is_none and plan.private.is_none
        self.frames_wait = not plan.private.is_none

    def entry_s(self) -> float:
        return self._draw_s("entry", self.plan.entry)

    def reply_s(self) -> float:
        return self._draw_s("reply", self.plan.reply)

    def private_s(self) -> float:
        return self._draw_s("private", self.plan.private) if self.frames_wait else 0.0

    def visibility_s(self) -> float:
        return self._draw_s("visibility", self.plan.visibility)

    def facts(self) -> dict[str, object]:
        """The plan and its name, as the control API shows them."""
        return {"preset": self.preset, "plan": msgspec.to_builtins(self.plan)}

    def _draw_s(self, kind: str, delay: Delay) -> float:
        return 0.0 if delay.is_none else delay.draw_ms(self._sources[kind]) / 1000
