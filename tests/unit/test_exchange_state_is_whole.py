"""Whatever the exchange remembers is in its saved state, or is named here with what brings it back.

A test fails here when something new is remembered: put it into `AccountFacts`, `Turn` or one of its parts
and into `state/restore.py`, or say below why it needs no saving.
"""

import pytest
from kept_world import KeptWorld

from synthcore.exchange.account import Account, AccountFacts
from synthcore.exchange.admission import Admission
from synthcore.exchange.batch import Batch
from synthcore.exchange.closed_pnl import ClosedPnlLog
from synthcore.exchange.core import Exchange
from synthcore.exchange.funding import FundingClock
from synthcore.exchange.ids import Ids
from synthcore.exchange.ledger import Ledger
from synthcore.exchange.liquidation import Liquidator
from synthcore.exchange.order_log import OrderLog
from synthcore.exchange.orders import Order
from synthcore.exchange.position_margins import PositionMargins
from synthcore.exchange.position_stops import PositionStops
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.state.origin import LASTING
from synthcore.exchange.state.shapes import CLOSED_PNL, ENTRY, LIQUIDATION, ORDER, POSITION
from synthcore.exchange.tape import Tape
from synthcore.exchange.triggers import WaitingOrders

WIRED = "given by whoever makes it"
SAVED = "saved as it is"
BY_ORDERS = "comes back with the open orders"
PASSING = "of one act, and empty between two"

REMEMBERED = {
    Exchange: {
        "contracts": WIRED,
        "market": WIRED,
        "fate_of": WIRED,
        "_ids": WIRED,
        "_unchanged": WIRED,
        "_changes": WIRED,
        "_order_kind": WIRED,
        "_admission": WIRED,
        "_stops": WIRED,
        "margins": WIRED,
        "accounts": SAVED,
        "_logs": SAVED,
        "_books": SAVED,
        "funding": SAVED,
        "liquidator": SAVED,
        "_order_number": SAVED,
        "_queue_number": SAVED,
        "_seq": SAVED,
        "_waiting": BY_ORDERS,
        "_last_batch": PASSING,
        "tape": PASSING,
        "_changed": PASSING,
    },
    Account: {
        "uid": SAVED,
        "ledger": SAVED,
        "closed_pnl": SAVED,
        "_positions": SAVED,
        "claims": BY_ORDERS,
        "position_kind": WIRED,
        **{
            name: SAVED
            for name in AccountFacts.__struct_fields__
            if not name.startswith(("hedge", "lever", "stop"))
        },
        **{
            f"_{name}": SAVED
            for name in AccountFacts.__struct_fields__
            if name.startswith(("hedge", "lever", "stop"))
        },
    },
    Tape: {"_untold": PASSING},
    Ledger: {"entries": SAVED, "balance": "the last entry's", "_count": "the last entry's"},
    ClosedPnlLog: {"_records": SAVED, "_count": "the last record's"},
    OrderLog: {
        "fills": SAVED,
        "_fill_count": "counts on from the fills",
        "_fills_by_order": "comes back with the fills",
        "_fills_by_link": "comes back with the fills",
        "_closed": SAVED,
        "_used_link_ids": SAVED,
        "_open": BY_ORDERS,
        "_by_id": "comes back with open and closed orders",
        "_by_link_id": "comes back with open and closed orders",
        "_open_count": BY_ORDERS,
        "_reducing": BY_ORDERS,
        "_waiting": BY_ORDERS,
    },
    WaitingOrders: {"_by_symbol": BY_ORDERS},
    FundingClock: {
        "_market": WIRED,
        "_tickers": SAVED,
        "_settled": SAVED,
        "_put_back": "says what was restored",
    },
    Liquidator: {
        "_host": WIRED,
        "_make": WIRED,
        "_market": WIRED,
        "_marks": SAVED,
        "kept": SAVED,
        "fund": SAVED,
        "_untold": PASSING,
    },
    Ids: {
        "_seed": WIRED,
        "made": SAVED,
        "_random": "passes over as many ids as were made",
        "_passing": "another one for each life, so that no connection's id comes twice",
    },
    PositionStops: {"_host": WIRED, "_make": WIRED},
    PositionMargins: {"_host": WIRED, "_market": WIRED},
    Admission: {"_contracts": WIRED, "_market": WIRED, "_bands": "worked out of the market's prices"},
}

# Settings that may change from start to start: nothing that is saved depends on them.
FREE = {
    *("speed", "original_times", "at_end", "rate_tier", "amend_unchanged_code", "delays", "faults", "tls"),
    *("host", "rest_port", "ws_port", "ready_file", "state", "input_log", "die_with_parent", "parent_pid"),
    *(
        "ip_limits",
        "control_token",
        "stamp_frames",
        "realtime",
        "tcp_faults",
        "flavours",
        "second_venue",
        "second_half_life_s",
        "second_sigma_bps",
    ),
}


@pytest.fixture
def parts(tmp_path):
    world = KeptWorld(tmp_path / "state")
    exchange, account = world.exchange, world.account
    log = exchange.log(account)
    found = [exchange, account, world.ids, log, *vars(exchange).values(), *vars(account).values()]
    yield {type(part): part for part in found}
    world.kill()


@pytest.mark.parametrize("kind", REMEMBERED, ids=lambda kind: kind.__name__)
def test_everything_that_is_remembered_is_saved(kind, parts):
    assert set(vars(parts[kind])) == set(REMEMBERED[kind])


def test_everything_that_the_core_is_made_of_is_looked_at(parts):
    ours = {kind for kind in parts if kind.__module__.startswith("synthcore.exchange") and kind is not Batch}
    plain = {kind for kind in ours if hasattr(parts[kind], "__dict__") and not isinstance(parts[kind], type)}

    unknown = {kind.__name__ for kind in plain - set(REMEMBERED)} - {"MarketState", "Changes"}

    assert unknown == set()


@pytest.mark.parametrize(
    "flat", [ORDER, POSITION, CLOSED_PNL, ENTRY, LIQUIDATION], ids=lambda one: one.fields[0]
)
def test_a_row_has_every_field_of_its_kind_and_no_whole_order(flat):
    assert flat.row.__struct_fields__ == flat.fields
    assert not any(Order.__name__ in str(kind) for kind in flat.row.__annotations__.values())


def test_every_setting_either_lasts_or_may_change():
    settings = set(ExchangeSettings.__struct_fields__)

    assert settings == FREE | set(LASTING)
    assert not FREE & set(LASTING)


def test_an_account_is_put_back_with_every_fact(parts):
    facts = parts[Account].facts()
    others = {name: changed(getattr(facts, name)) for name in facts.__struct_fields__}

    parts[Account].put_back(AccountFacts(**others))

    assert parts[Account].facts() == AccountFacts(**others) != facts


def changed(value):
    if isinstance(value, dict):
        return {"BTCUSDT": True}
    return not value if isinstance(value, bool) else value + 1
