"""A texture that is quick to make, and estimators whose answers are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.focus.machine import Doubles, Floats, Machine
from benchmarks.focus.starts import setup_of
from benchmarks.focus.trials import Setup
from models.estimate import AberrationEstimate, PairCondition
from models.images import ImageFault, ImagesRefused


@dataclass(frozen=True)
class Grain:
    """A kind of texture that is quick to make: noise of a few lengths."""

    name: str = "grain"

    def tile(self, rng: np.random.Generator) -> Floats:
        k = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.rfftfreq(640)[None, :])
        field = np.fft.irfft2(
            np.fft.rfft2(rng.standard_normal((512, 640))) / (k + 0.01) ** 1.5, s=(512, 640)
        )
        return np.asarray(field / field.std(), np.float32)


@dataclass(frozen=True)
class Fixed:
    """An estimator that always gives the same answer."""

    answer_um: tuple[float, float, float]
    sd_um: float = 0.1
    name: str = "fixed"

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        return AberrationEstimate(np.array(self.answer_um), np.eye(3) * self.sd_um**2)


@dataclass(frozen=True)
class Refusing:
    """An estimator that takes no pair."""

    name: str = "refusing"

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        raise ImagesRefused(ImageFault.UNRELATED, "The images show different places; take them again.")


def setup(rng: np.random.Generator) -> Setup:
    return setup_of(Machine(), dwell_ns=50.0, width_px=320, height_px=256)


def start(rng: np.random.Generator) -> Doubles:
    return np.array([8.0, 1.0, -2.0])
