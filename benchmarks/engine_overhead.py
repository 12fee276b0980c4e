"""What the engine costs per tile, with a null sink and an instrument that takes no time.

    python benchmarks/engine_overhead.py [--repeats N] [--json]

Wall time of whole runs divided by their tiles: finding wafer and section, the gate and the mill are
in it, and the journal with its commits is the real one. Tiles come ready-made from memory, the
judge gives a score at once, and images go nowhere.

ms_per_tile         median over the repeats
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hardware.microscope import Devices
from hardware.types import Frame, FrameSettings
from scopeacq.engine.imaging import Imager
from scopeacq.engine.rig import Rig
from scopeacq.journal.records import PlaneKey
from scopeacq.plan.project import FocusPolicy, FocusSettings, ImagingSettings
from scopeacq.storage.files import Data
from scopeacq.storage.storage import ImageStore, Written
from tests.scenarios.harness import TinyRun, tiny_project

ALLOWED_MS = 10.0
ROWS, COLUMNS, TILE_PX = 20, 25, 32


@dataclass(frozen=True)
class ReadyTiles:
    """A scanner that hands out tiles without scanning; the few other frames are the twin's."""

    devices: Devices
    rng: np.random.Generator

    def acquire(self, settings: FrameSettings) -> Frame:
        if settings.width_px != TILE_PX:
            return self.devices.scanner.acquire(settings)
        devices = self.devices
        devices.clock.sleep(settings.duration_s)
        image = self.rng.integers(60, 200, (TILE_PX, TILE_PX), np.uint8)
        at_s = devices.clock.now_s()
        return Frame(image, settings, devices.column.optics(), devices.stage.pose(), at_s)

    def abort(self) -> None:
        self.devices.scanner.abort()


class NullStore(ImageStore):
    """Images go nowhere, and are found there."""

    def put(self, path: str, data: Data) -> Written:
        return Written(path, len(data), "0" * 32)

    def choose(self, key: PlaneKey, take: int, previous: int | None = None) -> None:
        """There is nothing to rename."""

    def verify(self, written: Written) -> bool:
        return True

    def build_levels(self, key: PlaneKey) -> None:
        """There is nothing to derive from."""


def altered(rig: Rig) -> Rig:
    """The rig with a null sink and ready tiles."""
    devices = rig.devices
    tiles = ReadyTiles(devices, np.random.default_rng(0))
    imager = Imager(devices.column, tiles, devices.detector)
    return replace(rig, imager=imager, store=NullStore(rig.store.root, rig.store.files))


def one_run_ms(folder: Path) -> float:
    """Wall time per tile of one run [ms]."""
    project = tiny_project(
        cycles=1,
        imaging=ImagingSettings(
            tile_width_px=TILE_PX,
            tile_height_px=TILE_PX,
            grid_rows=ROWS,
            grid_columns=COLUMNS,
            overlap_px=4,
        ),
        focus=FocusSettings(width_px=64, height_px=64, policy=FocusPolicy.FIRST_OF_SECTION),
    )
    run = TinyRun.make(folder, project)
    run.altered = altered
    with run.start() as program:
        began_s = time.perf_counter()
        program.engine.run()
        took_s = time.perf_counter() - began_s
        assert program.rig.progress.totals.planes == ROWS * COLUMNS, "the run did not come to its end"
    return 1e3 * took_s / (ROWS * COLUMNS)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the journals lie; a local disk by default")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    times_ms: list[float] = []
    for _ in range(arguments.repeats):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            times_ms.append(one_run_ms(Path(folder)))
    figures = {
        "tiles": ROWS * COLUMNS,
        "repeats": arguments.repeats,
        "ms_per_tile": statistics.median(times_ms),
        "ms_per_tile_min": min(times_ms),
        "ms_per_tile_max": max(times_ms),
        "allowed_ms": ALLOWED_MS,
    }
    print(json.dumps(figures) if arguments.json else "\n".join(f"{k:18} {v}" for k, v in figures.items()))
    return int(figures["ms_per_tile"] > ALLOWED_MS)


if __name__ == "__main__":
    sys.exit(main())
