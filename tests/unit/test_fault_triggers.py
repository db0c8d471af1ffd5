"""When faults strike: patterns, counting, order, chance; and what the record says."""

import asyncio
import random
import subprocess
import sys

import msgspec
import pytest

from synthcore.errors import ConfigError
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.drop_frame import DropFrame
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.faults.http_error import HttpError
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.plan import AnyFault, FaultPlan, read_plan
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.sequence_gap import SequenceGap
from synthcore.exchange.faults.skew_clock import SkewClock
from synthcore.exchange.faults.trigger import Happening, Pattern, Trigger, When, read_when


def fill(link="a-L-e0", **fields):
    return Happening(point="fill", link=link, **fields)


def reply(link="a-S-e0", **fields):
    return Happening(point="reply", path="/v5/order/create", link=link, code=0, **fields)


def strikes(text, *happenings, seed=1, age_ms=0.0):
    """For each happening, whether the fault strikes at it."""
    when = read_when(text)
    trigger = Trigger(when, random.Random(seed), when.after_ms)
    return [trigger.sees(happening, age_ms) for happening in happenings]


def test_it_strikes_at_the_first_match_and_once():
    assert strikes("fill", reply(), fill(), fill()) == [False, True, False]


def test_an_ordinal_counts_matches_only():
    assert strikes("2nd fill link=*-L-*", fill(), fill("a-S-e0"), fill(), fill()) == [
        False,
        False,
        True,
        False,
    ]


def test_a_count_strikes_that_often_and_always_for_ever():
    assert strikes("fill count=2", *[fill()] * 4) == [True, True, False, False]
    assert strikes("fill always", *[fill()] * 4) == [True] * 4


def test_what_comes_before_is_not_counted():
    """Of order 2's answers, the first after leg 1's fill."""
    text = "reply link=*-S-* after fill link=*-L-*"

    assert strikes(text, reply(), fill("a-S-e0"), reply(), fill(), reply(), reply()) == [
        False, False, False, False, True, False]  # fmt: skip


def test_all_that_must_come_first_may_come_in_any_order_and_as_often_as_said():
    text = "reply after 2nd fill and subscribe topic=order"
    subscribed = Happening(point="subscribe", topic="order")

    assert strikes(text, fill(), subscribed, reply(), fill(), reply()) == [False] * 4 + [True]


def test_one_happening_is_not_before_itself():
    assert strikes("fill after fill", fill(), fill()) == [False, True]


@pytest.mark.parametrize(
    ("text", "fits", "fits_not"),
    [
        ("reply code=0", {"code": 0}, {"code": 10006}),
        ("order reduce_only=true", {"reduce_only": True}, {"reduce_only": False}),
        ("order status=Part*", {"status": "PartiallyFilled"}, {"status": "Filled"}),
        ("request path=*/create", {"path": "/v5/order/create"}, {"path": "/v5/order/cancel"}),
        ("private topic=execution", {"topic": "execution"}, {"topic": "order"}),
        ("accepted symbol=ETH* side=Sell", {"symbol": "ETHUSDT", "side": "Sell"}, {"symbol": "ETHUSDT"}),
    ],
)
def test_what_is_given_must_fit(text, fits, fits_not):
    point = text.split()[0]

    assert strikes(text, Happening(point=point, **fits_not), Happening(point=point, **fits)) == [False, True]


def test_a_time_must_have_passed():
    assert strikes("fill after_ms=100", fill(), age_ms=99.9) == [False]
    assert strikes("fill after_ms=100", fill(), age_ms=100.0) == [True]


def test_a_chance_is_the_seeds_and_repeats():
    text, many = "fill always probability=0.3", [fill()] * 1000

    first, again, other = (strikes(text, *many, seed=seed) for seed in (1, 1, 2))

    assert first == again != other
    assert 250 < sum(first) < 350


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "must name one of start"),
        ("fil", "'fil' says nothing"),
        ("fill colour=red", "'colour=red' says nothing"),
        ("fill after", "what comes after `after`"),
        ("fill count=-1", "Expected `int` >= 0"),
        ("fill probability=2", "Expected `float` <= 1"),
        ("0th fill", "Expected `int` >= 1"),
    ],
)
def test_words_that_say_nothing_are_refused_with_what_is_wrong(text, word):
    with pytest.raises(ValueError) as refused:
        read_when(text)

    assert word in str(refused.value)


def test_words_and_data_say_the_same():
    said = read_when("3rd reply link=*-S-* after fill link=*-L-* count=2 probability=0.5")

    assert said == When(
        point="reply",
        link="*-S-*",
        nth=3,
        count=2,
        probability=0.5,
        after=(Pattern(point="fill", link="*-L-*"),),
    )


