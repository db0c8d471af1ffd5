"""The exchange as a process: ready line, ready file, clean end, death with its parent, clear refusals."""

import asyncio
import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from synthcore._core.affinity import take_precedence
from synthcore.errors import ConfigError, VenueUnreachable
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

WAIT_S = 15.0
STEADY = ExchangeSettings(market="steady")


def command(**settings):
    return [sys.executable, "-m", "synthcore.exchange", json.dumps({"market": "steady", **settings})]


def started(**settings):
    process = subprocess.Popen(command(**settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    readable, _, _ = select.select([process.stdout], [], [], WAIT_S)
    assert readable, "no ready line in time"
    return process, json.loads(process.stdout.readline())


def refusal_of(**settings):
    done = subprocess.run(command(**settings), capture_output=True, timeout=WAIT_S, check=False)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number, tmp_path):
    ready_file = tmp_path / "ready.json"
    process, ready = started(ready_file=str(ready_file))
    written = json.loads(ready_file.read_text())
    mode = stat.S_IMODE(ready_file.stat().st_mode)

    with httpx.Client(base_url=ready["rest"]) as http:  # a connection that is kept alive must not hold it up
        http.get("/v5/market/time")
        process.send_signal(number)
        code = process.wait(WAIT_S)
    out, err = process.communicate()

    assert (code, out, err) == (0, b"", b"")
    assert written == ready
    assert mode == 0o600
    assert list(tmp_path.iterdir()) == []


def test_the_ready_line_has_addresses_key_pid_and_instance():
    process, ready = started()
    process.terminate()
    process.communicate(timeout=WAIT_S)

    assert set(ready) == {
        "rest",
        "ws_public",
        "ws_private",
        "ws_trade",
        "ca_file",
        "control_token",
        "api_key",
        "api_secret",
        "accounts",
        "pid",
        "instance_id",
        "flavours",
        "second_venue",
    }
    assert ready["pid"] == process.pid
    assert ready["ws_public"].endswith("/v5/public/linear")
    assert ready["ws_private"].endswith("/v5/private")
    assert ready["ws_trade"].endswith("/v5/trade")


def test_each_instance_has_its_own_key_and_id():
    with ExchangeProcess(STEADY) as one, ExchangeProcess(STEADY) as other:
        assert one.instance_id != other.instance_id
        assert one.api_secret != other.api_secret
        assert one.rest != other.rest


def test_the_repr_of_a_ready_line_holds_no_secret():
    with ExchangeProcess(STEADY) as ready:
        assert ready.api_secret not in repr(ready)
        assert ready.api_secret not in Path(f"/proc/{ready.pid}/cmdline").read_text()


async def test_it_can_be_started_from_an_event_loop():
    beats = 0

    async def beat():
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    async with ExchangeProcess(STEADY) as ready:
        beating.cancel()
        async with httpx.AsyncClient() as http:
            reply = await http.get(ready.rest + "/v5/market/time")

    assert reply.json()["retCode"] == 0
    assert beats > 1  # waiting for it did not block the loop


def test_it_dies_with_a_parent_that_was_killed():
    code = """
        import time
        from synthcore.exchange.process import ExchangeProcess
        from synthcore.exchange.settings import ExchangeSettings

        print(ExchangeProcess(ExchangeSettings(market="steady")).start().pid, flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    exchange_pid = int(parent.stdout.readline())
    watched = os.pidfd_open(exchange_pid)

    parent.kill()
    parent.communicate(timeout=WAIT_S)

    ended, _, _ = select.select([watched], [], [], WAIT_S)
    os.close(watched)
    assert ended


def test_a_parent_that_is_gone_before_the_start_means_no_start():
    done = subprocess.run(
        command(die_with_parent=True, parent_pid=1), capture_output=True, timeout=WAIT_S, check=False
    )

    assert (done.returncode, done.stdout) == (0, b"")


def test_it_runs_before_ordinary_processes_if_asked():
    with ThreadPoolExecutor(1) as pool:
        if not pool.submit(take_precedence).result().held:
            pytest.skip("real-time scheduling isn't allowed here")
    for realtime, policy in ((True, os.SCHED_FIFO), (False, os.SCHED_OTHER)):
        with ExchangeProcess(structs.replace(STEADY, realtime=realtime)) as ready:
            assert os.sched_getscheduler(ready.pid) & ~os.SCHED_RESET_ON_FORK == policy


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes the right away")
def test_where_that_is_refused_it_says_so_and_serves():
    without = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]
    process = subprocess.Popen(
        [*without, *command(realtime=True)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert httpx.get(json.loads(process.stdout.readline())["rest"] + "/v5/market/time").status_code == 200
    process.terminate()
    said = "the exchange goes on as an ordinary process: real-time scheduling was refused"
    assert process.stderr.read().decode() == f"{said}: Operation not permitted\n"
    assert process.wait(WAIT_S) == 0


def test_stopping_twice_and_without_a_start_does_no_harm():
    process = ExchangeProcess(STEADY)
    assert process.stop() is None
    process.start()

    assert process.stop() == 0
    assert process.stop() is None
    assert not process.is_running


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rest_port": 70000}, ["$.rest_port"]),
        ({"speed": 0}, ["$.speed"]),
        ({"speed": "max"}, ["speed", "max", "name a recording"]),
        ({"second_venue": True, "second_half_life_s": 0}, ["$.second_half_life_s"]),
        ({"second_venue": True, "ws_port": 65534}, ["ws_port must be at most 65533"]),
        ({"symbols": ["NOPEUSDT"]}, ["NOPEUSDT", "symbols"]),
        ({"symbols": []}, ["symbols"]),
        ({"wallet_usdt": "-5"}, ["wallet_usdt", "-5"]),
        ({"wallet_usdt": "NaN"}, ["wallet_usdt"]),
        ({"rate_tier": "11"}, ["$.rate_tier"]),
        ({"nonsense": 1}, ["nonsense"]),
        ({"ready_file": "/nowhere/at/all.json"}, ["ready_file", "/nowhere/at/all.json"]),
        ({"market": "/nowhere.jsonl"}, ["/nowhere.jsonl"]),
        ({"input_log": "input.jsonl", "state": "state"}, ["input_log", "state"]),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_sentence(settings, words):
    code, said = refusal_of(**settings)

    assert code == 2
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    for word in words:
        assert word in said


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ExchangeSettings(market="steady", rest_port=port)

        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port}.*rest_port"):
            ExchangeProcess(settings).start()


def test_one_that_does_not_get_ready_is_reported_and_leaves_nothing():
    process = ExchangeProcess(STEADY, ready_within_s=0.001)

    with pytest.raises(VenueUnreachable, match=r"ready within 0.001 s"):
        process.start()

    assert process.pid is None


def test_whoever_reads_the_ready_line_finds_every_contract_priced():
    with ExchangeProcess(STEADY) as ready:
        rows = httpx.get(f"{ready.rest}/v5/market/tickers?category=linear").json()["result"]["list"]

    assert {row["symbol"] for row in rows} == set(STEADY.symbols)
    assert all(row["markPrice"] for row in rows)


async def test_a_start_that_is_cancelled_leaves_no_process():
    process = ExchangeProcess(STEADY)
    starting = asyncio.create_task(process.astart())
    while process.pid is None:
        await asyncio.sleep(0)
    watched = os.pidfd_open(process.pid)

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    ended, _, _ = select.select([watched], [], [], WAIT_S)
    os.close(watched)
    assert ended
