"""A list of fills so long that asking for it uses up the rate limit is read to its end all the same."""

import msgspec
import pytest

from synthcore.environment import Credentials
from synthcore.errors import VenueRefused
from synthcore.orders import bybit
from synthcore.orders.bybit import BybitBackend
from synthcore.secret import Secret
from synthcore.venues.bybit.messages import RestReply

ROW = {
    "symbol": "BTCUSDT",
    "orderId": "o",
    "orderLinkId": "",
    "side": "Buy",
    "execPrice": "1",
    "execQty": "1",
    "execFee": "0",
    "execType": "Trade",
    "execTime": "0",
}


def page(number, following):
    result = {"list": [ROW | {"execId": str(number)}], "nextPageCursor": following}
    return RestReply(ret_code=0, ret_msg="OK", result=msgspec.Raw(msgspec.json.encode(result)))


@pytest.fixture
def backend(monkeypatch):
    monkeypatch.setattr(bybit, "WINDOW_S", 0.0)
    keys = Credentials(api_key=Secret("k"), api_secret=Secret("s"))
    return BybitBackend(("http://127.0.0.1:1",), "ws://127.0.0.1:1", keys)


def answering(backend, *answers):
    asked, left = [], list(answers)

    async def query(path, params, cursor=""):
        asked.append(cursor)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    backend.rest.query = query
    return asked


async def test_a_page_waits_for_the_next_window(backend):
    full = VenueRefused(10006, "Too many visits!", "busy")
    asked = answering(backend, page(1, "b"), full, full, page(2, ""))

    fills = await backend.recent_fills("BTCUSDT")

    assert [fill.exec_id for fill in fills] == ["1", "2"]
    assert asked == ["", "b", "b", "b"]


async def test_another_refusal_is_told_at_once(backend):
    asked = answering(backend, VenueRefused(10005, "Permission denied", "auth_clock"))

    with pytest.raises(VenueRefused, match="Permission denied"):
        await backend.recent_fills("BTCUSDT")

    assert asked == [""]


async def test_a_window_that_never_opens_is_told(backend):
    full = VenueRefused(10006, "Too many visits!", "busy")
    answering(backend, *[full] * 6)

    with pytest.raises(VenueRefused, match="Too many visits"):
        await backend.recent_fills("BTCUSDT")
