"""Whether the networks can judge what the project will show them: rehearsed on frames of noise.

What would be refused in the night is refused here, in the words of whoever refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from hardware.types import FrameSettings, Image
from models.estimate import AberrationEstimator, PairCondition, SharpnessScorer
from models.images import ImageFault, ImagesRefused
from scopeacq.focus.focus_pairs import common_field, pair_shift_px
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import EstimatorName, FocusSettings
from scopeacq.plan.runfolder import Plan

GREY = 100, 156
LARGEST_PX = 6144  # of noise, along each axis: nothing needs more


def network_problems(plan: Plan) -> list[str]:
    """Why weights cannot be used, or not for this instrument and project; a sentence each."""
    # imported here: they bring torch
    from models.deepfocus import DeepFocus
    from models.deepscore import DeepScore
    from models.weights import WeightsError

    focus, electron = plan.project.focus, plan.instrument.electron
    rehearsals: dict[str, Callable[[], Iterator[str]]] = {
        "deepscore": lambda: scores_refused(DeepScore.load(None, electron.convergence_mrad), plan)
    }
    if EstimatorName.DEEPFOCUS in focus.estimators:
        rehearsals["deepfocus"] = lambda: pairs_refused(
            DeepFocus.load(plan.deepfocus_weights), focus, electron
        )
    problems = []
    for name, rehearsal in sorted(rehearsals.items()):
        try:
            problems += list(rehearsal())
        except WeightsError as error:
            problems.append(f"The weights of {name} cannot be used: {error}")
    return problems


@dataclass
class NetworkMemory:
    """Keeps what the networks said last, and asks anew only where they would see something else.

    Any thread; two that ask at once may both have to wait.
    """

    ask: Callable[[Plan], list[str]] = network_problems
    _known: tuple[object, list[str]] = field(default=(None, []))

    def problems(self, plan: Plan) -> list[str]:
        """As :func:`network_problems`."""
        tiles = {(i.tile_width_px, i.tile_height_px, i.pixel_size_nm) for i in plan.kinds_of_tiles}
        asked = plan.project.focus, plan.instrument.electron, tiles
        known, answer = self._known
        if asked != known:
            answer = self.ask(plan)
            self._known = asked, answer
        return answer

    def forget_problems(self) -> None:
        """Ask anew about what was refused: weights may have been replaced since."""
        if self._known[1]:
            self._known = None, []


def pairs_refused(
    estimator: AberrationEstimator, focus: FocusSettings, electron: ElectronSettings
) -> Iterator[str]:
    """Why an estimator cannot judge pairs as the project takes them: fine, or else coarse ones."""
    coarse_um = focus.coarse_factor * focus.perturbation_um
    fine = "Focus pairs", focus.frame(0.0), focus.perturbation_um
    coarse = "Coarse focus pairs (focus.coarse_factor)", focus.coarse_frame(0.0), coarse_um
    for what, frame, perturbation_um in (fine, coarse):
        image = _noise(frame)
        pair = common_field(image, image, pair_shift_px(electron, frame, perturbation_um))
        dose_per_nm2 = frame.electron_dose_per_nm2(electron.probe_current_na)
        condition = PairCondition(
            frame.pixel_size_nm, perturbation_um, electron.convergence_mrad, dose_per_nm2
        )
        if why := _refusal(estimator.estimate, *pair, condition):
            keys = "focus.perturbation_um, focus.pixel_size_nm and focus.width_px, height_px"
            yield f"{what} cannot be judged: {why}; what decides are {keys}."
            return


def scores_refused(scorer: SharpnessScorer, plan: Plan) -> Iterator[str]:
    """Why a scorer cannot judge tiles, or the images of a search where the project has one."""
    focus = plan.project.focus
    frames = {
        f"Tiles of {i.tile_width_px} x {i.tile_height_px} pixels of {i.pixel_size_nm:g} nm": i.frame(0.0)
        for i in plan.kinds_of_tiles
    }
    if EstimatorName.DEEPSCORE in focus.estimators:
        frames["Focus images (focus.pixel_size_nm)"] = focus.frame(0.0)
        frames["Coarse focus images (focus.coarse_factor)"] = focus.coarse_frame(0.0)
    for what, frame in frames.items():
        if why := _refusal(scorer.score, _noise(frame), frame.pixel_size_nm):
            yield f"{what} cannot be judged: {why}."


def _noise(frame: FrameSettings) -> Image:
    shape = min(frame.height_px, LARGEST_PX), min(frame.width_px, LARGEST_PX)
    return np.random.default_rng(1).integers(*GREY, shape, np.uint8)


def _refusal(judge: Callable[..., object], *arguments: object) -> str:
    """Why a frame of noise is no input, as a clause; that it is noise is no reason."""
    try:
        judge(*arguments)
    except ImagesRefused as refused:
        return str(refused).rstrip(".") if refused.fault is ImageFault.SHAPE else ""
    except ValueError as error:
        return str(error).rstrip(".")
    return ""
