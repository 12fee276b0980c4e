"""A microscope for one trial: devices as the program knows them, over one place on a specimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.focus.machine import Doubles, Machine, Specimen, expose
from hardware.optics import astigmatism_in_image
from hardware.types import (
    BeamState,
    DetectorState,
    Frame,
    FrameSettings,
    Optics,
    Range,
    StagePose,
)

IN_FOCUS = Optics(4500.0, 0.0, 0.0)


@dataclass
class Column:
    """An :class:`~hardware.protocols.ElectronColumn` that does as it is told."""

    now: Optics
    beam: BeamState

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        return {"wd_um": Range(4000.0, 5000.0), "stig_x": Range(-40, 40), "stig_y": Range(-40, 40)}

    def optics(self) -> Optics:
        return self.now

    def set_optics(self, optics: Optics) -> None:
        self.now = optics

    def beam_shift_um(self) -> tuple[float, float]:
        return 0.0, 0.0

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None: ...

    def state(self) -> BeamState:
        return self.beam

    def blank(self) -> None:
        self.beam = replace(self.beam, blanked=True)

    def unblank(self) -> None:
        self.beam = replace(self.beam, blanked=False)

    def set_eht(self, on: bool) -> None: ...

    def set_valve(self, open_: bool) -> None: ...


class Detector:
    """A :class:`~hardware.protocols.Detector` that is on."""

    def state(self) -> DetectorState:
        return DetectorState(hv_on=True, gain=1.0, offset=0.0)

    def make_safe(self) -> None: ...

    def restore(self, state: DetectorState) -> None: ...


@dataclass
class Station:
    """A :class:`~hardware.protocols.Scanner` over ``specimen``; ``scanned`` is what it did."""

    specimen: Specimen
    machine: Machine
    column: Column
    rng: np.random.Generator
    scanned: list[Optics] = field(default_factory=list)

    @classmethod
    def at(
        cls, specimen: Specimen, machine: Machine, off_focus: Doubles, rng: np.random.Generator
    ) -> Station:
        """Standing ``off_focus`` (um, a.u., a.u.) away from focus."""
        beam = BeamState(True, 1.5, True, machine.current_na, True)
        wd_um, stig_x, stig_y = (float(v) for v in off_focus)
        return cls(specimen, machine, Column(IN_FOCUS.shifted(wd_um, stig_x, stig_y), beam), rng)

    def acquire(self, settings: FrameSettings) -> Frame:
        optics = self.column.optics()
        self.scanned.append(optics)
        aberration_um = self.aberration_um(optics, settings.scan_rot_deg)
        image = expose(self.specimen, self.machine, settings, aberration_um, self.rng)
        return Frame(image, settings, optics, StagePose(), float(len(self.scanned)))

    def abort(self) -> None: ...

    def aberration_um(self, optics: Optics, scan_rot_deg: float = 0.0) -> Doubles:
        """What these optics truly are: defocus, astig x, astig y (3,) in the image frame."""
        astig = astigmatism_in_image(optics.stig_x, optics.stig_y, self.machine.stigmators, scan_rot_deg)
        return np.array([optics.wd_um - IN_FOCUS.wd_um, *astig])

    def pair_aberration_um(self) -> Doubles:
        """Of the two last images, between which the perturbation cancels."""
        plus, minus = self.scanned[-2:]
        return 0.5 * (self.aberration_um(plus) + self.aberration_um(minus))


def off_focus(optics: Optics) -> Doubles:
    """How far optics are from focus: (um, a.u., a.u.)."""
    return np.array([optics.wd_um, optics.stig_x, optics.stig_y]) - (IN_FOCUS.wd_um, 0.0, 0.0)
