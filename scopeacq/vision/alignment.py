"""Finding one image in another: band-pass, one global correlation, then many local ones.

Pixels only; :mod:`scopeacq.vision.registration` says what they mean on the wafer. Made for images
that differ: another depth of the tissue, shot noise, a few um of defocus. Hence plain
normalised correlation in a band that all of them share, rather than phase correlation, which
gives the noise the same weight as the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from hardware.types import Image
from scopeacq.plan.geometry import Affine, Rigid, rotation

Floats = NDArray[np.float32]

PATCH_PX = 160
"""Edge of the local patches: large enough for structure, small enough that rotation shows."""
MARGIN_PX = 12
"""How far a patch may lie from where the global shift puts it: 0.7 degrees at 1000 px."""
PATCHES_PER_EDGE = 6
GLOBAL_BINNING = 2
"""The global shift only has to bring the patches within their margin."""
MIN_PATCHES = 5
MIN_PATCH_CORRELATION = 0.1
AGREE_PX = 2.0
CONTRAST_CLIP_SD = 4.0
BLUR_PITCHES = 4.0
"""Standard deviation of a wide blur on its own grid: the band then is within 1 or 2 % of the exact one."""


@dataclass(frozen=True, slots=True)
class Band:
    """Periods that both images share lie between these standard deviations of Gaussians [px]."""

    fine_px: float
    coarse_px: float


@dataclass(frozen=True)
class Alignment:
    """``image_px = matrix @ (reference_px, 1)``, shape (2, 3); normalised correlation in the overlap."""

    matrix: Affine
    correlation: float


def align(
    image: Image, reference: Image, band: Band, expected_px: tuple[float, float], max_shift_px: float
) -> Alignment:
    """Find ``reference`` in ``image``: shift and small rotation (up to about 0.5 degrees).

    Both are 2-D and of one pixel size. ``expected_px`` is the shift (columns, rows) from reference to
    image where the search of radius ``max_shift_px`` is centred. A correlation is always returned; whether
    it is enough is the caller's decision.
    """
    moving, fixed = band_pass(image, band), band_pass(reference, band)
    small = [_binned(pixels) for pixels in (moving, fixed)]
    expected = (expected_px[0] / GLOBAL_BINNING, expected_px[1] / GLOBAL_BINNING)
    columns, rows = _global_shift(small[0], small[1], expected, max_shift_px / GLOBAL_BINNING)
    whole = np.array([[1.0, 0.0, GLOBAL_BINNING * columns], [0.0, 1.0, GLOBAL_BINNING * rows]])
    candidates = [Alignment(m, _correlation(moving, fixed, m)) for m in _refined(moving, fixed, whole)]
    return max(candidates, key=lambda a: a.correlation)


def band_pass(image: Image, band: Band) -> Floats:
    """Difference of Gaussians with outliers clipped, so that no particle outweighs the tissue."""
    pixels = image.astype(np.float32)
    flat = cv2.GaussianBlur(pixels, (0, 0), band.fine_px) - _widely_blurred(pixels, band.coarse_px)
    limit = CONTRAST_CLIP_SD * float(cv2.meanStdDev(flat)[1][0, 0])
    clipped: Floats = np.clip(flat, -limit, limit)
    return clipped


def _widely_blurred(pixels: Floats, sd_px: float) -> Floats:
    """A Gaussian blur, on a grid as coarse as it allows: that takes a tenth of the time or less."""
    factor = max(1.0, sd_px / BLUR_PITCHES)
    rows, columns = (max(1, round(length / factor)) for length in pixels.shape)
    coarse = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), sd_px / factor)
    size = (pixels.shape[1], pixels.shape[0])
    return np.asarray(cv2.resize(blurred, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _binned(pixels: Floats) -> Floats:
    rows, columns = (length // GLOBAL_BINNING for length in pixels.shape)
    whole = pixels[: rows * GLOBAL_BINNING, : columns * GLOBAL_BINNING]
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)


def _global_shift(
    moving: Floats, fixed: Floats, expected_px: tuple[float, float], max_shift_px: float
) -> tuple[float, float]:
    """Shift (columns, rows) with the most significant correlation, to a fraction of a pixel.

    Zero padding keeps shifts from wrapping around. The noise of a correlation grows with the root of the
    number of overlapping pixels; dividing by it keeps small overlaps fair without letting them win.
    """
    shape = tuple(
        int(scipy.fft.next_fast_len(a + b, real=True))
        for a, b in zip(moving.shape, fixed.shape, strict=True)
    )
    spectrum = scipy.fft.rfft2(moving, shape) * np.conj(scipy.fft.rfft2(fixed, shape))
    correlation = scipy.fft.irfft2(spectrum, shape)
    rows, columns = _signed(shape[0])[:, None], _signed(shape[1])[None, :]
    overlap = _overlap(rows, moving.shape[0], fixed.shape[0]) * _overlap(
        columns, moving.shape[1], fixed.shape[1]
    )
    near = np.hypot(columns - expected_px[0], rows - expected_px[1]) <= max_shift_px
    score = np.where(near & (overlap > 0), correlation / np.sqrt(np.maximum(overlap, 1.0)), -np.inf)
    row, column = (int(i) for i in np.unravel_index(int(np.argmax(score)), shape))
    dx = vertex(correlation[row, np.arange(column - 1, column + 2) % shape[1]])
    dy = vertex(correlation[np.arange(row - 1, row + 2) % shape[0], column])
    return float(columns[0, column]) + dx, float(rows[row, 0]) + dy


def _signed(length: int) -> NDArray[np.float64]:
    """Shifts in the order of the FFT: 0, 1, ..., -2, -1."""
    shifts = np.arange(length, dtype=np.float64)
    shifts[shifts > length // 2] -= length
    return shifts


def _overlap(shift: NDArray[np.float64], moving: int, fixed: int) -> NDArray[np.float64]:
    """Length of the overlap of two intervals, the second moved by ``shift``."""
    length: NDArray[np.float64] = np.minimum(moving, fixed + shift) - np.maximum(0.0, shift)
    return np.maximum(length, 0.0)


def _refined(moving: Floats, fixed: Floats, whole: Affine) -> list[Affine]:
    """The global shift, and what local patches make of it when enough of them agree."""
    matches = [m for corner in _corners(fixed.shape) if (m := _match(moving, fixed, corner, whole))]
    if len(matches) < MIN_PATCHES:
        return [whole]
    source, target = (np.array(points) for points in zip(*matches, strict=True))
    _, agree = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=AGREE_PX)
    kept = agree[:, 0].astype(bool) if agree is not None else np.zeros(len(source), dtype=bool)
    if kept.sum() < MIN_PATCHES:
        return [whole]
    rigid, _residuals = Rigid.fit(source[kept], target[kept])
    return [whole, np.column_stack([rotation(rigid.rotation_deg), (rigid.x_um, rigid.y_um)])]


def _corners(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Upper left corners (column, row) of patches spread over an image."""
    rows, columns = (
        np.linspace(MARGIN_PX, edge - PATCH_PX - MARGIN_PX, PATCHES_PER_EDGE).astype(int) for edge in shape
    )
    return [(int(c), int(r)) for r in rows for c in columns if r >= 0 and c >= 0]


