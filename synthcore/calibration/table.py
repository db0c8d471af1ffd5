"""The table of differences as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from synthcore.calibration.difference import Difference

HEAD = "| Call | Field | Difference | Ours | Theirs |\n|---|---|---|---|---|"


def markdown(found: Sequence[Difference], calls: int) -> str:
    """Write the differences as a Markdown table, with a line that says how much was compared."""
    if not found:
        return f"No difference in {calls} calls and topics."
    rows = [
        f"| {_cell(row.call)} | {f'`{row.path}`' if row.path else ''} | {row.kind}"
        f" | {_cell(row.ours)} | {_cell(row.theirs)} |"
        for row in found
    ]
    alike = calls - len({row.call for row in found})
    return "\n".join(
        [HEAD, *rows, "", f"{len(found)} differences; {alike} of {calls} calls and topics have none."]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
