"""A minimal instrument for tests of the hardware layer, imaging, with its beams blanked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hardware.errors import HardwareError, OutOfRange, Refused
from hardware.frames import require_scan
from hardware.interlocks import MillProof
from hardware.microscope import Devices
from hardware.types import (
    BeamState,
    CurrentReading,
    DetectorState,
    Frame,
    FrameSettings,
    GunState,
    Image,
    Optics,
    PoseTolerance,
    Range,
    Raster,
    RasterState,
    StagePose,
)
from tests.hardware.lines import lock_line, lock_line_is_open

MILL_POSE = StagePose(0.0, 0.0, 5_000.0, 30.0, 120.0)
RASTER = Raster(8.0, 4.0)


def good_proof() -> MillProof:
    """Everything in order for :data:`MILL_POSE` and the default limits."""
    return MillProof(
        pose=replace(MILL_POSE, x_um=0.3),
        mill_pose=MILL_POSE,
        tolerance=PoseTolerance(),
        beam=BeamState(True, 1.5, True, 1.8, True),
        detector=DetectorState(False, 1.0, 0.0),
        pressure_mbar=2e-6,
        gun=GunState(10.0, True, 15.0, 1e-4),
        raster=RasterState(RASTER, True, float("inf")),
        wanted_raster=RASTER,
        current=CurrentReading(38.0, 90.0),
        at_s=100.0,
    )


@dataclass
class FakeClock:
    now: float = 0.0
    pace: float = float("inf")

    def now_s(self) -> float:
        return self.now

    def sleep(self, duration_s: float) -> None:
        self.now += duration_s

    def longest_step_s(self, whole_s: float) -> float:
        return max(0.5, whole_s / 20)


@dataclass
class FakeColumn:
    current: Optics = Optics(4_500.0, 0.0, 0.0)
    shift: tuple[float, float] = (0.0, 0.0)
    beam: BeamState = BeamState(True, 1.5, True, 1.8, True)

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        return {"wd_um": Range(1e3, 5e4), "stig_x": Range(-15, 15), "stig_y": Range(-15, 15)}

    def optics(self) -> Optics:
        return self.current

    def set_optics(self, optics: Optics) -> None:
        for name, allowed in self.optics_limits.items():
            if getattr(optics, name) not in allowed:
                raise OutOfRange("column", f"{name} is allowed at {allowed}", "Refocus by hand.")
        self.current = optics

    def beam_shift_um(self) -> tuple[float, float]:
        return self.shift

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None:
        if not (abs(x_um) <= 50.0 and abs(y_um) <= 50.0):
            raise OutOfRange("column", "beam shift is allowed up to 50 um", "Move the stage.")
        self.shift = (x_um, y_um)

    def state(self) -> BeamState:
        return self.beam

    def blank(self) -> None:
        self.beam = replace(self.beam, blanked=True)

    def unblank(self) -> None:
        self.beam = replace(self.beam, blanked=False)

    def set_eht(self, on: bool) -> None:
        self.beam = replace(self.beam, eht_on=on)

    def set_valve(self, open_: bool) -> None:
        self.beam = replace(self.beam, valve_open=open_)


@dataclass
class FakeDetector:
    current: DetectorState = DetectorState(True, 1.0, 0.0)

    def state(self) -> DetectorState:
        return self.current

    def make_safe(self) -> None:
        self.current = replace(self.current, hv_on=False)

    def restore(self, state: DetectorState) -> None:
        self.current = state


@dataclass
class FakeMotion:
    stage: FakeStage
    target: StagePose

    def wait(self, timeout_s: float) -> StagePose:
        if self.stage.on_arrival is not None:
            raise self.stage.on_arrival
        self.stage.at = replace(self.target.over(self.stage.at), **self.stage.silently)
        return self.stage.at

    def done(self) -> bool:
        return self.stage.at == self.target.over(self.stage.at)

    def cancel(self) -> None:
        self.target = StagePose()


@dataclass
class FakeStage:
    at: StagePose = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0)
    moves: list[StagePose] = field(default_factory=list)
    stops: int = 0
    on_arrival: HardwareError | None = None
    silently: dict[str, float] = field(default_factory=dict)

    @property
    def limits(self) -> Mapping[str, Range]:
        xy = Range(-3e4, 3e4)
        turn = Range(-360, 360)
        return {
            "x_um": xy, "y_um": xy, "z_um": Range(0, 2.9e4), "tilt_deg": Range(-5, 60), "rotation_deg": turn
        }  # fmt: skip

    def pose(self) -> StagePose:
        return self.at

    def check(self, target: StagePose) -> None:
        for axis, allowed in self.limits.items():
            value = getattr(target, axis)
            if value is not None and value not in allowed:
                raise OutOfRange("stage", f"{axis} {value:g} is allowed at {allowed}", "Plan another pose.")

    def duration_s(self, target: StagePose) -> float:
        return 1.0

    def move(self, target: StagePose) -> FakeMotion:
        self.check(target)
        self.moves.append(target)
        return FakeMotion(self, target)

    def stop(self) -> None:
        self.stops += 1


@dataclass
class FakeScanner:
    column: FakeColumn
    stage: FakeStage
    clock: FakeClock
    frames: int = 0

    def acquire(self, settings: FrameSettings) -> Frame:
        require_scan("scanner", settings)
        shape = (settings.height_px, settings.width_px)
        self.frames += 1
        image: Image = np.random.default_rng(self.frames).integers(0, 200, shape).astype(np.uint8)
        if settings.bit_depth == 16:
            image = image.astype(np.uint16)
        start_s = self.clock.now
        self.clock.sleep(settings.duration_s)
        return Frame(image, settings, self.column.current, self.stage.at, start_s)

    def abort(self) -> None: ...


@dataclass
class FakeGun:
    current: GunState = GunState(10.0, True, 15.0, 1e-4)

    def state(self) -> GunState:
        return self.current

    def set_hv(self, on: bool) -> None:
        self.current = replace(self.current, hv_on=on)


@dataclass
class FakeMeter:
    clock: FakeClock
    line: Path

    def measure(self) -> CurrentReading:
        if lock_line_is_open(self.line):
            raise Refused("ion current meter", "the cup sits behind the blanker", "Blank the ion beam.")
        return CurrentReading(38.0, self.clock.now)


@dataclass
class FakeRaster:
    current: RasterState = RasterState(Raster(1.0, 1.0), False, 50.0)

    def state(self) -> RasterState:
        return self.current

    def configure(self, raster: Raster) -> None:
        if not (0 <= raster.x_vpp <= 20 and 0 <= raster.y_vpp <= 20):
            raise OutOfRange("raster", "amplitudes are allowed at 0 to 20 Vpp", "Mill a smaller field.")
        self.current = RasterState(raster, self.current.running, float("inf"))

    def start(self) -> None:
        self.current = replace(self.current, running=True)

    def stop(self) -> None:
        self.current = replace(self.current, running=False)


@dataclass
class FakeChamber:
    def pressure_mbar(self) -> float:
        return 2e-6


@dataclass
class FakeCleaner:
    clock: FakeClock

    def clean(self, power_w: float, duration_s: float) -> None:
        if not 0 < power_w <= 50:
            raise Refused("plasma cleaner", f"{power_w:g} W is too much", "Choose up to 50 W.")
        self.clock.sleep(duration_s)

    def stop(self) -> None: ...


def fake_devices(folder: Path) -> Devices:
    """A fresh instrument, imaging, beam blanked."""
    clock, column, stage = FakeClock(), FakeColumn(), FakeStage()
    return Devices(
        clock=clock,
        column=column,
        scanner=FakeScanner(column, stage, clock),
        detector=FakeDetector(),
        stage=stage,
        gun=FakeGun(),
        ion_current=FakeMeter(clock, folder / "line"),
        raster=FakeRaster(),
        chamber=FakeChamber(),
        cleaner=FakeCleaner(clock),
        blanker=lock_line(folder),
        close=lambda: None,
    )
