"""A column out of focus whose true aberration estimators may be told, for tests of the loop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hardware.optics import StigmatorFrame, astigmatism_in_image
from hardware.types import Optics
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.engine.imaging import Imager
from scopeacq.focus.autofocus import FocusBench, FocusMethod, FocusOutcome, correct_focus
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings
from tests.scopeacq.column_fakes import IN_FOCUS, FakeColumn, FakeDetector, FakeScanner

FOCUS = FocusSettings(width_px=64, height_px=48)
ELECTRON = ElectronSettings(stigmator_um_per_unit=3.0, stigmator_rotation_deg=25.0)
START = Optics(IN_FOCUS.wd_um + 10.0, -3.0, 3.0)


@dataclass
class FakeFields:
    """Fields of a tile; ``visited`` names those gone to, in order."""

    count: int = 1
    visited: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return self.count

    def go(self, number: int) -> None:
        self.visited.append(number)


@dataclass
class Lab:
    """A fake column that stands out of focus, with the true aberration for estimators to answer.

    ``electron`` is what the profile says, ``truth`` how the stigmators act if that is wrong.
    """

    column: FakeColumn
    scanner: FakeScanner
    focus: FocusSettings = FOCUS
    electron: ElectronSettings = ELECTRON
    scan_rot_deg: float = 0.0
    truth: StigmatorFrame | None = None
    fields: FakeFields = field(default_factory=FakeFields)
    start: Optics = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.column.now

    @classmethod
    def at(cls, start: Optics = START, scan_rot_deg: float = 0.0) -> Lab:
        column = FakeColumn(start)
        return cls(column, FakeScanner(column), scan_rot_deg=scan_rot_deg)

    def bench(self) -> FocusBench:
        imager = Imager(self.column, self.scanner, FakeDetector())
        return FocusBench(imager, self.column, self.focus, self.electron, self.scan_rot_deg, self.fields)

    def correct(self, *methods: FocusMethod) -> FocusOutcome:
        return correct_focus(self.bench(), methods)

    def aberration_in_image(self) -> NDArray[np.float64]:
        """Of the last pair of images, as the optics on either side of the perturbation say."""
        plus, minus = self.scanner.scanned[-2:]
        wd_um = (plus.wd_um + minus.wd_um) / 2 - IN_FOCUS.wd_um
        frame = self.truth or self.electron.stigmator_frame
        return np.array([wd_um, *astigmatism_in_image(plus.stig_x, plus.stig_y, frame, self.scan_rot_deg)])


@dataclass
class Oracle:
    """Answers with a share of the truth, as a real estimator does far from focus.

    Beyond ``reach`` perturbations it knows nothing and says so. ``textured``: fields with structure.
    """

    lab: Lab
    share: float = 0.8
    sd_um: float = 0.1
    reach: float = math.inf
    textured: frozenset[int] = frozenset({0})
    name: str = "oracle"
    condition: PairCondition | None = None

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        self.condition = condition
        truth = self.lab.aberration_in_image()
        here = self.lab.fields.visited[-1] if self.lab.fields.visited else 0
        if here not in self.textured:
            return AberrationEstimate(np.full(3, 7.0), np.eye(3) * self.sd_um**2, structured=False)
        if np.abs(truth).max() > self.reach * condition.perturbation_um:
            return AberrationEstimate(np.full(3, 7.0), np.eye(3) * (20 * condition.perturbation_um) ** 2)
        return AberrationEstimate(self.share * truth, np.eye(3) * self.sd_um**2)


@dataclass
class TrueScore:
    """The distance from focus of the image scanned last [um]; nan where it is too blurred."""

    lab: Lab
    blind_beyond_um: float = math.inf
    name: str = "score"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        optics = self.lab.scanner.scanned[-1]
        stig_um = 4.0 * math.hypot(optics.stig_x, optics.stig_y)
        blur_um = math.hypot(optics.wd_um - IN_FOCUS.wd_um, stig_um)
        return blur_um if blur_um <= self.blind_beyond_um else math.nan


def in_focus(optics: Optics, wd_um: float = 0.5, stig: float = 0.12) -> bool:
    off = (optics.wd_um - IN_FOCUS.wd_um, optics.stig_x, optics.stig_y)
    return abs(off[0]) < wd_um and abs(off[1]) < stig and abs(off[2]) < stig


def refused_and_restored(lab: Lab, outcome: FocusOutcome) -> bool:
    return (
        not outcome.applied
        and outcome.before == outcome.after == lab.column.optics() == lab.start
        and lab.column.state().blanked
    )
