"""Statistics of the whole market over REST: a made-up crowd, and what only options and futures have."""

from decimal import Decimal

import pytest
from exchange_edge import START_MS, Edge

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
HOUR_MS = 3_600_000
PATH = "/v5/market/account-ratio"


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


def rows(edge, **params):
    reply = edge.get(PATH, **{**LINEAR, "period": "1h", **params})
    assert reply["retCode"] == 0, reply
    return reply["result"]["list"]


def test_the_ratio_stands_on_its_periods_grid_newest_first(edge):
    found = rows(edge, limit=3)

    newest_ms = START_MS // HOUR_MS * HOUR_MS
    assert [int(row["timestamp"]) for row in found] == [newest_ms - i * HOUR_MS for i in range(3)]
    assert {row["symbol"] for row in found} == {"BTCUSDT"}


def test_longs_and_shorts_are_all_accounts(edge):
    found = rows(edge, limit=500)

    assert len(found) == 500
    assert {Decimal(row["buyRatio"]) + Decimal(row["sellRatio"]) for row in found} == {Decimal(1)}
    assert all(Decimal("0.39") < Decimal(row["buyRatio"]) < Decimal("0.61") for row in found)
    assert len({row["buyRatio"] for row in found}) > 100


def test_a_time_has_one_ratio_whatever_the_period(edge):
    hours = {row["timestamp"]: row["buyRatio"] for row in rows(edge, limit=50)}
    quarters = {row["timestamp"]: row["buyRatio"] for row in rows(edge, period="15min", limit=200)}

    assert {quarters[at] for at in hours} and all(quarters[at] == hours[at] for at in hours)


def test_the_seed_and_the_contract_make_it(edge, monkeypatch):
    again, other = Edge(monkeypatch), Edge(monkeypatch, seed=2)

    assert rows(again) == rows(edge)
    assert [row["buyRatio"] for row in rows(other)] != [row["buyRatio"] for row in rows(edge)]
    assert rows(edge, symbol="ETHUSDT")[0]["buyRatio"] != rows(edge)[0]["buyRatio"]


def test_pages_and_times_bound_it(edge):
    start_ms = START_MS - 10 * HOUR_MS
    first = edge.get(PATH, period="1h", startTime=start_ms, limit=6, **LINEAR)["result"]
    second = edge.get(
        PATH, period="1h", startTime=start_ms, limit=6, cursor=first["nextPageCursor"], **LINEAR
    )["result"]

    times = [int(row["timestamp"]) for row in first["list"] + second["list"]]
    assert times == sorted(set(times), reverse=True)
    assert (len(times), second["nextPageCursor"]) == (10, "")
    assert min(times) >= start_ms
    assert rows(edge, endTime=0) == []


def test_the_farthest_past_is_there_too(edge):
    found = rows(edge, period="5min", endTime=1_600_000_000_000, limit=1)

    assert int(found[0]["timestamp"]) == 1_600_000_000_000 // 300_000 * 300_000


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"period": "2h"}, "params error: period invalid"),
        ({"symbol": "NOUSDT"}, "params error: symbol invalid"),
        ({"category": "future"}, "Illegal category"),
        ({"limit": "0"}, "params error: limit invalid"),
    ],
)
def test_what_can_not_be_asked_is_refused(edge, params, said):
    assert edge.get(PATH, **{**LINEAR, "period": "1h", **params})["retMsg"] == said


def test_other_categories_have_no_crowd(edge):
    assert rows(edge, category="inverse", symbol="BTCUSD") == []


def test_nothing_is_delivered_and_options_have_no_past(edge):
    deliveries = edge.get("/v5/market/delivery-price", category="linear")["result"]
    options = edge.get("/v5/market/new-delivery-price", category="option", baseCoin="BTC")["result"]

    assert deliveries == {"category": "linear", "list": [], "nextPageCursor": ""}
    assert options == {"category": "option", "list": []}
    assert edge.get("/v5/market/historical-volatility", category="option")["result"] == []
    assert edge.get("/v5/market/historical-volatility", category="linear")["retMsg"] == "Illegal category"
