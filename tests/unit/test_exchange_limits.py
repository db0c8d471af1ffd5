"""Rate limits: a rolling second per user and endpoint, told in three headers."""

from exchange_edge import Edge

from synthcore.exchange.limits import LIMITS, RateLimiter

CREATE = "/v5/order/create"
NOW_MS = 1_700_000_000_000


def visits(limiter, times_ms, path=CREATE, uid="1"):
    return [limiter.visit(uid, path, NOW_MS + time_ms) for time_ms in times_ms]


def test_the_eleventh_create_in_a_second_is_refused_until_the_first_is_a_second_old():
    limiter = RateLimiter("10")

    first_ten = visits(limiter, range(0, 100, 10))
    eleventh, twelfth = visits(limiter, [500, 1000])

    assert all(visit.is_allowed for visit in first_ten)
    assert [visit.remaining for visit in first_ten] == list(range(9, -1, -1))
    assert (eleventh.is_allowed, eleventh.remaining, eleventh.reset_ms) == (False, 0, NOW_MS + 1000)
    assert twelfth.is_allowed


def test_a_refused_call_does_not_count():
    limiter = RateLimiter("10")
    visits(limiter, [0] * 10)

    visits(limiter, [500] * 100)

    assert visits(limiter, [1000] * 10)[-1].is_allowed


def test_the_second_rolls_and_does_not_start_anew():
    limiter = RateLimiter("10")
    visits(limiter, [900] * 10)

    assert not visits(limiter, [1100])[0].is_allowed


def test_users_and_endpoints_have_windows_of_their_own():
    limiter = RateLimiter("10")
    visits(limiter, [0] * 10)

    assert visits(limiter, [0], uid="2")[0].is_allowed
    assert visits(limiter, [0], path="/v5/order/cancel")[0].is_allowed


def test_a_tier_raises_the_order_limits_only():
    limiter = RateLimiter("60")

    assert visits(limiter, [0])[0].limit == 60
    assert visits(limiter, [0], path="/v5/position/list")[0].limit == 50
    assert visits(limiter, [0], path="/v5/position/switch-mode")[0].limit == 10


def test_off_means_off():
    limiter = RateLimiter("off")

    assert visits(limiter, [0] * 1000) == [None] * 1000


def test_the_headers_are_bybits():
    visit = RateLimiter("10").visit("1", CREATE, NOW_MS)

    assert visit.headers() == [
        (b"X-Bapi-Limit", b"10"),
        (b"X-Bapi-Limit-Status", b"9"),
        (b"X-Bapi-Limit-Reset-Timestamp", b"%d" % NOW_MS),
    ]


def test_every_private_call_has_a_limit_and_tells_it(monkeypatch):
    edge = Edge(monkeypatch, rate_tier="10")

    private = {endpoint.path for endpoint in edge.venue.rest._routes.values() if endpoint.is_private}
    answer = edge.send("GET", "/v5/position/symbol-info", query=b"category=linear&symbol=BTCUSDT")

    assert private - set(LIMITS) == set()
    assert (b"X-Bapi-Limit", b"10") in answer.headers
