"""Which private topics go together in one request."""

import pytest
from exchange_edge import Edge


@pytest.fixture
def session(monkeypatch):
    return Edge(monkeypatch).venue.private.session("c")


@pytest.mark.parametrize(
    "topics", [["order", "order.linear"], ["position.linear", "wallet", "execution.fast"]]
)
def test_topics_of_all_categories_and_of_one_are_not_mixed(session, topics):
    assert session.too_much(topics) == "error:topics of all categories and of one can't be in one request"


@pytest.mark.parametrize(
    "topics", [["order", "execution.fast", "wallet"], ["order.linear", "order.spot", "wallet", "dcp.future"]]
)
def test_topics_of_one_kind_go_with_those_that_have_no_category(session, topics):
    assert session.too_much(topics) is None
