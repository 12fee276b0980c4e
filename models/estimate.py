"""What a focus estimator is asked and what it answers, in physical units."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairCondition:
    """What the program knows about a pair of images.

    The first image was taken at ``wd + perturbation_um``, the second at ``wd - perturbation_um``.
    """

    pixel_size_nm: float
    perturbation_um: float
    convergence_mrad: float
    dose_per_nm2: float


@dataclass(frozen=True, slots=True)
class AberrationEstimate:
    """An aberration [um] in the image frame (x right, y down): defocus, astig x, astig y.

    ``mean`` has shape (3,), ``covariance`` (3, 3), both float64. ``defocus`` is the working
    distance set minus the true distance: a correction subtracts it. ``patch_means`` and
    ``patch_sds`` have shape (n, 3): what each patch said, for the record and the operator.
    ``patch_boxes`` (n, 4) says where: left, top, width, height in pixels of the images, to within the
    shift between them. ``structured`` is False when no patch holds texture that focus could be read from.
    """

    mean: Floats
    covariance: Floats
    patch_means: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    patch_sds: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    structured: bool = True
    patch_boxes: Floats = field(default_factory=lambda: np.zeros((0, 4)))

    @property
    def sd(self) -> Floats:
        """Standard deviations [um], shape (3,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def patch_shares(self) -> Floats:
        """How much each patch adds to knowing defocus, shape (n,), 1 in all: its share of the precision."""
        precision = np.square(self.patch_sds[:, 0]) ** -1.0
        return np.asarray(precision / precision.sum()) if len(precision) else precision


class AberrationEstimator(Protocol):
    """Estimates the aberration of a pair of images (2-D, same shape, uint8 or uint16)."""

    @property
    def name(self) -> str: ...

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate: ...


class SharpnessScorer(Protocol):
    """Scores a single image: how far from focus it looks, without a sign.

    The score is the estimated size of the blur by defocus plus astigmatism [um of defocus]:
    about 0 in perfect focus, larger when worse. ``nan`` where the image holds no texture.
    """

    @property
    def name(self) -> str: ...

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float: ...


class Sharp(Enum):
    """Whether an image is within the depth of focus, as far as one image can tell."""

    YES = "sharp"
    NO = "not sharp"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Sharpness:
    """What one image shows of its blur.

    ``blur_um`` is the score: ``sqrt(wd^2 + astigmatism^2)`` in um of focal shift, nan without
    texture; ``sd_um`` its standard deviation. ``larger_um`` and ``smaller_um`` are the sizes of
    defocus and astigmatism [um] in an order that one image does not tell: exchanged they blur
    alike. ``inside`` is the probability that |wd|, |astig x| and |astig y| are all within 1 um.
    """

    blur_um: float
    sd_um: float
    larger_um: float
    smaller_um: float
    inside: float
    sharp: Sharp

    @classmethod
    def without_texture(cls) -> Sharpness:
        """Of an image in which nothing could be sharp or unsharp."""
        return cls(math.nan, math.nan, math.nan, math.nan, math.nan, Sharp.CANNOT_TELL)


class SharpnessJudge(SharpnessScorer, Protocol):
    """A scorer that also knows how far it is to be believed."""

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness: ...
