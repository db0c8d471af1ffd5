"""The recording that ships: a minute of the generator, reproducible to the byte.

python -m synthcore.exchange.market.sample FILE
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from synthcore.exchange.market.generator import START_MS, Generator
from synthcore.exchange.market.instruments import instruments_for
from synthcore.recording import RecordingHeader, RecordingWriter

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SEED = 20260809
SECONDS = 60
DEPTHS = (50,)
SAMPLE = Path(__file__).parents[2] / "data" / "sample.jsonl.gz"


def write_sample(path: Path) -> None:
    """Write the sample recording. The same code gives the same bytes, wherever it runs."""
    instruments = instruments_for(SYMBOLS)
    header = RecordingHeader(
        created=datetime.fromtimestamp(START_MS / 1000, UTC).isoformat(),
        environment="embedded",
        symbols=SYMBOLS,
        instruments=tuple(instruments),
        source=f"generator, seed {SEED}",
    )
    with RecordingWriter(path, header) as writer:
        for frame in Generator(instruments, SEED, depths=DEPTHS).frames():
            if frame.due_ns >= SECONDS * 1_000_000_000:
                return
            writer.append(START_MS * 1_000_000 + frame.due_ns, "public.0", frame.text)


if __name__ == "__main__":
    write_sample(Path(sys.argv[1]))
