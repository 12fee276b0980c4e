"""Whether the next scan waits for writing and judging the last one: with the real clock, on a slow disk.

    python benchmarks/overlap.py [--tiles N] [--write-ms MS] [--scan-ms MS] [--json]

A plane takes ``--write-ms`` to be written and a judge of half that on top; a frame takes ``--scan-ms``.
One after the other that would be the sum for each tile.

between_scans_ms    median time from the begin of one tile's scan to the begin of the next
serial_ms           what it would be if the scan waited: scan, write and judge
waited_ms           between_scans_ms less the scan itself: moves, read-backs and the journal
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.protocols import Scanner
from hardware.types import Frame, FrameSettings
from models.estimate import Sharpness
from scopeacq.engine.imaging import Imager
from scopeacq.engine.rig import Rig
from scopeacq.plan.project import FocusPolicy, FocusSettings
from scopeacq.storage.files import FileEvent, SyncFile, perform_on_disk
from tests.scenarios.harness import TinyRun, judged, tiny_project

TILE_PX = 64


@dataclass
class SlowScanner:
    """A scanner that takes real time for a tile, and notes when each began."""

    scanner: Scanner
    scan_s: float
    began_s: list[float] = field(default_factory=list)

    def acquire(self, settings: FrameSettings) -> Frame:
        if settings.width_px == TILE_PX and settings.dwell_ns == TILE_DWELL_NS:
            self.began_s.append(time.monotonic())
            time.sleep(self.scan_s)
        return self.scanner.acquire(settings)

    def abort(self) -> None:
        self.scanner.abort()


TILE_DWELL_NS = 60.0
"""By which a tile is told from a focus image of the same size."""


@dataclass(frozen=True)
class SlowJudge:
    """A judge that takes real time."""

    judge_s: float
    name: str = "slow"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        return self.assess(image, pixel_size_nm).blur_um

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        time.sleep(self.judge_s)
        return judged(0.5)


def measure(folder: Path, tiles: int, scan_s: float, write_s: float) -> list[float]:
    """Times from scan to scan of one section's tiles [s]."""
    project = tiny_project(
        cycles=1,
        tiles=tiles,
        focus=FocusSettings(width_px=TILE_PX, height_px=TILE_PX, policy=FocusPolicy.FIRST_OF_SECTION),
    )
    imaging = project.imaging.model_copy(update={"dwell_ns": TILE_DWELL_NS, "grid_rows": 2})
    run = TinyRun.make(folder, project.model_copy(update={"imaging": imaging}))
    scanners: list[SlowScanner] = []

    def on_slow_disk(event: FileEvent) -> None:
        if isinstance(event, SyncFile) and "takes" in event.path.parts:
            time.sleep(write_s)
        perform_on_disk(event)

    def altered(rig: Rig) -> Rig:
        devices = rig.devices
        scanners.append(SlowScanner(devices.scanner, scan_s))
        imager = Imager(devices.column, scanners[-1], devices.detector)
        return replace(rig, imager=imager, scorer=SlowJudge(write_s / 2))

    run.perform, run.altered = on_slow_disk, altered
    with run.start() as program:
        program.engine.run()
    return [after - before for before, after in pairwise(scanners[0].began_s)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, default=20)
    parser.add_argument("--write-ms", type=float, default=200.0)
    parser.add_argument("--scan-ms", type=float, default=300.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    scan_s, write_s = arguments.scan_ms * 1e-3, arguments.write_ms * 1e-3
    with tempfile.TemporaryDirectory() as folder:
        gaps_s = measure(Path(folder), -(-arguments.tiles // 2), scan_s, write_s)
    between_ms = 1e3 * statistics.median(gaps_s)
    figures = {
        "tiles": len(gaps_s) + 1,
        "scan_ms": arguments.scan_ms,
        "write_ms": arguments.write_ms,
        "judge_ms": arguments.write_ms / 2,
        "between_scans_ms": between_ms,
        "serial_ms": arguments.scan_ms + 1.5 * arguments.write_ms,
        "waited_ms": between_ms - arguments.scan_ms,
    }
    print(
        json.dumps(figures) if arguments.json else "\n".join(f"{k:18} {v:.1f}" for k, v in figures.items())
    )
    return int(figures["waited_ms"] > arguments.write_ms / 2)


if __name__ == "__main__":
    sys.exit(main())
