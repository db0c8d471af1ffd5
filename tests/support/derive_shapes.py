"""Derive the table of shapes from Bybit's samples: `python tests/support/derive_shapes.py [FOLDER]`.

The folder holds `.jsonl` files and their `INDEX.tsv`; it is not part of this repository. The table is.
"""

import json
import os
import sys
from pathlib import Path

from bybit_shapes import ENUMS, FIXED, TOPICS, shape_of, words_of

TABLE = Path(__file__).with_name("bybit_shapes.json")


def samples_folder():
    """Where the samples are on this machine; the folder need not exist."""
    shared = os.environ.get("SYNTHTEST_SHARED") or Path(__file__).resolve().parents[3] / "shared"
    return Path(shared) / "reference" / "samples"


def samples_of(folder):
    """(file without its suffix, line number, kind, message) of each of Bybit's samples."""
    rows = [line.split("\t") for line in (folder / "INDEX.tsv").read_text().splitlines()[1:]]
    for name, number, kind, *_ in rows:
        if name.startswith("bybit-"):
            line = (folder / name).read_text().splitlines()[int(number) - 1]
            yield name.removesuffix(".jsonl"), int(number), kind, json.loads(line)


def table_of(folder):
    """Each sample's shape (equal shapes are kept once) and the words of all enum fields."""
    shapes, samples, words = [], [], set()
    for name, number, kind, message in samples_of(folder):
        # A request's words are what it asks for: they are kept.
        shape = shape_of(message, fixed=FIXED | ENUMS | TOPICS if "requests" in name else FIXED)
        if shape not in shapes:
            shapes.append(shape)
        samples.append([name, number, kind, shapes.index(shape)])
        words |= words_of(message)
    enums = {}
    for field, word in sorted(words):
        enums.setdefault(field, []).append(word)
    return {"enums": enums, "samples": samples, "shapes": shapes}


def text_of(table):
    """One line a row, so that a change can be read in a diff."""
    parts = [f' "enums": {json.dumps(table["enums"], ensure_ascii=False)}']
    for name in ("samples", "shapes"):
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in table[name])
        parts.append(f' "{name}": [\n  {lines}\n ]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else samples_folder()
    TABLE.write_text(text_of(table_of(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
