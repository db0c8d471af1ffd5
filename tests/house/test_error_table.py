"""The table of error classes in the documentation is the one in the code."""

import re
from pathlib import Path

from synthcore.venues.bybit.codes import CODES, ErrorClass

DOC = Path(__file__).parents[2] / "docs" / "execution.md"
ROW = re.compile(r"^\| `(\w+)` \|[^|]+\| ([-\d, ]+) \|$", re.MULTILINE)


def test_every_code_is_documented_under_its_class():
    documented = {
        int(code): name for name, codes in ROW.findall(DOC.read_text()) for code in codes.split(", ")
    }

    assert documented == {code: str(row.for_order) for code, row in CODES.items()}


def test_every_class_has_its_rule():
    assert {name for name, _ in ROW.findall(DOC.read_text())} == {str(each) for each in ErrorClass}
