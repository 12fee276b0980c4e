"""What different estimators make of one and the same pair of images."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.estimate import AberrationEstimate, AberrationEstimator, SharpnessJudge
from models.images import ImagesRefused
from scopeacq.focus.correction import OpticsChange, optics_change
from scopeacq.focus.focus_pairs import Pair
from scopeacq.plan.instrument import ElectronSettings

UNKNOWN = math.nan
"""What two scores do not tell: anything of the stigmators."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one estimator would add to the optics, and how long that took; or why it would not say.

    ``estimate`` is there where patches can be shown.
    """

    name: str
    change: OpticsChange | None
    duration_s: float
    refusal: str = ""
    estimate: AberrationEstimate | None = None


class Reader(Protocol):
    """Something that has an opinion of a pair."""

    @property
    def name(self) -> str: ...

    def read(self, pair: Pair) -> tuple[OpticsChange, AberrationEstimate | None]:
        """Raises ``ImagesRefused`` or ``ValueError``, each with a sentence."""
        ...


@dataclass(frozen=True, slots=True)
class ByPair:
    """DeepFocus and MAPFoSt."""

    estimator: AberrationEstimator
    electron: ElectronSettings
    scan_rot_deg: float

    @property
    def name(self) -> str:
        return self.estimator.name

    def read(self, pair: Pair) -> tuple[OpticsChange, AberrationEstimate | None]:
        estimate = self.estimator.estimate(pair.plus, pair.minus, pair.condition)
        return optics_change(estimate, self.electron, self.scan_rot_deg), estimate


@dataclass(frozen=True, slots=True)
class ByScores:
    """DeepScore: the blurs b+ and b- of the two images, of which ``b+^2 - b-^2 = 4 p z``."""

    scorer: SharpnessJudge

    @property
    def name(self) -> str:
        return self.scorer.name

    def read(self, pair: Pair) -> tuple[OpticsChange, AberrationEstimate | None]:
        plus, minus = (
            self.scorer.assess(image, pair.condition.pixel_size_nm) for image in (pair.plus, pair.minus)
        )
        if math.isnan(plus.blur_um + minus.blur_um):
            raise ValueError("there is no texture to score")
        scale = 1 / (4 * pair.condition.perturbation_um)
        defocus_um = scale * (plus.blur_um**2 - minus.blur_um**2)
        sd_um = scale * math.hypot(*(2 * s.blur_um * s.sd_um for s in (plus, minus)))
        return OpticsChange(-defocus_um, UNKNOWN, UNKNOWN, sd_um, UNKNOWN, UNKNOWN), None


def compare(pair: Pair, readers: Sequence[Reader]) -> tuple[Opinion, ...]:
    """The opinions of all, in order. Nothing is moved."""
    return tuple(_opinion(pair, reader) for reader in readers)


def spread_um(opinions: Sequence[Opinion]) -> float | None:
    """How far the corrections of the working distance lie apart; None with fewer than two."""
    wds = [o.change.wd_um for o in opinions if o.change is not None]
    return float(np.ptp(wds)) if len(wds) > 1 else None


def _opinion(pair: Pair, reader: Reader) -> Opinion:
    began_s = time.perf_counter()
    try:
        change, estimate = reader.read(pair)
    except (ImagesRefused, ValueError) as refused:
        return Opinion(reader.name, None, time.perf_counter() - began_s, str(refused))
    return Opinion(reader.name, change, time.perf_counter() - began_s, estimate=estimate)
