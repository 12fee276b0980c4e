"""Random sequences of faults on a tiny twin: which promises were broken, by the truth that nature tells.

    python benchmarks/fault_sequences.py [--count N] [--seed N] [--workers N] [--json]

A sequence starts the program up to nine times on one run, with faults of every kind on every
device, kills at any deed, silences, a full disk and an operator's requests; what is checked
afterwards stands in ``tests/scenarios/promises.py``. Seeds count from ``--seed``; a seed that is
named here fails again with ``--seed THAT --count 1``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from scopeacq.journal.records import RunEnd
from tests.scenarios.sequences import Outcome, run_sequence

REPORT_EVERY = 500
ENDS = {end.value for end in RunEnd} | {"killed"}


def in_a_folder(seed: int) -> Outcome:
    """One sequence in a folder that goes away."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        return run_sequence(seed, Path(folder))


def outcomes(seeds: range, workers: int) -> Iterator[Outcome]:
    """All outcomes, as they come; each worker lives for some hundred sequences only."""
    with get_context("spawn").Pool(workers, maxtasksperchild=25) as pool:
        yield from pool.imap_unordered(in_a_folder, seeds, chunksize=20)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began_s, ends, broken = time.monotonic(), Counter[str](), dict[int, list[str]]()
    openings = done = 0
    for outcome in outcomes(range(arguments.seed, arguments.seed + arguments.count), arguments.workers):
        done, openings = done + 1, openings + outcome.openings
        ends.update(end if end in ENDS else end.split(":")[0] for end in outcome.ends)
        if outcome.broken:
            broken[outcome.seed] = outcome.broken
            print(f"seed {outcome.seed}: {' '.join(outcome.broken)}", file=sys.stderr, flush=True)
        if done % REPORT_EVERY == 0:
            print(f"{done} of {arguments.count}", file=sys.stderr, flush=True)
    figures = {
        "sequences": done,
        "openings": openings,
        "ends": dict(ends),
        "sequences_with_broken_promises": len(broken),
        "broken": broken,
        "seconds": time.monotonic() - began_s,
    }
    print(json.dumps(figures) if arguments.json else "\n".join(f"{k:32} {v}" for k, v in figures.items()))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
