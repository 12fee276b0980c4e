"""Who competes: estimators on pairs of images, and scores of single images for a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.deepfocus import DeepFocus
from models.deepscore import DeepScore
from models.estimate import AberrationEstimator, SharpnessScorer
from models.mapfost import MapFost
from models.source_focus import SourceFocus


@dataclass(frozen=True)
class Scoring:
    """A score of single images: ``at`` gives it for a convergence angle [mrad].

    ``in_um``: whether scores are um of blur, which the program's own search needs.
    """

    name: str
    at: Callable[[float], SharpnessScorer]
    in_um: bool


@dataclass(frozen=True)
class Contenders:
    """``ours`` is the estimator that the targets are for."""

    ours: AberrationEstimator
    others: tuple[AberrationEstimator, ...]
    scorings: tuple[Scoring, ...]

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
        scoring = Scoring("DeepScore", lambda mrad: DeepScore.load(deepscore, mrad), in_um=True)
        sharpness = GradientSharpness()
        classical = Scoring(sharpness.name, lambda _: sharpness, in_um=False)
        networks = tuple(SourceFocus.load(path) for path in source)
        if alone:
            return cls(DeepFocus.load(deepfocus), networks, (scoring,))
        return cls(DeepFocus.load(deepfocus), (MapFost(), *networks), (scoring, classical))


@dataclass(frozen=True)
class GradientSharpness:
    """Classical sharpness: the energy of the gradient of the smoothed image, negative, in no unit."""

    smoothing_px: float = 2.0

    @property
    def name(self) -> str:
        return "gradient"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        """See :class:`~models.estimate.SharpnessScorer`: lower is sharper."""
        smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), self.smoothing_px)
        dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        return -float(np.mean(dx * dx + dy * dy))
