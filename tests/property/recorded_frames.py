"""The frames to parse: hand-made ones from the repository, recorded ones where they are at hand."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "data" / "frames"
SHARED = Path(os.environ.get("SYNTHTEST_SHARED", ROOT.parent / "shared"))
RECORDED_BOOK = SHARED / "data" / "bybit" / "ws_v5_orderbook1_BTCUSDT_20241108.jsonl.gz"
RECORDED_PUBLIC = SHARED / "data" / "bybit" / "ws_v5_public_20260809_BTC_SOL_DOGE.jsonl.gz"
LINEAR_CONNECTION = "BYBIT.ws.2"


def corpus() -> list[dict[str, Any]]:
    """Every hand-made case: name, frames in order, their outcomes, the last quote, who decided last."""
    return [
        json.loads(line) | {"file": path.stem}
        for path in sorted(CORPUS.glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def recorded() -> dict[str, list[bytes]]:
    """The recorded frames by file, each as received; empty where the recordings are absent."""
    if not RECORDED_BOOK.exists() or not RECORDED_PUBLIC.exists():
        return {}
    with gzip.open(RECORDED_BOOK) as lines:
        book = [line.rstrip(b"\n") for line in lines]
    with gzip.open(RECORDED_PUBLIC, "rt") as lines:
        records = [json.loads(line) for line in lines]
    public = [
        record["data"].encode()
        for record in records
        if record["t"] == "recv" and record["conn"] == LINEAR_CONNECTION
    ]
    return {"orderbook.1 of 2024": book, "public of 2026": public}
