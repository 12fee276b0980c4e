"""A place on a held-out specimen under a held-out microscope."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.focus.machine import Specimen, expose
from benchmarks.held_out.kinds import HeldOutMachine, Microscope
from benchmarks.held_out.painting import Floats, Rng
from hardware.types import FrameSettings
from models.estimate import PairCondition

Frame8 = NDArray[np.uint8]


class Kind(Protocol):
    """A kind of texture: one of ours, or real images that the caller has."""

    @property
    def name(self) -> str: ...

    def tile(self, rng: Rng) -> Floats:
        """A periodic tile in pixels of 10 nm, float32, mean 0 and sd 1, about."""
        ...


@dataclass(frozen=True)
class Scene:
    """One place, imaged as often as one likes. The same seed gives the same place and microscope."""

    specimen: Specimen
    microscope: Microscope
    seed: int

    @classmethod
    def of(cls, kind: Kind, machine: HeldOutMachine, seed: int) -> Scene:
        """Another place and another microscope of the kinds for each seed."""
        rng = np.random.default_rng(
            (seed, zlib.crc32(kind.name.encode()), zlib.crc32(machine.name.encode()))
        )
        return cls(Specimen.of(kind.tile(rng)), machine.draw(rng), seed)

    def image(self, aberration_um: ArrayLike, settings: FrameSettings, take: int = 0) -> Frame8:
        """One scan (height_px, width_px).

        Args:
            aberration_um: (3,) defocus, astig x, astig y [um] in the image frame.
            settings: pixel size, dwell time and size of the frame.
            take: seeds noise and drift.
        """
        rng = np.random.default_rng((self.seed, take, 1))
        return expose(
            self.specimen, self.microscope.machine, settings, np.asarray(aberration_um, float), rng
        )

    def pair(
        self, aberration_um: ArrayLike, perturbation_um: float, settings: FrameSettings, take: int = 0
    ) -> tuple[Frame8, Frame8]:
        """Images at plus and minus the perturbation."""
        step = np.array([perturbation_um, 0.0, 0.0])
        centre = np.asarray(aberration_um, float)
        return (
            self.image(centre + step, settings, 2 * take),
            self.image(centre - step, settings, 2 * take + 1),
        )

    def condition(self, perturbation_um: float, settings: FrameSettings) -> PairCondition:
        """What the program believes of such a pair."""
        dose = settings.electron_dose_per_nm2(self.microscope.machine.current_na)
        return PairCondition(settings.pixel_size_nm, perturbation_um, self.microscope.believed_mrad, dose)
