"""From stage moves and the shifts they were seen to make, to how the scan truly lies. Pure.

Points are complex numbers, x + iy. A move of the stage by ``m`` truly shifts the specimen by
``m + g conj(m)``, the stage's axes being neither square nor alike. A frame at the scan rotation ``theta``
shows it as a shift that seems to be ``v`` and is ``c (v + e exp(2 i theta) conj(v))``: ``c`` turns and
scales, ``e`` is the shape of pixels, which turns with the scan, while the stage's ``g`` does not. So two
scan rotations tell them apart.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.robust_fits import Complex, Estimate, Solution, robust_fit


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Stage moves from the reference of their scan rotation and the shifts as seen, (n,) each.

    ``stage_um``: as the stage reports; ``seen_um``: by the frame's settings as if they were true.
    ``reference``: numbers of the references, 0 on: each has an error of its own.
    """

    stage_um: Complex
    seen_um: Complex
    scan_rot_deg: NDArray[np.float64]
    reference: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ScanFit:
    """How the scan truly lies, with the stage's x axis as the ruler.

    Pixel size and rotation as in :class:`~scopeacq.plan.scan_law.ScanLaw`, shear and aspect as in
    :class:`~hardware.types.PixelShape`. ``stage_shear``: x that the stage goes along per um of y;
    ``stage_y_factor``: its unit along y over that along x. ``residuals_um`` (n,) as seen, ``kept`` (n,).
    """

    pixel_size_factor: Estimate
    rotation_deg: Estimate
    shear: Estimate
    aspect: Estimate
    stage_shear: Estimate
    stage_y_factor: Estimate
    residuals_um: Complex
    kept: NDArray[np.bool_]
    noise_um: float
    _seen: Complex

    def seen_um(self, stage_um: complex, scan_rot_deg: float) -> complex:
        """What a move of the stage is going to look like, as in :class:`Moves`."""
        a, b, d = self._seen
        turned = cmath.exp(2j * math.radians(scan_rot_deg)) * stage_um.conjugate()
        return complex(a * stage_um + b * stage_um.conjugate() + d * turned)


def fit_scan(moves: Moves, rng: np.random.Generator, least_um: float) -> ScanFit:
    """Fit all at once, outliers left out; what differs by less than ``least_um`` is no outlier.

    Raises ``ValueError`` where the moves do not tell, as with one scan rotation or along one line, or where
    the image is mirrored.
    """
    conjugate = moves.stage_um.conj()
    turned = np.exp(2j * np.radians(moves.scan_rot_deg)) * conjugate
    which = np.eye(int(moves.reference.max()) + 1)[moves.reference]
    design = np.column_stack([moves.stage_um, conjugate, turned, which])
    solution = robust_fit(design, moves.seen_um, rng, least_um)
    a, b, d = (complex(value) for value in solution.coefficients[:3])
    # v = (m + g conj(m)) / c - e exp(2 i theta) conj(m) / conj(c), to first order in the distortions
    c = 1 / a
    return _decomposed(c, b * c, -d * c.conjugate(), abs(c) * solution.sd[:3], solution)


def _decomposed(
    c: complex, g: complex, e: complex, sds: NDArray[np.float64], solution: Solution
) -> ScanFit:
    """Both maps by what they make of a step to the right and of one upwards."""
    scale_sd, stage_sd, shape_sd = (float(sd) for sd in sds)
    c /= 1 + g  # so that the stage's step to the right is the ruler
    right, up = c * (1 + e), c * (1j - 1j * e)
    if (area := (right.conjugate() * up).imag) <= 0:
        raise ValueError("the image is mirrored against the moves of the stage")
    factor = math.sqrt(area)
    leaning = up / factor * abs(right) / right
    stage_up = (1j - 1j * g) / (1 + g)
    ruled_sd = math.hypot(scale_sd, stage_sd)
    return ScanFit(
        Estimate(factor, factor * ruled_sd),
        Estimate(math.degrees(cmath.phase(right)), math.degrees(math.hypot(ruled_sd, shape_sd))),
        Estimate(leaning.real, 2 * shape_sd),
        Estimate(leaning.imag * factor / abs(right), 2 * shape_sd),
        Estimate(stage_up.real, 2 * stage_sd),
        Estimate(stage_up.imag, 2 * stage_sd),
        solution.residuals,
        solution.kept,
        solution.noise,
        solution.coefficients[:3],
    )
