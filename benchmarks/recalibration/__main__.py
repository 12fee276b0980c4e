"""Carries the benchmark out; see the package."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

import benchmarks.recalibration as package
from benchmarks.recalibration.machines import TISSUES, Machine
from benchmarks.recalibration.measuring import Left, Outcome, exactly_known, home, recalibrated
from benchmarks.recalibration.report import Kept, passed, plot, table


def main() -> int:
    """Exit status 1 when a recalibration that counts as good leaves more than it may."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recalibration", description=package.__doc__)
    parser.add_argument("--twins", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("recalibration.json"))
    parser.add_argument("--go-on", action="store_true", help="keep what the file holds already")
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    kept: Kept = json.loads(asked.out.read_text()) if asked.go_on and asked.out.exists() else {}
    work: dict[str, Callable[[], Left | Outcome]] = {f"home-{t}": partial(home, t) for t in TISSUES}
    twins = [f"twin-{n}" for n in range(asked.twins)]
    for number, name in enumerate(twins):
        work[name] = partial(recalibrated, Machine.drawn(number))
        work[f"known-{number}"] = partial(exactly_known, Machine.drawn(number))
    for name, measure in work.items():
        if name not in kept:
            kept[name] = asdict(measure())
            asked.out.write_text(json.dumps(kept, indent=1))
            print(
                f"{name}: {np.mean((kept[name].get('after') or kept[name])['um']):.3f} um left", flush=True
            )
    print(table(kept))
    print(f"Passed: {sum(passed(kept, name) for name in twins)} of {len(twins)}")
    if asked.plots:
        plot(kept, asked.plots / "recalibration.svg")
    return 0 if all(passed(kept, name) for name in twins) else 1


if __name__ == "__main__":
    raise SystemExit(main())
