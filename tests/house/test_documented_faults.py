"""Every fault has its page, and every fault, point and key of the trigger language is in docs/faults.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from fault_pages import FAULT_PAGES, examples, page, yaml_blocks

from synthcore.exchange.faults.plan import AnyFault, FaultPlan, read_plan
from synthcore.exchange.faults.trigger import POINTS, TEXTS

FAULTS = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
SCHEMA = Path(__file__).parents[2] / "synthcore" / "data" / "faults.schema.json"
KINDS: tuple[Any, ...] = AnyFault.__args__  # type: ignore[attr-defined]
NAMES = [str(kind.__struct_config__.tag) for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_fault_is_documented_with_its_settings_and_default(kind: Any) -> None:
    name = kind.__struct_config__.tag
    (row,) = [line for line in FAULTS.splitlines() if line.startswith(f"| [`{name}`](faults/{name}.md) |")]

    for field in set(kind.__struct_fields__) - {"name", "when"}:
        assert f"`{field}`" in row
    assert kind.default in row or "as above" in row


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_fault_has_a_page_with_settings_defaults_and_advice(kind: Any) -> None:
    name = kind.__struct_config__.tag
    text = page(name)

    assert text.startswith(f"# `{name}`\n")
    assert f"`{kind.default}`" in text
    for field in msgspec.structs.fields(kind):
        if field.name in ("name", "when"):
            continue
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{field.name}` |")]
        default = "–" if field.default in (None, "") else str(field.default).removesuffix(".0")
        assert default in row or (field.required and "must be given" in row)
    assert "**What a client sees.**" in text
    assert "**What a good client does.**" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_page_is_that_fault(name: str) -> None:
    assert [fault.do for fault in examples(name).faults] == [name]


def test_there_is_no_page_of_a_fault_that_is_none() -> None:
    assert {path.stem for path in FAULT_PAGES.glob("*.md")} == set(NAMES)


@pytest.mark.parametrize("name", [*POINTS, *TEXTS, "code", "reduce_only", "seq", "at_ms", "after_ms"])
def test_a_point_and_a_key_are_documented(name: str) -> None:
    assert f"`{name}`" in FAULTS


def test_the_shipped_schema_is_of_the_plans_that_are_read() -> None:
    """Made anew with: msgspec.json.schema(FaultPlan), keys sorted, two spaces."""
    made = msgspec.json.encode(msgspec.json.schema(FaultPlan), order="deterministic")
    assert msgspec.json.format(made, indent=2) + b"\n" == SCHEMA.read_bytes()


def documented_plans() -> list[dict[str, Any]]:
    texts = [FAULTS, *(page(name) for name in NAMES)]
    return [plan for text in texts for plan in yaml_blocks(text)]


def test_the_schema_takes_every_documented_example() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()))

    assert len(documented_plans()) == len(NAMES) + 1
    for plan in documented_plans():
        validator.validate(plan)


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "loose_answer"},
        {"do": "refuse"},
        {"do": "drop_frame", "never": 1},
        {"do": "cut_socket", "how": "x"},
    ],
)
def test_the_schema_refuses_what_is_no_fault(fault: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"faults": [fault]}, json.loads(SCHEMA.read_bytes()))


def test_the_plan_at_the_top_of_the_page_is_read(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(FAULTS.split("```yaml\n")[1].split("```")[0])

    assert [fault.do for fault in read_plan(path).faults] == ["lose_answer", "refuse"]
