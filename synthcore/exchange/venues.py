"""The venues of one process, by the market that they trade on."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from synthcore.exchange.clock import Time
from synthcore.exchange.flavour import SECOND, Flavour, in_order
from synthcore.exchange.market.second_venue import SecondVenue, SharedSource
from synthcore.exchange.market.source import DueFrame, MarketSource
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import open_source
from synthcore.exchange.state.folder import StateFolder
from synthcore.exchange.venue import MACHINE, NewKey, Venue, random_key
from synthcore.venues.bybit.hosts import HOSTS, Environment


class Market(Struct, frozen=True, eq=False):
    """A source of frames, and the venues that trade on it, each with a state and books of its own."""

    source: MarketSource
    venues: tuple[Venue, ...]

    @property
    def is_urgent(self) -> bool:
        """Whether anybody could notice that a frame was applied late."""
        return any(venue.is_watched or venue.core.has_stakes for venue in self.venues)

    def apply(self, frame: DueFrame) -> None:
        for venue in self.venues:
            venue.apply(frame)


def open_markets(
    settings: ExchangeSettings,
    start_ms: int,
    time: Time = MACHINE,
    new_key: NewKey = random_key,
    folder: StateFolder | None = None,
) -> list[Market]:
    """Open the market of each flavour; demo trades on mainnet's. Their state is in the folder."""
    sharing: dict[Environment, list[Flavour]] = {}
    for flavour in in_order(settings.flavours):
        sharing.setdefault(HOSTS[flavour.name].market_data_from, []).append(flavour)
    markets = [
        open_market(settings, flavours, start_ms, time, new_key, folder) for flavours in sharing.values()
    ]
    if settings.second_venue:
        shared = SharedSource(markets[0].source)
        markets[0] = Market(shared, markets[0].venues)
        markets.append(open_second(settings, markets[0], shared, start_ms, time, new_key, folder))
    return markets


def open_market(
    settings: ExchangeSettings,
    flavours: Sequence[Flavour],
    start_ms: int,
    time: Time,
    new_key: NewKey,
    folder: StateFolder | None,
) -> Market:
    source = open_source(flavours[0].settings(settings), start_ms)
    venues = []
    for flavour in flavours:
        state = folder.file(flavour.name) if folder is not None else None
        venues.append(Venue(flavour.settings(settings), source, time, new_key, flavour, state))
    for venue in venues:
        venue.pace = venues[0].pace  # one market has one time
    return Market(source, tuple(venues))


def open_second(
    settings: ExchangeSettings,
    first: Market,
    shared: SharedSource,
    start_ms: int,
    time: Time,
    new_key: NewKey,
    folder: StateFolder | None,
) -> Market:
    """Open the second venue, whose prices revert to the first one's."""
    own = SECOND.settings(settings)
    source = SecondVenue(
        shared.instruments,
        shared.second_reading,
        own.seed,
        start_ms=start_ms,
        speed=settings.pace,
        half_life_s=settings.second_half_life_s,
        sigma_bps=settings.second_sigma_bps,
    )
    state = folder.file("second") if folder is not None else None
    venue = Venue(own, source, time, new_key, SECOND, state)
    venue.pace = first.venues[0].pace
    return Market(source, (venue,))
