"""The state's file and folder: a record is whole or not there; damage, strangers and full disks are said."""

import stat

import msgspec
import pytest
from kept_world import KeptWorld, everything

from synthcore.errors import ConfigError
from synthcore.exchange.state import record_file, store
from synthcore.exchange.state.folder import StateFolder
from synthcore.exchange.state.record_file import RecordFile, framed, read_records
from synthcore.exchange.state.shapes import FORMAT, Origin

NO_ROOM = OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    monkeypatch.setattr(record_file, "RESERVED_BYTES", 1 << 12)
    monkeypatch.setattr(record_file, "STEP_BYTES", 1 << 12)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state"


def traded(path):
    """A world that has filled, rested and protected."""
    world = KeptWorld(path)
    world.order("Buy", "0.01")
    world.keep()
    world.order("Sell", "0.02", "60100", order_link_id="mine")
    world.keep()
    return world


def cut(path, end):
    """Leave the first `end` bytes, and zeros behind them, as a write that was cut short does."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(end)
        file.truncate(size)


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("is_filled_up", [False, True], ids=["cut off", "zeros behind"])
def test_a_record_that_was_cut_at_any_byte_is_dropped_whole(path, is_filled_up):
    whole = b"".join(framed(payload) for payload in (b"first", b"second"))
    before, after = len(framed(b"first")), len(whole)

    for end in range(before, after):
        data = whole[:end] + bytes(100 if is_filled_up else 0)
        assert read_records(data, path) == ([b"first"], before)


def test_a_restart_after_a_cut_is_one_before_the_last_act(path):
    world = traded(path)
    start, before = world.end, everything(world)
    world.order("Buy", "0.01")
    world.keep()
    end = world.end
    world.kill()
    written = path.read_bytes()

    for cut_at in (*range(start, end, 61), end - 1):
        path.write_bytes(written)
        cut(path, cut_at)
        world.start()
        assert everything(world) == before
        world.kill()


def test_damage_is_named_and_the_file_left_as_it_is(path):
    world = traded(path)
    end = world.end
    world.kill()
    whole = path.read_bytes()

    for at in (0, 5, 9, 40, end // 2, end - 1):
        flip(path, at)
        harmed = path.read_bytes()

        with pytest.raises(ConfigError, match=r"damaged at byte \d+.*setting state"):
            RecordFile.open(path)

        assert path.read_bytes() == harmed
        path.write_bytes(whole)


def test_a_file_is_written_anew_when_it_has_grown(path, monkeypatch):
    monkeypatch.setattr(store, "GROWTH_BYTES", 2000)
    world = traded(path)
    sizes = set()

    for _ in range(60):
        world.cancel(world.order("Buy", "0.01", "59000"))
        world.keep()
        sizes.add(world.end)

    assert min(sizes) < max(sizes) - 1000  # it has shrunk on the way
    before = everything(world)
    world.kill()
    world.start()
    assert everything(world) == before
    world.kill()


def test_a_new_file_that_finds_no_room_leaves_the_old_one_in_use(path, monkeypatch):
    world = traded(path)
    world.kill()
    with monkeypatch.context() as patch:
        patch.setattr(RecordFile, "create", refuse)
        world.start()
    world.order("Buy", "0.01", "59000")
    world.keep()
    before = everything(world)
    world.kill()

    world.start()

    assert everything(world) == before
    world.kill()


def test_a_write_that_fails_ends_it_all_and_is_said_once(path, monkeypatch):
    world = traded(path)
    before, said = everything(world), []
    world.store.tell_failed = said.append
    monkeypatch.setattr(RecordFile, "append", refuse)

    world.order("Buy", "0.01", "59000")
    kept = [world.store.commit(), world.store.commit()]

    assert kept == [False, False]
    assert not world.store.has_room()
    assert [str(error).count("No space left") for error in said] == [1]
    monkeypatch.undo()
    world.kill()
    world.start()
    assert everything(world) == before
    world.kill()


def refuse(*args):
    raise NO_ROOM


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": FORMAT + 1}, f"of this version \\(format {FORMAT}\\).* is of format {FORMAT + 1}"),
        ({"shape": 1}, "with other fields"),
        ({"settings": {"market": "steady"}}, "was made with market steady, not generator"),
        ({"contracts": {"BTCUSDT": "0"}}, "BTCUSDT has other rules"),
    ],
)
def test_a_state_of_another_exchange_is_refused_and_left_as_it_is(path, change, words):
    world = traded(path)
    world.kill()
    file, payloads = RecordFile.open(path)
    file.close()
    origin = msgspec.msgpack.decode(payloads[0], type=Origin)
    payloads[0] = msgspec.msgpack.encode(msgspec.structs.replace(origin, **change))
    RecordFile.create(path, payloads).close()
    before = path.read_bytes()

    with pytest.raises(ConfigError, match=words):
        world.start()
    world.kill()

    assert path.read_bytes().rstrip(b"\0") == before.rstrip(b"\0")


@pytest.mark.parametrize("content", [b"", bytes(5000)], ids=["empty", "zeros"])
def test_a_file_without_a_beginning_is_no_state(path, content):
    world = traded(path)
    world.kill()
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="must begin with what it was made with"):
        world.start()
    world.kill()


def test_a_folder_is_its_owners_and_serves_one_at_a_time(tmp_path):
    folder = tmp_path / "deep" / "state"

    with StateFolder(folder) as held:
        instance_id = held.instance_id
        with pytest.raises(ConfigError, match=r"serves one exchange at a time.*setting state"):
            StateFolder(folder)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]

    assert modes == [0o700, 0o600]
    with StateFolder(folder) as again:
        assert again.instance_id == instance_id


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("here already")

    with pytest.raises(ConfigError, match=r"can be written, but .*file/state is not.*setting state"):
        StateFolder(tmp_path / "file" / "state")