# The engine


class World:
    """Notes what faults do."""

    has_front = False

    def __init__(self):
        self.done = []

    def sockets(self, kind):
        self.done.append(f"sockets {kind}")
        return []

    def set_right(self):
        self.done.append("right")

    def skew_clock(self, by_ms, drift_ppm):
        self.done.append(f"skew {by_ms}")


def engine_of(*faults, seed=1):
    engine = FaultEngine(seed, World(), now_ms=lambda: 1000, now_s=lambda: 0.0)
    return engine, engine.add(faults)


def test_nothing_armed_watches_nothing():
    engine, _ = engine_of()

    assert not engine.watches("request", "reply", "fill", "private", "public", "accepted")


def test_a_fault_watches_its_point_and_what_must_come_first_until_it_is_spent():
    engine, _ = engine_of(LoseAnswer(when="reply after fill"))
    both = engine.watches("reply"), engine.watches("fill")
    engine.tell(fill())
    after_fill = engine.watches("reply"), engine.watches("fill")
    engine.call(reply())

    assert (both, after_fill) == ((True, True), (True, False))
    assert not engine.watches("reply")


def test_the_record_says_what_struck_when_and_at_what():
    engine, names = engine_of(RefuseCall(code=10016, name="boom", when="reply"), DropFrame())
    engine.call(reply("x"))

    (one,) = engine.facts()["injected"]

    assert names == ["boom", "drop_frame-2"]
    assert (one["number"], one["time_ms"], one["fault"], one["do"]) == (1, 1000, "boom", "refuse")
    assert (one["at"]["point"], one["at"]["link"]) == ("reply", "x")
    assert [(fault["struck"], fault["is_spent"]) for fault in engine.facts()["faults"]] == [
        (1, True), (0, False)]  # fmt: skip


def test_a_fault_without_a_point_in_the_protocol_strikes_when_it_is_added_and_alone():
    engine, _ = engine_of(SkewClock(ms=5))
    engine.add([SkewClock(ms=7)])

    assert engine._world.done == ["skew 5", "skew 7"]


def test_a_fault_of_the_world_may_strike_at_any_point():
    engine, _ = engine_of(CutSocket(socket="all", when="reply after fill"))

    engine.tell(fill())
    effects = engine.call(reply())

    assert (effects, engine._world.done) == ([], ["sockets all"])


def test_a_gap_is_as_many_frames_in_a_row_as_it_says():
    engine, _ = engine_of(SequenceGap(frames=2))
    frame = Happening(point="public", topic="orderbook.50.BTCUSDT")

    assert [len(engine.frame(frame)) for _ in range(3)] == [1, 1, 0]


def test_the_same_seed_and_plan_strike_at_the_same_happenings():
    plan = (
        DropFrame(when="private always probability=0.2"),
        DropFrame(when="private always probability=0.1"),
    )
    frame = Happening(point="private", topic="order")

    runs = []
    for _ in range(2):
        engine, _names = engine_of(*plan)
        runs.append([len(engine.frame(frame)) for _ in range(300)])

    assert runs[0] == runs[1]
    assert {0, 1, 2} >= set(runs[0]) > {0}


def test_what_is_cleared_strikes_no_more_and_stays_in_the_record():
    engine, _ = engine_of(DropFrame(when="private always"))
    frame = Happening(point="private", topic="order")
    engine.frame(frame)

    engine.clear()

    assert engine.frame(frame) == []
    assert len(engine.injected) == 1


# Sequences and times


def test_a_sequence_is_reached_once_the_number_is_not_hit():
    frames = [Happening(point="public", seq=seq) for seq in (7, 9, 12, 13)]

    assert strikes("public seq=10", *frames, Happening(point="public")) == [False, False, True, False, False]


def test_a_time_of_the_clock_and_one_since_the_start_are_waited_for():
    assert read_when("public at_ms=5000").wait_ms(1_700_000_000_000, 4000) == 1000
    assert read_when("public at_ms=1700000000500").wait_ms(1_700_000_000_000, 4000) == 500
    assert read_when("public after_ms=30 at_ms=1000").wait_ms(1_700_000_000_000, 4000) == 30


def test_a_trigger_at_a_time_has_nothing_after_it():
    with pytest.raises(ValueError, match="a trigger at a time"):
        read_when("time at_ms=5 after fill")


async def test_a_fault_that_is_disarmed_before_its_time_does_not_strike():
    engine, _ = engine_of(CutSocket(when="time after_ms=1"), SkewClock(when="time after_ms=2"))
    engine.clear()
    engine.add([SkewClock(ms=7, when="time after_ms=5")])

    while not engine.injected:
        await asyncio.sleep(0)

    assert [one.do for one in engine.injected] == ["skew_clock"]


