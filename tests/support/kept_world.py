"""A world whose exchange keeps its state in a file, and can be killed and started again."""

import msgspec
from exchange_world import World

from synthcore.exchange.changes import Changes
from synthcore.exchange.core import Exchange
from synthcore.exchange.dcp import DisconnectGuard
from synthcore.exchange.ids import Ids
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.state.gather import Gatherer
from synthcore.exchange.state.store import Store


class KeptWorld(World):
    """As `World`; `keep` stands for the moment before an answer goes out."""

    def __init__(self, path, **settings):
        self.path = path
        self.changes = Changes()
        super().__init__(changes=self.changes, **settings)
        self.store = self._store()
        self.store.begin(())

    def keep(self):
        for account in self.accounts:
            assert self.store.commit(account)

    @property
    def end(self):
        """Where the file's next record goes."""
        return self.store._file.end

    def kill(self):
        """Forget everything but the file and the market."""
        self.store.close()

    def start(self):
        contracts = self.exchange.contracts
        self.changes, self.ids = Changes(), Ids(seed=1)
        self.exchange = Exchange(contracts, self.market, self.ids, changes=self.changes)
        self.store = self._store()
        assert self.store.load() == ()
        self.accounts = list(self.exchange.accounts.values())
        self.account = self.accounts[0]

    def _store(self):
        return Store(self.path, ExchangeSettings(), self.exchange, self.ids, self.changes, DisconnectGuard())


def everything(world):
    """All that there is in a world's exchange, as bytes: the same bytes are the same state."""
    return msgspec.msgpack.encode(Gatherer(world.exchange, world.ids, Changes(), DisconnectGuard()).whole())
