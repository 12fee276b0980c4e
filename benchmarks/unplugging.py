"""Every device of an emulated laboratory unplugged at every point of the main job.

    python -m benchmarks.unplugging [--devices NAME ...] [--every N] [--json]

For each combination a small run is made on real wires, the plug is pulled, and put in again once the
run has ended. Told are broken promises: the instrument was not safe within a second of the loss being
noticeable, the run did not pause with a reason, or did not go on to a whole volume. Minutes: some four
seconds each.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from scopeacq.journal.records import RunEnd
from tests.scenarios.unplugging import DEVICES, Unplugged, points_of, unplug


def tried(devices: Sequence[str], every: int) -> Iterator[Unplugged]:
    """All combinations, as they come."""
    with tempfile.TemporaryDirectory() as folder:
        n_points = len(points_of(Path(folder)))
    for n, (at, device) in enumerate((at, device) for at in range(n_points) for device in devices):
        if n % every == 0:
            with tempfile.TemporaryDirectory() as folder:
                yield unplug(Path(folder), device, at)


def told(one: Unplugged) -> str:
    """One combination on a line, and what was broken on others."""
    line = f"{one.device:18} {one.point:45} {one.end.value:9} safe after {one.late_s:5.3f} s"
    return "\n".join([line, *(f"    BROKEN: {trouble}" for trouble in one.troubles)])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", nargs="+", choices=DEVICES, default=DEVICES)
    parser.add_argument("--every", type=int, default=1, help="only every n-th combination")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    began_s, done = time.monotonic(), []
    for one in tried(arguments.devices, arguments.every):
        done.append(one)
        line = json.dumps(asdict(one), default=lambda end: end.value) if arguments.json else told(one)
        print(line, flush=True)
    broken, paused = sum(bool(one.troubles) for one in done), [o for o in done if o.end is RunEnd.PAUSED]
    print(
        f"{len(done)} combinations in {time.monotonic() - began_s:.0f} s: {len(paused)} paused the run, "
        f"the others did not need the device any more; safe after {max(o.late_s for o in done):.3f} s "
        f"at the latest; {broken} broke a promise.",
        file=sys.stderr,
    )
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
