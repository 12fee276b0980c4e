"""MAPFoSt (Binding et al. 2013) through the package ``mapfost``: the yardstick for DeepFocus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from mapfost import costLib, imageLib, mtfLib
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.alignment import aligned
from models.estimate import AberrationEstimate, PairCondition
from models.images import ImageFault, ImagesRefused, checked_pair, require_one_place
from models.spectra import boxes_of, patch_corners

Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]

LARGEST_PX, SMALLEST_PX, STEP_PX = 512, 128, 32  # edges of patches
MOST_PATCHES = 4
BAND = 0.25  # share of the spectrum that is used, from its centre
LONGEST_SHIFT = 0.25  # of the image, between the two images of a pair
NOT_FITTED_UM = 100.0  # standard deviation of an answer that does not exist
FLOOR_UM = 0.05


class MapFost:
    """An :class:`~models.estimate.AberrationEstimator` by maximum a-posteriori fits of patches."""

    @property
    def name(self) -> str:
        return "MAPFoSt"

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        """See :class:`~models.estimate.AberrationEstimator`.

        The median of the patches; its covariance comes from their spread.

        Raises:
            ImagesRefused: the images are no pair, or too small where they overlap.
        """
        pair = checked_pair(plus, minus, 2 * SMALLEST_PX)
        height, width = (int(LONGEST_SHIFT * n) for n in plus.shape)
        one, other = aligned(*pair, (height, width))
        edge = min(LARGEST_PX, min(one.shape) // 2 // STEP_PX * STEP_PX)
        if edge < SMALLEST_PX:
            raise ImagesRefused(
                ImageFault.SHAPE,
                f"The images overlap in {one.shape} px only and MAPFoSt needs {2 * SMALLEST_PX} along each "
                "axis; scan larger frames.",
            )
        require_one_place(one, other)
        corners = patch_corners(one.shape, edge, MOST_PATCHES)
        cuts = [(slice(top, top + edge), slice(left, left + edge)) for top, left in corners]
        answers = [_fit(one[cut], other[cut], condition) for cut in cuts]
        heard = [a is not None for a in answers]
        said = np.array([a for a in answers if a is not None]).reshape(-1, 3)
        return replace(_summary(said), patch_boxes=boxes_of(corners, edge)[heard])


def _fit(plus: Pixels, minus: Pixels, condition: PairCondition) -> Floats | None:
    """Defocus, astig x, astig y [um] in the image frame, of one pair of aligned squares; None without.

    The steps of the package's ``est_aberr``, which itself returns errors as text and needs
    packages that it does not declare. ``get_kspace_xy`` takes the spectrum it is for, already
    cut to ``BAND``, to reach Nyquist: the pixel size must be widened by as much. Its rows run
    up and ours down; the cross term of its MTF has the other sign as well, so ay keeps its own.
    """
    spectra = [imageLib.low_pass_filter(_spectrum(image), BAND) for image in (plus, minus)]
    k = mtfLib.get_kspace_xy(len(spectra[0]), 1e-3 * condition.pixel_size_nm / BAND)
    known = [[sign * condition.perturbation_um, 0.0, 0.0] for sign in (1, -1)]
    alpha = 1e-3 * condition.convergence_mrad
    energy = float(np.square(np.abs(spectra)).sum())
    if energy == 0:
        return None

    def cost(aberration: Floats) -> float:
        return float(costLib.cost_mapfost(aberration, spectra, known, alpha, (1, 1), False, k)) / energy

    answer = np.asarray(minimize(cost, np.zeros(3), method="L-BFGS-B").x, dtype=np.float64)
    stuck = not answer.any()  # no gradient, as between unrelated images
    return None if stuck or not np.isfinite(answer).all() else answer


def _spectrum(image: Pixels) -> NDArray[np.complex128]:
    spectrum: NDArray[np.complex128] = np.fft.fftshift(np.fft.fft2(imageLib.removeMeanAndMeanSlope(image)))
    return spectrum


def _summary(answers: Floats) -> AberrationEstimate:
    """Median (3,) and covariance (3, 3) of the median, from the spread of answers (n, 3)."""
    if len(answers) < 2:
        mean = answers[0] if len(answers) else np.zeros(3)
        sds = np.full_like(answers, NOT_FITTED_UM)
        return AberrationEstimate(mean, np.eye(3) * NOT_FITTED_UM**2, answers, sds)
    spread = answers.std(axis=0, ddof=1)
    # a median of n normal numbers has pi/2 times the variance of their mean
    variance = 0.5 * np.pi * spread**2 / len(answers) + FLOOR_UM**2
    sds = np.broadcast_to(spread, answers.shape)
    return AberrationEstimate(np.median(answers, axis=0), np.diag(variance), answers, sds)
