"""What the exchange writes never takes the place of a device, a pipe or a folder."""

import os
import stat

import pytest

from synthcore.errors import ConfigError
from synthcore.exchange import server
from synthcore.exchange.in_process.input_log import Head, InputLog
from synthcore.exchange.regular_file import require_regular
from synthcore.exchange.settings import ExchangeSettings


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_ready_file_that_is_a_pipe_is_refused_before_anything_starts(pipe):
    with pytest.raises(ConfigError, match=f"must be a regular file, but {pipe} is .*ready_file"):
        server.serve(ExchangeSettings(market="steady", ready_file=str(pipe)))

    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_input_log_that_is_a_pipe_is_refused(pipe):
    with pytest.raises(ConfigError, match=f"must be a regular file, but {pipe} is .*input_log"):
        InputLog(pipe, Head(0, (), ExchangeSettings()))

    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_and_a_link_to_a_pipe_are_refused(pipe, tmp_path):
    (tmp_path / "link").symlink_to(pipe)

    for path in (tmp_path, tmp_path / "link"):
        with pytest.raises(ConfigError, match="must be a regular file"):
            require_regular(path, "ready file", "ready_file")


def test_a_new_file_and_an_older_one_are_taken(tmp_path):
    (tmp_path / "old").touch()

    for name in ("old", "new"):
        require_regular(tmp_path / name, "ready file", "ready_file")
