"""What a run asks of the machine; each is a setting, none is needed, and a refusal is told and harmless."""

from __future__ import annotations

import gc
import sys
import threading
from contextlib import suppress

from synthcore._core.affinity import ORDERS, Precedence, give_precedence_back, take_precedence
from synthcore._core.idle import IdleStates
from synthcore._core.memory import LockedMemory
from synthcore.config import SyntheticConfig

HELPERS = ("journal", "lines")  # our other threads that hold the interpreter's lock now and then


class Machine:
    """The machine as a run wants it. To be held and released by the thread of the execution loop.

    Attributes
    ----------
    idle_states, memory, precedence
        What is held now, and why not.
    """

    def __init__(self, config: SyntheticConfig) -> None:
        self.idle_states = IdleStates()
        self.memory = LockedMemory()
        self.precedence = Precedence(False, "not asked for yet")
        self._hurried: list[threading.Thread] = []
        self._config = config
        self._switch_interval_s = sys.getswitchinterval()

    def hold(self) -> None:
        """Ask for what the settings say."""
        self._switch_interval_s = sys.getswitchinterval()
        sys.setswitchinterval(self._config.switch_interval_us / 1e6)
        if self._config.hold_idle_states:
            self.idle_states.hold()
        if self._config.lock_memory:
            self.memory.hold()
        if self._config.is_loop_urgent:
            self.precedence = take_precedence(ORDERS, inherited=False)
            self._hurried = [thread for thread in threading.enumerate() if thread.name in HELPERS]
            for thread in self._hurried:
                take_precedence(ORDERS, inherited=False, thread=thread.native_id or 0)

    def release(self) -> None:
        """Leave the machine as it was."""
        if self.precedence.held:
            give_precedence_back()
            self.precedence = Precedence(False, "released")
            for thread in self._hurried:
                with suppress(ProcessLookupError):  # it has ended
                    give_precedence_back(thread.native_id or 0)
        self.memory.release()
        self.idle_states.release()
        sys.setswitchinterval(self._switch_interval_s)

    def freeze_collector(self) -> None:
        """Let the collector look at new objects only: what is there when trading begins stays."""
        if self._config.freeze_collector:
            gc.collect()
            gc.freeze()

    def thaw_collector(self) -> None:
        if self._config.freeze_collector:
            gc.unfreeze()

    def refusals(self) -> list[str]:
        """What was asked for and is not held."""
        told = []
        if self._config.hold_idle_states and not self.idle_states.held:
            told.append(f"idle states are not held off: {self.idle_states.reason}")
        if self._config.lock_memory and not self.memory.held:
            told.append(f"memory is not locked: {self.memory.reason}")
        if self._config.is_loop_urgent and not self.precedence.held:
            told.append(f"execution loop: {self.precedence.reason}")
        return told
