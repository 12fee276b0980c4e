"""The convergence angle of a probe, told by pairs of images whose aberration is about known.

The images of a pair differ in blur by what the perturbation adds, whose size in pixels is the angle's: the
likelihood (:mod:`models.likelihood`) fits it along with the aberration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.deepfocus import binning, seen_alike
from models.estimate import PairCondition
from models.images import checked_pair
from models.likelihood import FARTHEST, Texture
from models.networks import PairPolarNet
from models.refinement import FITTING, Place

UNSURE = 0.3  # perturbations that the aberration is known to

_ANGLE = 1  # its place among the likelihood's nuisances


@dataclass(frozen=True, slots=True)
class Stretch:
    """The true angle over the believed one as this pair has it.

    ``fits`` is False where the likelihood's model does not hold, or the angle lies as far off as it looks.
    """

    ratio: float
    fits: bool


def stretch_of(
    plus: NDArray[np.generic],
    minus: NDArray[np.generic],
    condition: PairCondition,
    aberration_um: NDArray[np.float64],
) -> Stretch:
    """What a pair tells of the angle that ``condition`` believes in.

    Args:
        plus: image at ``wd + perturbation``, 2-D.
        minus: image at ``wd - perturbation``, the same shape.
        condition: pixel size, perturbation, believed angle.
        aberration_um: (3,) about how far from focus the pair is, in the image frame.

    Raises:
        ImagesRefused: the images cannot be judged.
        ValueError: the optics lie outside the trained range.
    """
    factor, blur_px = binning(condition)
    checked = checked_pair(plus, minus, PairPolarNet.patch_px * factor)
    place = Place.of(seen_alike(checked, factor), blur_px)
    found = place.fit(aberration_um / condition.perturbation_um, UNSURE, Texture.SMOOTH)
    log_ratio = float(found.nuisance[_ANGLE])
    within = abs(log_ratio) < 0.95 * FARTHEST[_ANGLE]
    return Stretch(math.exp(log_ratio), bool(within and found.misfit <= FITTING))