@pytest.mark.parametrize(
    ("kind", "when", "word"),
    [
        (DropFrame, "reply path=*", "must say socket=trade"),
        (HttpError, "reply socket=trade", "REST only"),
        (LoseAnswer, "time at_ms=5", "not at time"),
    ],
)
def test_a_fault_where_it_can_do_nothing_is_refused(kind, when, word):
    with pytest.raises(ValueError, match=word):
        kind(when=when)


# Plans

KINDS = AnyFault.__args__


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_fault_has_a_default_that_is_right_and_survives_the_wire(kind):
    required = {"code": 10016, "ms": 5.0} if kind.__struct_config__.tag in ("refuse", "delay_call") else {}
    fields = {name: value for name, value in required.items() if name in kind.__struct_fields__}

    fault = kind(**fields)
    again = msgspec.json.decode(msgspec.json.encode(FaultPlan((fault,))), type=FaultPlan)

    assert isinstance(fault, Fault)
    assert again.faults == (fault,)
    assert fault.__doc__ and fault.trigger().point in fault.points


TOML = b"""
[[faults]]
do = "lose_answer"
when = "reply link=*-S-* after fill link=*-L-*"

[[faults]]
do = "refuse"
code = 10006
[faults.when]
point = "request"
path = "/v5/order/create"
after = [{point = "fill"}]
"""


def test_a_plan_is_read_from_toml_and_json_alike(tmp_path):
    (tmp_path / "plan.toml").write_bytes(TOML)
    from_toml = read_plan(tmp_path / "plan.toml")
    (tmp_path / "plan.json").write_bytes(msgspec.json.encode(from_toml))

    assert [fault.do for fault in from_toml.faults] == ["lose_answer", "refuse"]
    assert read_plan(tmp_path / "plan.json") == from_toml


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("nonsense", "Expected '='"),
        ('[[faults]]\ndo = "loose_answer"', "loose_answer"),
        ('[[faults]]\ndo = "lose_answer"\nwhen = "fill"', "can strike at request, reply, not at fill"),
        ('[[faults]]\ndo = "refuse"', "code"),
        ('[[faults]]\ndo = "drop_frame"\nnever = 1', "never"),
    ],
)
def test_a_plan_that_is_none_names_its_flaw_and_the_file(tmp_path, text, word):
    path = tmp_path / "plan.toml"
    path.write_text(text)

    with pytest.raises(ConfigError) as refused:
        read_plan(path)

    assert word in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_plan_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml"):
        read_plan(tmp_path / "none.toml")


YAML = """
faults:
  - do: lose_answer
    when: reply link=*-S-* after fill link=*-L-*
  - do: refuse
    code: 10006
    when: {point: request, path: /v5/order/create, after: [{point: fill}]}
"""


def test_yaml_says_the_same_as_toml(tmp_path):
    (tmp_path / "plan.toml").write_bytes(TOML)
    for name in ("plan.yaml", "plan.yml"):
        (tmp_path / name).write_text(YAML)

        assert read_plan(tmp_path / name) == read_plan(tmp_path / "plan.toml")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("faults: [", "plan.yaml:1"),
        ("faults:\n - do: loose_answer", "loose_answer"),
        ("- do: lose_answer", "Expected `object`, got `array`"),
        ("", "Expected `object`, got `null`"),
        ("faults: " + 1200 * "[", "must be valid YAML"),
    ],
)
def test_yaml_that_is_no_plan_is_one_sentence_with_the_file(tmp_path, text, word):
    path = tmp_path / "plan.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as refused:
        read_plan(path)

    assert word in str(refused.value)
    assert str(path) in str(refused.value)


def test_yaml_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "plan.yaml").write_text(YAML)
    (tmp_path / "plan.toml").write_bytes(TOML)

    with pytest.raises(ConfigError, match="pip install pyyaml"):
        read_plan(tmp_path / "plan.yaml")
    assert read_plan(tmp_path / "plan.toml").faults


def test_the_library_of_yaml_is_imported_for_a_yaml_file_only(tmp_path):
    (tmp_path / "plan.toml").write_bytes(TOML)
    (tmp_path / "plan.yaml").write_text(YAML)
    code = (
        "import sys; from pathlib import Path; from synthcore.exchange.faults.plan import read_plan\n"
        "for name in sys.argv[1:]: read_plan(Path(name)); print('yaml' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "plan.toml"), str(tmp_path / "plan.yaml")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["False", "True"]