def _match(
    moving: Floats, fixed: Floats, corner: tuple[int, int], whole: Affine
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Where a patch of ``fixed`` lies in ``moving``: its corner in both [px], or None."""
    column, row = corner
    left = column + round(float(whole[0, 2])) - MARGIN_PX
    top = row + round(float(whole[1, 2])) - MARGIN_PX
    edge = PATCH_PX + 2 * MARGIN_PX
    window = moving[max(top, 0) : top + edge, max(left, 0) : left + edge]
    if window.shape != (edge, edge):
        return None
    patch = fixed[row : row + PATCH_PX, column : column + PATCH_PX]
    scores = cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    inside = 0 < x < scores.shape[1] - 1 and 0 < y < scores.shape[0] - 1
    if not inside or best < MIN_PATCH_CORRELATION:
        return None
    dx, dy = vertex(scores[y, x - 1 : x + 2]), vertex(scores[y - 1 : y + 2, x])
    return (float(column), float(row)), (left + x + dx, top + y + dy)


def vertex(three: NDArray[Any]) -> float:
    """Where the parabola through three equidistant values peaks, from the middle one."""
    low, middle, high = (float(v) for v in three)
    curvature = low - 2 * middle + high
    return 0.5 * (low - high) / curvature if curvature < 0 else 0.0


def _correlation(moving: Floats, fixed: Floats, matrix: Affine) -> float:
    """Normalised correlation of ``fixed`` with ``moving`` laid over it, where they overlap."""
    size = (fixed.shape[1], fixed.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(moving, matrix, size, flags=flags)
    overlap = cv2.warpAffine(np.ones_like(moving), matrix, size, flags=flags) > 0.999
    a, b = laid[overlap], fixed[overlap]
    if a.size < PATCH_PX**2:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0
