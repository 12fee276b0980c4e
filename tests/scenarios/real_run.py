"""A small run whose nature and guard are processes of their own, under a clock that nobody stops."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import psutil

from hardware.simulator.config import (
    ChamberSettings,
    ColumnSettings,
    GunSettings,
    SpecimenSettings,
    Time,
    TwinSettings,
)
from hardware.simulator.driver import connect
from hardware.simulator.specimen import demo_wafer
from hardware.simulator.tiny import tiny_settings
from hardware.simulator.truth import FrameTruth, IncidentTruth, OpeningTruth, read_truth
from scopeacq.journal.journal import JournalReader
from scopeacq.journal.records import CycleDone, Record
from scopeacq.plan.instrument import DriverSettings
from scopeacq.plan.new_run import write_run
from scopeacq.plan.project import FocusSettings, MillingSettings, RecoverySettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Fiducial
from tests.scenarios import audit
from tests.scenarios.harness import tiny_instrument, tiny_project, wafer_as_drawn

ROOT = Path(__file__).parents[2]
CURRENT_NA = 38.0
IDLE_EXIT_S = 6.0

T = TypeVar("T", FrameTruth, OpeningTruth, IncidentTruth)


def real_twin(pace: float = 1.0) -> TwinSettings:
    """A twin that moves at once, mills for real, and whose ion meter is exact."""
    tiny = tiny_settings()
    still = {"trip_error_xy_um": 0.5, "trip_error_z_um": 0.5, "trip_error_rotation_deg": 0.005}
    return TwinSettings(
        time=Time.REAL,
        pace=pace,
        idle_exit_s=IDLE_EXIT_S,
        specimen=SpecimenSettings(n_sections=1, texture_px=256),
        stage=tiny.stage.model_copy(update=still),
        column=ColumnSettings(lens_settling_s=0.0, line_flyback_us=0.0, frame_flyback_ms=0.0),
        gun=GunSettings(
            current_na=CURRENT_NA, current_drift=0.0, meter_noise=0.0, meter_s=0.0, map_pitch_um=400.0
        ),
        chamber=ChamberSettings(response_s=0.1),
    )


@dataclass(frozen=True)
class RealRun:
    """A run folder, the processes that work on it, and what nature knows of it."""

    plan: Plan

    def start(self, cycles: int | None = None, die_at: str = "") -> subprocess.Popen[str]:
        """Start the program on it, in a process of its own."""
        wanted = [*(["--cycles", str(cycles)] if cycles else []), *(["--die-at", die_at] if die_at else [])]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.mortal", str(self.plan.folder.root), *wanted],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def bring_up_gun(self) -> None:
        """What an operator does after the program took the gun down for want of a guard."""
        devices = connect(self.plan.instrument.driver.settings, self.plan.instrument_folder)
        devices.gun.set_hv(True)
        devices.close()

    def records(self) -> list[Record]:
        path = self.plan.folder.journal_file
        return [row.record for row in JournalReader(path).read()] if path.exists() else []

    @property
    def cycles_done(self) -> int:
        return sum(isinstance(r, CycleDone) for r in self.records())

    @property
    def openings(self) -> list[OpeningTruth]:
        """What nature saw of the ion beam."""
        return self.truth(OpeningTruth)

    def truth(self, kind: type[T]) -> list[T]:
        """What nature says; nothing before it has begun."""
        folder = self.plan.instrument_folder / "truth"
        return read_truth(folder, kind) if (folder / "truth.jsonl").exists() else []

    @property
    def nature_pid(self) -> int | None:
        """The process that nature runs in; None once it has gone."""
        try:
            pid = int(json.loads((self.plan.instrument_folder / "address.json").read_text())["pid"])
        except FileNotFoundError:
            return None
        return pid if psutil.pid_exists(pid) else None

    def passes(self) -> list[audit.Pass]:
        return audit.passes(self.plan, self.records(), self.openings)

    def troubles(self, cycles: int) -> list[str]:
        """All that is not as if the first ``cycles`` cycles had never been interrupted."""
        records, imaging = self.records(), self.plan.project.imaging
        width_um = imaging.tile_width_px * imaging.pixel_size_nm * 1e-3
        return [
            *audit.plane_troubles(self.plan, records, cycles),
            *audit.slice_troubles(records, self.openings),
            *audit.exposure_troubles(records, self.truth(FrameTruth), width_um),
            *audit.mill_troubles(self.passes(), self.plan.instrument.mill.raster_y_hz, CURRENT_NA),
            *audit.opening_troubles(self.plan, records, self.openings),
            *(f"Damage: {incident}." for incident in self.truth(IncidentTruth)),
        ]


def guard_of(program: subprocess.Popen[str]) -> psutil.Process | None:
    """The guard process of a program; None when it has none (yet, or any more)."""
    try:
        children = psutil.Process(program.pid).children()
        return next((c for c in children if "hardware.guard" in c.cmdline()), None)
    except psutil.Error:
        return None


def gone_within(process: psutil.Process, limit_s: float) -> bool:
    """Whether a process that is not ours to reap ends in time."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def late_s(openings: list[OpeningTruth], dead_s: float, until_s: float) -> float:
    """How long the beam was open beyond an instant at which somebody died [real s]; 0 when it was not."""
    after = [
        o.closed_real_s - dead_s for o in openings if dead_s < o.closed_real_s and o.opened_real_s < until_s
    ]
    return max(after, default=0.0)


def make_real_run(
    folder: Path, cycles: int, pass_s: float = 1.5, pace: float = 1.0, tile_px: int = 64
) -> RealRun:
    """Write the run folder: one section of two tiles, two azimuths of ``pass_s`` of real time each.

    The command line, unlike the program of these tests, refuses tiles that its networks cannot judge.
    """
    twin, drawn = real_twin(pace), tiny_instrument(folder / "instrument")
    mill = drawn.mill.model_copy(update={"raster_y_hz": 10.0, "ion_current_na": CURRENT_NA})
    driver = DriverSettings(
        name="twin",
        folder=str(folder / "instrument"),
        settings=twin.model_dump(mode="json", exclude_none=True),
    )
    milling = MillingSettings(
        charge_uc_per_azimuth=CURRENT_NA * 1e-3 * pass_s * pace,
        azimuths_deg=(0.0, 120.0),
        rounds=1,
        raster_vpp=4.0,
    )
    project = tiny_project(
        cycles,
        tiles=2,
        milling=milling,
        focus=FocusSettings(width_px=tile_px + 8, height_px=tile_px + 8),
        recovery=RecoverySettings(charge_decay_s=0.05, pressure_timeout_s=60.0),
    )
    tiles = project.imaging.model_copy(update={"tile_width_px": tile_px, "tile_height_px": tile_px})
    project = project.model_copy(update={"imaging": tiles})
    specimen = demo_wafer(0, 1)
    fiducials = tuple(Fiducial(f.id, (f.x_um, f.y_um)) for f in specimen.fiducials[:3])
    wafer = replace(wafer_as_drawn(specimen), fiducials=fiducials)
    instrument = drawn.model_copy(update={"mill": mill, "driver": driver})
    return RealRun(write_run(folder / "run", project, wafer, instrument))
