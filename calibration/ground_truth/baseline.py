"""Focus at a place, found by scores of single images: nothing has to be known of the stigmators before."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.ground_truth.bowl import Bowl, Floats, fit_bowl
from hardware.protocols import ElectronColumn
from hardware.types import Optics
from models.estimate import SharpnessScorer
from scopeacq.focus.autofocus import FocusBench, Focused
from scopeacq.focus.score_search import Looks, ScoreSearch
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings

WD_SWEEP_UM = (-18.0, -12.0, -6.0, 6.0, 12.0, 18.0)
STIG_SWEEP_UM = (-14.0, -8.0, -4.0, 4.0, 8.0, 14.0)
"""In um as the profile has the stigmators: of one that is three times as strong the small steps tell, of a
weak one the large ones."""

NEAR_UM = 7.0
"""Of focal shift from where focus is believed: what the second and third round look at."""

SHARP_ENOUGH = 1.05
"""Times the sharpest score so far: where the descent may end (Schubert 2022, section 3.4)."""

STOPS_AT = 0.5
"""The share of the project's trigger at which the descent ends; see :mod:`scopeacq.focus.score_search`."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An image of a search: its optics and its score [um], None where nothing could be scored."""

    optics: Optics
    score_um: float | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """Focus at a place, or None, and why; all images of the search."""

    optics: Optics | None
    said: str
    scored: tuple[Scored, ...]

    @property
    def sharpest_um(self) -> float | None:
        """The best score."""
        return min((one.score_um for one in self.scored if one.score_um is not None), default=None)


def stronger(electron: ElectronSettings, strength: float) -> ElectronSettings:
    """A profile whose stigmators act so many times as strongly."""
    return electron.model_copy(update={"stigmator_um_per_unit": strength * electron.stigmator_um_per_unit})


def first_focus(looks: Looks, told: Callable[[Bowl], None] = lambda _: None) -> Bowl:
    """Sweep each of the optics by itself, then near the middle of the bowl that comes of it.

    Since squares of blurs add up, each sweep has its least blur in focus, whatever the others are.
    Raises ``ValueError`` where hardly an image can be scored, and ``HardwareError``.
    """
    start = looks.point_um(looks.bench.before)
    for step_um in (0.0, *WD_SWEEP_UM):
        looks.look(start + np.array([step_um, 0.0, 0.0]))
    centre = start.copy()
    centre[0] = _fitted(looks).centre[0]
    for axis in np.eye(3)[1:]:
        for step_um in STIG_SWEEP_UM:
            looks.look(centre + step_um * axis)
        bowl = _fitted(looks)
        told(bowl)
        centre = bowl.centre
    for reach_um in (NEAR_UM, 0.7 * NEAR_UM):
        for side in _sides(bowl, reach_um):
            looks.look(side)
        bowl = _fitted(looks)
        told(bowl)
    return bowl


def _fitted(looks: Looks) -> Bowl:
    return fit_bowl(np.array(looks.points_um), np.array(looks.scores_um))


def _sides(bowl: Bowl, reach_um: float) -> Sequence[Floats]:
    """Beside the middle of a bowl, so far along either side of each axis."""
    reaches = reach_um * np.array([1.0, 1 / bowl.strength, 1 / bowl.strength])
    return [bowl.centre + sign * reaches * axis for axis in np.eye(3) for sign in (1.0, -1.0)]


@dataclass
class Listening:
    """A scorer that remembers what it was shown, with the optics that the column stood at."""

    scorer: SharpnessScorer
    column: ElectronColumn
    scored: list[Scored] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.scorer.name

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        score_um = self.scorer.score(image, pixel_size_nm)
        known_um = score_um if math.isfinite(score_um) else None
        self.scored.append(Scored(self.column.optics(), known_um))
        return score_um


def ending_near(focus: FocusSettings, sharpest_um: float | None) -> FocusSettings:
    """Settings with which a descent ends near the best score of the places before, where there is one."""
    if sharpest_um is None:
        return focus
    return focus.model_copy(update={"score_trigger_um": SHARP_ENOUGH * sharpest_um / STOPS_AT})


def searched(bench: FocusBench, scorer: SharpnessScorer, seed: int) -> Baseline:
    """Focus from where the column's optics stand, by all scores together, or by a descent after them.

    Raises ``HardwareError``.
    """
    listening = Listening(scorer, bench.column)
    found = ScoreSearch(listening, seed).find(bench)
    optics = found.optics if isinstance(found, Focused) else None
    return Baseline(optics, found.reason, tuple(listening.scored))
