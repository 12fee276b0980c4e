"""An electron column, scanner and detector that do as they are told, or fail as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hardware.errors import Deadline
from hardware.types import (
    BeamState,
    DetectorState,
    Frame,
    FrameSettings,
    Image,
    Optics,
    Range,
    StagePose,
)

IN_FOCUS = Optics(4500.0, 0.0, 0.0)


@dataclass
class FakeColumn:
    """Keeps the optics it was set to; ``calls`` names every command in order."""

    now: Optics = IN_FOCUS
    beam: BeamState = BeamState(True, 1.5, True, 1.8, True)
    blanker_stuck: bool = False
    wd_limits_um: Range = Range(4000.0, 5000.0)
    calls: list[str] = field(default_factory=list)

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        return {"wd_um": self.wd_limits_um, "stig_x": Range(-15, 15), "stig_y": Range(-15, 15)}

    def optics(self) -> Optics:
        return self.now

    def set_optics(self, optics: Optics) -> None:
        self.calls.append("optics")
        self.now = optics

    def beam_shift_um(self) -> tuple[float, float]:
        return 0.0, 0.0

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None:
        self.calls.append("beam shift")

    def state(self) -> BeamState:
        return self.beam

    def blank(self) -> None:
        self.calls.append("blank")
        self.change(blanked=not self.blanker_stuck)

    def unblank(self) -> None:
        self.calls.append("unblank")
        self.change(blanked=False)

    def set_eht(self, on: bool) -> None:
        self.change(eht_on=on)

    def set_valve(self, open_: bool) -> None:
        self.change(valve_open=open_)

    def change(self, **state: bool) -> None:
        values = {name: getattr(self.beam, name) for name in BeamState.__dataclass_fields__}
        self.beam = BeamState(**{**values, **state})


@dataclass
class FakeDetector:
    """On, until a test says otherwise."""

    hv_on: bool = True

    def state(self) -> DetectorState:
        return DetectorState(self.hv_on, 1.0, 0.0)

    def make_safe(self) -> None:
        self.hv_on = False

    def restore(self, state: DetectorState) -> None:
        self.hv_on = state.hv_on


def noise_image(settings: FrameSettings, seed: int) -> Image:
    """A frame of nothing but noise, uint8 or uint16."""
    grey = np.random.default_rng(seed).integers(50, 200, (settings.height_px, settings.width_px))
    return grey.astype(np.uint8) if settings.bit_depth == 8 else grey.astype(np.uint16)


@dataclass
class FakeScanner:
    """Scans noise. ``spoil`` may change each frame, ``during`` is called while the beam is on."""

    column: FakeColumn
    spoil: Callable[[Frame], Frame] = lambda frame: frame
    during: Callable[[], None] = lambda: None
    scanned: list[Optics] = field(default_factory=list)

    def acquire(self, settings: FrameSettings) -> Frame:
        if self.column.beam.blanked:
            raise AssertionError("scanned with the beam blanked")
        self.during()
        self.scanned.append(self.column.now)
        n = len(self.scanned)
        image = noise_image(settings, n)
        return self.spoil(Frame(image, settings, self.column.now, StagePose(), float(n)))

    def abort(self) -> None: ...


def times_out() -> None:
    raise Deadline("scanner", "no frame after 10 s", "Restart the scan generator.")
