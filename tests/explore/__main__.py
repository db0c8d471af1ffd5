"""The command: every interleaving within the bounds, in numbers."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time

from msgspec.structs import asdict

from .bounds import Bounds
from .search import Search


def main() -> int:
    """Explore, print one object, and fail on the first broken promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.explore", description=__doc__)
    parser.add_argument("--faults", type=int, default=2, help="that may happen in one run (2)")
    parser.add_argument("--crashes", type=int, default=1, help="of our process in one run (1)")
    parser.add_argument("--thin", action="store_true", help="entries may fill in part without a fault")
    parser.add_argument("--outage", action="store_true", help="the exchange may fall silent, as one fault")
    parser.add_argument("--lag", action="store_true", help="positions may be shown late, as one fault")
    parser.add_argument("--amend", action="store_true", help="an entry may be amended to more, as one fault")
    parser.add_argument("--states", type=int, help="stop there, and say how far it came (no end)")
    given = parser.parse_args()
    bounds = Bounds(
        faults=given.faults,
        crashes=given.crashes,
        is_thin=given.thin,
        may_die=given.outage,
        may_lag=given.lag,
        may_amend=given.amend,
    )

    found = Search(bounds).run(given.states)

    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            asdict(bounds)
            | asdict(found)
            | {"cpu_s": round(time.process_time(), 1), "max_mb": usage.ru_maxrss // 1024}
        )
    )
    return 0 if found.violation is None else 1


if __name__ == "__main__":
    sys.exit(main())
