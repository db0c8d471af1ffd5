"""One process per account, and never a lock that nobody holds."""

import os
import signal
import subprocess
import sys

import pytest

from synthcore.errors import ConfigError
from synthcore.execution.lock import AccountLock, account_id

HOLD = """
import sys, time
from pathlib import Path
from synthcore.execution.lock import AccountLock
with AccountLock("a", Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_one_is_told_who_holds_it(tmp_path):
    with AccountLock("a", tmp_path), pytest.raises(ConfigError, match=f"process {os.getpid()} trades"):
        AccountLock("a", tmp_path).acquire()


def test_another_account_is_free(tmp_path):
    with AccountLock("a", tmp_path):
        assert AccountLock("b", tmp_path).is_free()
        assert not AccountLock("a", tmp_path).is_free()


def test_it_leaves_no_file(tmp_path):
    with AccountLock("a", tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_dead_holder_s_lock_is_free_at_once(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(ConfigError, match=f"process {holder.pid}"):
        AccountLock("a", tmp_path).acquire()

    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()

    with AccountLock("a", tmp_path):
        pass


def test_an_account_s_name_tells_no_key():
    name = account_id("https://api.bybit.com", "marker-key", "st")

    assert "marker" not in name
    assert name != account_id("https://api-testnet.bybit.com", "marker-key", "st")
    assert name != account_id("https://api.bybit.com", "marker-kez", "st")
