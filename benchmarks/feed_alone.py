"""A feed in a process of its own: what its frames took from their writing to their publishing, no trading.

It measures from the first line on its standard input until that ends, then prints p50, p99 and count in ns.
"""

from __future__ import annotations

import json
import sys

from synthcore._core.affinity import choose_cores
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.symbols import SymbolTable
from synthcore.feed.connector import BybitWebSocketConnector
from synthcore.feed.thread import FeedThread
from synthcore.qualification import QualificationRules


def main(url: str, names: str) -> None:
    symbols = SymbolTable(len(names.split(",")))
    for name in names.split(","):
        symbols.add(name)
    kernel = Kernel(len(symbols), QualificationRules())
    kernel.halted = True
    with Pipeline(kernel) as pipeline:
        pipeline.start("inline")
        connector = BybitWebSocketConnector(url, symbols, sink=pipeline)
        feed = FeedThread(connector.run, core=choose_cores()[0], urgent=True)
        feed.start()
        sys.stdin.readline()
        kernel.halted = False
        sys.stdin.read()
        took = pipeline.sent_to_queue.summary()
        feed.stop()
    print(json.dumps({name: took[name] for name in ("p50", "p99", "count")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
