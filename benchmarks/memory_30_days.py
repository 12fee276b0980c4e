"""Memory over a run of thirty days: at the end at most what it was at a tenth of the run, plus 50 MB.

    python benchmarks/memory_30_days.py [--days D] [--steps N] [--json]

The whole engine with journal, store and guard runs on a tiny twin with a virtual clock, in one
process; the resident memory is therefore an upper bound of the engine's own.

steps, days              engine steps (waiting for planes apart), and days of the instrument's clock
rss_at_10_percent_mb     resident memory when a tenth of the cycles was done
rss_at_end_mb            resident memory at the end
grown_mb                 the difference
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from scopeacq.engine.events import Event, Publisher, StepStarted
from scopeacq.engine.steps import AwaitPlanes
from scopeacq.journal.records import CycleDone, Record
from scopeacq.plan.project import FocusPolicy, FocusSettings, ImagingSettings, MillingSettings
from tests.scenarios.harness import AZIMUTHS_DEG, TinyRun, tiny_project

SECTIONS, ROWS, COLUMNS = 10, 5, 10
STEPS_PER_CYCLE = SECTIONS * (ROWS * COLUMNS + 2) + 8
CURRENT_NA = 38.0
ALLOWED_MB = 50.0
NEVER_THROUGH = 1e-3
"""Of the true mill rates, so that sections last for thirty days."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. ``seconds`` of real time."""

    steps: int
    days: float
    rss_at_10_percent_mb: float
    rss_at_end_mb: float
    grown_mb: float
    allowed_mb: float
    seconds: float


class CycleWatch:
    """Notes the memory when a tenth of the cycles is done, and says how far the run is."""

    def __init__(self, cycles: int) -> None:
        self._cycles, self._tenth = cycles, max(cycles // 10, 1)
        self.at_tenth_mb = rss_mb()

    def note(self, records: tuple[Record, ...]) -> None:
        for done in (r.cycle + 1 for r in records if isinstance(r, CycleDone)):
            if done == self._tenth:
                self.at_tenth_mb = rss_mb()
            if done % self._tenth == 0:
                print(f"cycle {done} of {self._cycles}, {rss_mb():.0f} MB", file=sys.stderr, flush=True)


class StepCount(Publisher):
    """Counts the steps that the engine tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def publish(self, event: Event) -> None:
        self.steps += isinstance(event, StepStarted) and event.text != str(AwaitPlanes())
        super().publish(event)


def rss_mb() -> float:
    """Resident memory of this process [MB]."""
    return float(psutil.Process().memory_info().rss) / 1e6


def measure(folder: Path, days: float, steps: int) -> Figures:
    """Run it. A cycle's time is nearly all milling."""
    cycles = -(-steps // STEPS_PER_CYCLE)
    mill_s = days * 86_400 / cycles / len(AZIMUTHS_DEG)
    project = tiny_project(
        cycles,
        imaging=ImagingSettings(
            tile_width_px=32, tile_height_px=32, grid_rows=ROWS, grid_columns=COLUMNS, overlap_px=4
        ),
        focus=FocusSettings(width_px=64, height_px=64, policy=FocusPolicy.FIRST_OF_SECTION),
        milling=MillingSettings(
            charge_uc_per_azimuth=mill_s * CURRENT_NA * 1e-3,
            azimuths_deg=AZIMUTHS_DEG,
            rounds=1,
            raster_vpp=4.0,
        ),
    )
    run = TinyRun.make(folder, project, n_sections=SECTIONS, yield_factor=NEVER_THROUGH, keep_truth=False)
    watch, count = CycleWatch(cycles), StepCount()
    began_s = time.monotonic()
    run.on_commit, run.events = watch.note, count
    with run.start() as program:
        program.engine.run()
        at_end_mb, now_s = rss_mb(), program.rig.now_s()
    return Figures(
        steps=count.steps,
        days=now_s / 86_400,
        rss_at_10_percent_mb=watch.at_tenth_mb,
        rss_at_end_mb=at_end_mb,
        grown_mb=at_end_mb - watch.at_tenth_mb,
        allowed_mb=ALLOWED_MB,
        seconds=time.monotonic() - began_s,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the run lies meanwhile; a local disk or memory")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = measure(Path(folder), arguments.days, arguments.steps)
    if arguments.json:
        print(json.dumps(asdict(figures)))
    else:
        for name, value in asdict(figures).items():
            print(f"{name:24} {value:,.1f}")
    return int(figures.grown_mb > ALLOWED_MB)


if __name__ == "__main__":
    sys.exit(main())
