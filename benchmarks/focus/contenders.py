"""Who competes: estimators on pairs of images, and scores of single images for a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.deepfocus import DeepFocus
from models.deepscore import DeepScore
from models.estimate import AberrationEstimator, SharpnessScorer
from models.mapfost import MapFost
from scopeacq.project import FocusSettings
from scopeacq.score_search import STOP_SHARE


@dataclass(frozen=True)
class Contenders:
    """``ours`` is the estimator that the targets are for."""

    ours: AberrationEstimator
    others: tuple[AberrationEstimator, ...]
    scorers: tuple[SharpnessScorer, ...]

    @property
    def pairs(self) -> tuple[AberrationEstimator, ...]:
        return (self.ours, *self.others)

    @classmethod
    def load(
        cls,
        deepfocus: Path | None = None,
        deepscore: Path | None = None,
        source: Sequence[Path] = (),
        alone: bool = False,
    ) -> Contenders:
        """Weights by default those that are shipped; ``source``: of networks of Schubert 2022.

        ``alone`` leaves MAPFoSt and classical sharpness out.

        Raises:
            WeightsError: a file cannot be used.
        """
        yardsticks = () if alone else (MapFost(),)
        return cls(
            DeepFocus.load(deepfocus),
            (*yardsticks, *_source_networks(source)),
            (DeepScore.load(deepscore), *(() if alone else (GradientSharpness(),))),
        )


def _source_networks(paths: Sequence[Path]) -> tuple[AberrationEstimator, ...]:
    if not paths:
        return ()
    from models.source_focus import SourceFocus

    return tuple(SourceFocus.load(path) for path in paths)


@dataclass(frozen=True)
class GradientSharpness:
    """Classical sharpness: the energy of the gradient of the smoothed image, as a falling score.

    It has no scale of its own. Any falling function of it makes the same search; this one lies
    where the program's search goes on until nothing gets better.
    """

    smoothing_px: float = 2.0
    trigger_um: float = FocusSettings().score_trigger_um

    @property
    def name(self) -> str:
        return "gradient"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        """See :class:`~models.estimate.SharpnessScorer`; in no unit."""
        smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), self.smoothing_px)
        dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        energy = float(np.mean(dx * dx + dy * dy))
        return self.trigger_um * (STOP_SHARE + (1 - STOP_SHARE) / (1 + energy))
