"""The market's side of a run: feed thread, rings, strategy thread, from the socket to the decision.

This is the one file that builds the rings. The updates ring's producer is the feed thread, its consumer the
strategy thread; the decisions ring's producer is the strategy thread (the feed thread when the topology is
`inline`), its consumer the execution loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any

from synthcore._core.affinity import Pinning, Precedence, choose_cores
from synthcore._core.kernel import EmittedDecision, Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.symbols import SymbolTable
from synthcore.config import SyntheticConfig
from synthcore.engine.fast_lane import FastLaneParts
from synthcore.engine.machine import Machine
from synthcore.errors import ConfigError, SynthError, VenueUnreachable
from synthcore.feed.connector import BybitWebSocketConnector
from synthcore.feed.outages import Outage
from synthcore.feed.store import MarketDataStore
from synthcore.feed.thread import FeedThread
from synthcore.strategies.synthetic import SyntheticOpportunityGenerator

log = logging.getLogger(__name__)

READY_WITHIN_S = 15.0
FIRST_ATTEMPTS = 2  # to connect; later, when a link is lost, there is no limit
LOOK_EVERY_S = 0.01


class MarketSide:
    """Everything between the public stream and a decision; a context manager.

    Parameters
    ----------
    url
        The public stream.
    generator
        The strategy: its inputs and rules are given to the compiled kernel.
    on_decisions
        Called on the execution loop with each batch of decisions.
    on_failure
        Called on the execution loop when the feed ends by an error.
    on_outage
        Called on the execution loop when market data are lost, and when they are whole again.
    fast
        Lets decisions leave as orders from the feed's thread; for topology `inline`.
    """

    def __init__(
        self,
        url: str,
        config: SyntheticConfig,
        generator: SyntheticOpportunityGenerator,
        on_decisions: Callable[[list[EmittedDecision]], None],
        on_failure: Callable[[BaseException], None],
        on_outage: Callable[[Outage], None] = lambda outage: None,
        fast: FastLaneParts | None = None,
    ) -> None:
        self.config = config
        self.symbols = SymbolTable(len(config.symbols_to_trade))
        for symbol in config.symbols_to_trade:
            self.symbols.add(symbol)
        self.kernel = Kernel(len(self.symbols), generator.rules)
        if config.kernel is not None:
            self._decide_by(config.kernel)
        self._fast = fast
        if fast is not None:
            self.kernel.send_by(fast.lane)
        self.pipeline = Pipeline(self.kernel, config.ring_capacity)
        self.store = MarketDataStore.over(self.kernel, self.symbols)
        self.connector = BybitWebSocketConnector(
            url, self.symbols, config.topics, sink=self.pipeline, on_outage=self._tell_outage
        )
        self.machine = Machine(config)
        self._generator = generator
        self._final_funnel: dict[str, Any] | None = None
        self._on_decisions = on_decisions
        self._on_failure = on_failure
        self._on_outage = on_outage
        self._loop = asyncio.get_running_loop()
        self._feed_core, self._strategy_core = choose_cores()
        self._feed = FeedThread(
            self._run_feed,
            core=self._feed_core,
            urgent=config.realtime,  # or who sends on the same core goes on before the frame is taken
            on_failure=self._tell_failure,
        )

    @property
    def topology(self) -> str:
        """How updates reach the strategy; `auto`: where the fast lane sends, else asleep at 1 % of a core."""
        if self.config.topology != "auto":
            return self.config.topology
        return "park" if self._fast is None else "inline"

    @property
    def feed_precedence(self) -> Precedence:
        return self._feed.precedence

    @property
    def feed_pinning(self) -> Pinning:
        return self._feed.pinning

    def __enter__(self) -> MarketSide:
        self.kernel.halted = True
        self.machine.hold()
        try:
            self.pipeline.start(self.topology, self._strategy_core, urgent=self.config.realtime)
            self._prove()
        except BaseException:
            self.pipeline.stop()
            self.machine.release()
            raise
        self._feed.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()
        self._feed.stop()
        self.pipeline.stop()
        self.machine.release()
        self.kernel.close()

    async def ready(self) -> None:
        """Wait until every symbol has whole prices.

        Raises
        ------
        VenueUnreachable
            The market data did not come in time, with the link's own words.
        """
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while not self.connector.ready.is_set():
                    if self._feed.error is not None:
                        raise self._feed.error
                    if any(link.attempts > FIRST_ATTEMPTS for link in self.connector.status()):
                        raise VenueUnreachable(self._why_not_ready())
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise VenueUnreachable(self._why_not_ready()) from None

    async def _run_feed(self) -> None:
        if self._fast is None:
            await self.connector.run()
        else:
            await asyncio.gather(self.connector.run(), self._fast.socket.run())

    def _prove(self) -> None:
        """Send one update through the whole pipeline; before the feed starts, which is its one producer."""
        if self.pipeline.prove() is None:
            raise SynthError("the pipeline must carry one update before the first trade, none came through")

    def resume(self) -> None:
        """Let decisions through to the execution loop; from here on the funnel counts."""
        self._loop.add_reader(self.kernel.fileno(), self._drain)
        self._set_inputs()
        self.kernel.halted = False

    def pause(self) -> None:
        """Stop decisions for good; market data go on, and the funnel stays as it is."""
        if self._final_funnel is None:
            self.kernel.halted = True
            self._drain()
            self._loop.remove_reader(self.kernel.fileno())
            self._final_funnel = self.kernel.funnel()

    def funnel(self) -> dict[str, Any]:
        """What became of the updates while decisions were let through."""
        return self._final_funnel or self.kernel.funnel()

    def arm(self, symbol: str, armed: bool) -> None:
        """Let the kernel decide on a symbol, or count its chances as `symbol_busy`."""
        self.kernel.set_armed(self.symbols.find(symbol), armed)

    def _decide_by(self, place: str) -> None:
        from synthcore.strategies.compiled import find_rule  # NumPy is loaded only for it

        rule = find_rule(place)
        try:
            self.kernel.decide_by(*rule)
        except (TypeError, ValueError, BufferError) as e:
            raise ConfigError(f"kernel must be a compiled rule, was {place}: {e}") from None

    def _tell_outage(self, outage: Outage) -> None:
        self._loop.call_soon_threadsafe(self._on_outage, outage)

    def _tell_failure(self, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._on_failure, error)

    def _drain(self) -> None:
        self._on_decisions(self.kernel.drain_decisions())

    def _set_inputs(self) -> None:
        found = self._generator.qualification
        for symbol_id in range(len(self.symbols)):
            self.kernel.set_inputs(
                symbol_id,
                spread_bps=self.config.synthetic_spread_bps,
                funding_delta=self.config.synthetic_funding_delta,
                position_size=self.config.estimated_position_size,
                fees_bps=found.total_fees_bps,
                depth=found.depth,
            )

    def _why_not_ready(self) -> str:
        waiting = [name for name in self.connector.names if not self.connector.is_trustworthy(name)]
        errors = [status.last_error for status in self.connector.status() if status.last_error]
        words = f": {errors[0]}" if errors else ""
        return (
            f"market data must be complete within {READY_WITHIN_S:g} s, {', '.join(waiting)} of "
            f"{self.connector.url} were not{words}; check the address and that the exchange runs"
        )
