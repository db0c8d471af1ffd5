"""Every fault, point and key of the trigger language is in docs/faults.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from synthcore.exchange.faults.plan import AnyFault, FaultPlan
from synthcore.exchange.faults.trigger import POINTS, TEXTS

FAULTS = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
KINDS: tuple[Any, ...] = AnyFault.__args__  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_a_fault_is_documented_with_its_settings_and_default(kind: Any) -> None:
    (row,) = [line for line in FAULTS.splitlines() if line.startswith(f"| `{kind.__struct_config__.tag}` |")]

    for name in set(kind.__struct_fields__) - {"name", "when"}:
        assert f"`{name}`" in row
    assert kind.default in row or "as above" in row


@pytest.mark.parametrize("name", [*POINTS, *TEXTS, "code", "reduce_only", "seq", "at_ms", "after_ms"])
def test_a_point_and_a_key_are_documented(name: str) -> None:
    assert f"`{name}`" in FAULTS


def test_the_shipped_schema_is_of_the_plans_that_are_read() -> None:
    """Made anew with: msgspec.json.schema(FaultPlan), keys sorted, two spaces."""
    shipped = Path(__file__).parents[2] / "synthcore" / "data" / "faults.schema.json"

    made = msgspec.json.encode(msgspec.json.schema(FaultPlan), order="deterministic")
    assert msgspec.json.format(made, indent=2) + b"\n" == shipped.read_bytes()
