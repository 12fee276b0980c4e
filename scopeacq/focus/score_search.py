"""Focusing by a search over single images: for when pairs were refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from hardware.optics import StigmatorFrame, astigmatism_in_image, stigmators_of
from hardware.types import Optics
from models.estimate import Floats, SharpnessScorer
from scopeacq.focus.autofocus import FocusBench, Focused, NotFocused
from scopeacq.focus.correction import OpticsChange
from scopeacq.focus.nelder_mead import nelder_mead
from scopeacq.focus.trilateration import Search, go_on, trilaterate

STEP_UM = np.array([5.0, 8.0, 8.0])
KICK_UM = np.array([2.0, 2.0, 2.0])
"""Of Nelder-Mead in um of focal shift, after Schubert 2022, section 3.4 (2 and 0.5 a.u. of 4 um)."""

STOP_SHARE = 0.5
"""Nelder-Mead stops at this share of the score that would trigger it again."""

TRILATERATED_IMAGES = 50
"""A trilateration that has not ended by then is led astray; most end within 25."""

MIXED_IMAGES, CONTRADICTING = 20, 1.3
"""After so many images whose scores scatter by more than so many times what they should, in squares, coarse
images no longer count: regular lines show large pixels something else than small ones."""

LEAST_FINE = 4
"""With fewer fine images the search begins anew: they do not tell a place."""

SOFT = 2.0
"""A soft specimen may score so many times the trigger where all images together put focus."""

FRUITLESS_IMAGES = 12
"""After so many images without a better one a good score is the best there is, and no score stays none."""


@dataclass
class Looks:
    """Images taken so far: ``points_um`` (n, 3) are wd and stigmators as focal shifts.

    A place where nothing could be scored is infinitely bad: tissue far out of focus has no texture.
    """

    scorer: SharpnessScorer
    bench: FocusBench
    points_um: list[Floats] = field(default_factory=list)
    scores_um: list[float] = field(default_factory=list)
    fine: list[bool] = field(default_factory=list)

    @property
    def spent(self) -> bool:
        """Whether the project allows no further image."""
        return len(self.scores_um) >= self.bench.focus.search_images

    @property
    def lost(self) -> bool:
        """Whether the last image showed nothing."""
        return bool(self.scores_um) and math.isinf(self.scores_um[-1])

    @property
    def blind(self) -> bool:
        """Whether nothing could be scored in so many images that there is nothing to score."""
        return len(self.scores_um) > FRUITLESS_IMAGES and math.isinf(min(self.scores_um))

    @property
    def best(self) -> int:
        """The image with the lowest score, a fine one where any is: coarse ones are another measure."""
        measured = np.where(self.fine, self.scores_um, math.inf) if any(self.fine) else self.scores_um
        return int(np.argmin(measured))

    def look(self, point_um: Floats, coarse: bool = False) -> float:
        """The score at a point, or at the nearest one that the column allows."""
        optics = self.bench.within_limits(self.optics(point_um))
        fine = self.bench.frame
        frame = self.bench.focus.coarse_frame(fine.scan_rot_deg) if coarse else fine
        score = self.scorer.score(self.bench.image_at(optics, frame), frame.pixel_size_nm)
        self.points_um.append(self.point_um(optics))
        self.scores_um.append(math.inf if math.isnan(score) else score)
        self.fine.append(not coarse)
        return self.scores_um[-1]

    def point_um(self, optics: Optics) -> Floats:
        """In the axes of stigmator x, y up: distances are the same in all axes."""
        frame = self._stigmators
        x_um, y_um = astigmatism_in_image(optics.stig_x, optics.stig_y, frame, frame.rotation_deg)
        return np.array([optics.wd_um, x_um, -y_um])

    def optics(self, point_um: Floats) -> Optics:
        frame = self._stigmators
        wd_um, x_um, y_um = (float(v) for v in point_um)
        return Optics(wd_um, *stigmators_of(x_um, -y_um, frame, frame.rotation_deg))

    @property
    def _stigmators(self) -> StigmatorFrame:
        return self.bench.electron.stigmator_frame


@dataclass(frozen=True)
class ScoreSearch:
    """DeepScore with trilateration, and with Nelder-Mead where that leads nowhere.

    ``seed`` makes the random kicks of Nelder-Mead repeatable. Where a blur of ``coarse_from_um`` and
    more is expected the project's coarse frames are taken: they measure it better, at less dose.
    """

    scorer: SharpnessScorer
    seed: int = 0
    coarse_from_um: float = 8.0

    @property
    def name(self) -> str:
        return self.scorer.name

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        looks = Looks(self.scorer, bench)
        trilaterated = _trilaterated(looks, self.coarse_from_um) or _trilaterated_finely(looks)
        chosen = len(looks.scores_um) - 1 if trilaterated else _descended(looks, self.seed)
        count, score_um = len(looks.scores_um), looks.scores_um[chosen]
        if math.isinf(score_um):
            return NotFocused(f"none of {count} images has texture to score")
        optics = looks.optics(looks.points_um[chosen])
        _note(looks, self.name, optics)
        if not trilaterated and score_um > bench.focus.score_trigger_um:
            return NotFocused(f"the best score of {count} images is {score_um:.2f} um")
        return Focused(optics, f"score {score_um:.2f} um after {count} images")


def _trilaterated(looks: Looks, coarse_from_um: float) -> bool:
    """Whether all scores together led to a place that agrees with them; the last image is of it."""
    search = trilaterate(looks.point_um(looks.bench.before))
    return _followed(search, looks, coarse_from_um)


def _trilaterated_finely(looks: Looks) -> bool:
    """The same with fine images alone, those of before among them, where both sorts contradicted."""
    known = np.flatnonzero(looks.fine)
    if len(known) >= LEAST_FINE:
        search = go_on(np.array(looks.points_um)[known], np.array(looks.scores_um)[known])
    else:
        search = trilaterate(looks.point_um(looks.bench.before))
    return _followed(search, looks, None)


def _followed(search: Search, looks: Looks, coarse_from_um: float | None) -> bool:
    """Whether a search ended at a place where the image is good; None takes fine images alone."""
    wanted = next(search)
    while not looks.spent and len(looks.scores_um) < TRILATERATED_IMAGES and not looks.blind:
        mixed = coarse_from_um is not None
        if mixed and len(looks.scores_um) >= MIXED_IMAGES and wanted.scatter > CONTRADICTING:
            return False
        blurred = coarse_from_um is not None and wanted.expected_um >= coarse_from_um
        try:
            wanted = search.send(looks.look(wanted.point_um, blurred or (mixed and looks.lost)))
        except StopIteration:
            return looks.scores_um[-1] <= SOFT * looks.bench.focus.score_trigger_um
    return False


def _descended(looks: Looks, seed: int) -> int:
    """The best image after Nelder-Mead from the best one so far."""
    rng = np.random.default_rng(seed)
    search = nelder_mead(looks.points_um[looks.best], STEP_UM, KICK_UM, rng)
    wanted = next(search)
    while not (looks.spent or looks.blind or _found(looks)):
        wanted = search.send(looks.look(wanted))
    return looks.best


def _found(looks: Looks) -> bool:
    """Whether the best score is good, or good enough when nothing gets better."""
    trigger_um, best_um = looks.bench.focus.score_trigger_um, looks.scores_um[looks.best]
    fruitless = len(looks.scores_um) - looks.best > FRUITLESS_IMAGES
    return best_um <= STOP_SHARE * trigger_um or (fruitless and best_um <= trigger_um)


def _note(looks: Looks, name: str, found: Optics) -> None:
    """One entry for the whole search; its uncertainty is the spread of the four best points."""
    best = np.argsort(looks.scores_um)[:4]
    near = [looks.optics(looks.points_um[i]) for i in best]
    wd_um, stig_x, stig_y = np.std([(o.wd_um, o.stig_x, o.stig_y) for o in near], axis=0).tolist()
    change = OpticsChange.between(looks.bench.before, found, (wd_um, stig_x, stig_y))
    looks.bench.note(change.noted(name, looks.bench.before))
