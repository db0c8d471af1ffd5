"""The bounded search holds, and it would not if the machine were broken."""

import pytest

from .bounds import Bounds
from .bugs import BUGS, DEEP, DEEP_BUGS, hunt
from .search import Search


@pytest.mark.parametrize(
    "bounds",
    [Bounds(faults=1, crashes=0), Bounds(faults=0, crashes=1)],
    ids=["one fault", "one crash"],
)
def test_every_interleaving_keeps_the_promises(bounds):
    found = Search(bounds).run()

    assert found.violation is None, "\n".join((*found.story, found.violation))
    assert set(found.ends) >= {"FLAT", "FAILED_FLAT", "CLOSED"}
    assert found.longest_run > 0


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_seeded_bug_is_found(bug):
    assert hunt(bug) is not None


@pytest.mark.parametrize("bug", DEEP_BUGS, ids=lambda bug: bug.__name__)
def test_a_seeded_bug_is_found_where_the_exchange_lags_or_is_away(bug):
    assert hunt(bug, DEEP) is not None
