"""A secret shows itself only when asked by name."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

from synthcore.environment import Credentials
from synthcore.secret import Secret

MARKER = "marker-secret"


def test_a_secret_is_revealed_by_name_only() -> None:
    secret = Secret(MARKER)

    assert secret.reveal() == MARKER
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret} {secret!r}",
        repr([secret]),
    ):
        assert MARKER not in shown


def test_credentials_do_not_show_theirs() -> None:
    credentials = Credentials(api_key=Secret(MARKER), api_secret=Secret(MARKER))

    assert MARKER not in repr(credentials)


def test_a_log_line_and_a_trace_do_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(MARKER)

    logging.getLogger("x").warning("key %s in %r", secret, {"k": secret})
    try:
        raise ValueError(secret)
    except ValueError:
        trace = traceback.format_exc()

    assert MARKER not in caplog.text + trace


def test_it_can_not_be_pickled() -> None:
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(Secret(MARKER))


def test_two_secrets_are_equal_by_their_text() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")
