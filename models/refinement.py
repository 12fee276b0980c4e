"""From a proposed aberration to the one that the likelihood finds, on smooth textures and on lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cells import Maps, PairSpectra
from models.likelihood import Fit, Texture, fit
from models.spectra import overlapping_corners, patches

Floats = NDArray[np.float64]

LARGEST_PATCH = 256  # px
MOST_PATCHES = 12
FITTING = 1.0  # misfit up to which the likelihood is believed
STARTS = 12  # far from focus, and on lines, the likelihood has many maxima
WIDER = 1.5  # of a proposal's spread, that starts are drawn from
SURE_SD = 0.3  # perturbations: a proposal that is surer needs one start on smooth textures
LINES_SD = 0.8  # perturbations that a proposal may be uncertain by: lines are told apart no farther
LINES_ALIKE = 1.02  # of the least misfit: as good
LINES_SPREAD = 4.0  # of errors on lines over what the likelihood states
AGREEING = 4.0  # standard deviations of a proposal that it may be left behind by, on lines


@dataclass(frozen=True, slots=True)
class Refined:
    """Mean (3,) and covariance (3, 3) in perturbations; of ``texture``."""

    mean: Floats
    covariance: Floats
    texture: Texture


@dataclass(frozen=True, slots=True)
class Place:
    """The spectra of a pair's patches, by how much these overlap, and the blur of a perturbation [px]."""

    spectra: PairSpectra
    overlap: float
    blur_px: float

    @classmethod
    def of(cls, images: tuple[Maps, Maps], blur_px: float) -> Place:
        """Of two aligned images, 2-D, of one size."""
        edge = min(LARGEST_PATCH, *(n // 4 * 4 for n in images[0].shape))
        corners = overlapping_corners(images[0].shape, edge, MOST_PATCHES)
        plus, minus = (patches(image, corners, edge) for image in images)
        return cls(PairSpectra.of(plus, minus).telling(), plus.size / images[0].size, blur_px)

    def fit(self, start: Floats, uncertainty: float, texture: Texture) -> Fit:
        """See :func:`models.likelihood.fit`."""
        return fit(self.spectra, self.blur_px, start, uncertainty, self.overlap, texture)


def refine(place: Place, mean: Floats, covariance: Floats) -> Refined | None:
    """What the likelihood makes of a proposal (3,), (3, 3) of covariance; None where it fits nothing."""
    sd = np.sqrt(np.diag(covariance))
    starts = _starts(mean, covariance)
    for start in starts if sd.max() > SURE_SD else starts[:1]:
        smooth = place.fit(start, float(sd.max()), Texture.SMOOTH)
        if smooth.misfit <= FITTING:
            return Refined(smooth.mean, smooth.covariance, Texture.SMOOTH)
    if sd.max() > LINES_SD:
        return None
    found = _on_lines(place, starts)
    return found if (np.abs(found.mean - mean) < AGREEING * sd).all() else None


def _starts(mean: Floats, covariance: Floats) -> Floats:
    """Where to begin (STARTS, 3): at a proposal, and around it."""
    directions = np.random.default_rng(0).standard_normal((STARTS - 1, 3))
    return np.vstack([mean, mean + WIDER * directions @ np.linalg.cholesky(covariance).T])


def _on_lines(place: Place, starts: Floats) -> Refined:
    """The mean of the best fits from many starts; what they differ by is added to the covariance."""
    fits = [place.fit(start, 0.0, Texture.LINES) for start in starts]
    least = min(one.misfit for one in fits)
    best = [one for one in fits if one.misfit <= LINES_ALIKE * least]
    means = np.array([one.mean for one in best])
    middle = means.mean(axis=0)
    scatter = (means - middle).T @ (means - middle) / len(best)
    return Refined(middle, LINES_SPREAD**2 * best[0].covariance + scatter, Texture.LINES)
