"""The pages of the faults, and the plans on them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from synthcore.exchange.faults.plan import FaultPlan
from synthcore.settings.yaml_text import read_yaml

FAULT_PAGES = Path(__file__).parents[2] / "docs" / "faults"


def page(name: str) -> str:
    return (FAULT_PAGES / f"{name}.md").read_text()


def yaml_blocks(text: str) -> list[dict[str, Any]]:
    return [read_yaml(FAULT_PAGES, block)[1] for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def examples(name: str) -> FaultPlan:
    """The one plan of a page."""
    (plan,) = yaml_blocks(page(name))
    return msgspec.convert(plan, FaultPlan)
