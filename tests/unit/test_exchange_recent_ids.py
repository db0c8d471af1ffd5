"""Used ids are remembered up to a bound: the oldest go first."""

from synthcore.exchange.recent_ids import RecentIds


def test_the_oldest_is_forgotten_first():
    ids = RecentIds(most=2)

    for name in ("a", "b", "c"):
        ids.add(name)

    assert "a" not in ids
    assert list(ids) == ["b", "c"]


def test_an_id_that_comes_again_keeps_its_age():
    ids = RecentIds(most=2)

    for name in ("a", "b", "a", "c"):
        ids.add(name)

    assert list(ids) == ["b", "c"]
