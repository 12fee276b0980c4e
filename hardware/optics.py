"""Noise-free image formation of an SEM probe, as pure functions.

Written once for the twin (NumPy arrays) and for training (batches of torch tensors):
only functions that both share are used, and the array namespace is taken from the
input. Noise and sampling are the caller's.

Geometric optics (Binding et al. 2013, in the form measured on a real SEM pair): a
defocus z and two astigmatic focal shifts ax, ay [um], all in the *image* frame (x to the
right along columns, y **down** along rows), blur with a uniform disk mapped by

    M = [[z + ax, ay], [ay, z - ax]],

so that the transfer function at angular frequency k [rad/um] is ``2 J1(u) / u`` with
``u = alpha |M k|`` and alpha the semi-convergence angle [rad]. Spherical, diffraction and
chromatic contributions add a Gaussian floor. The state (z, ax, ay) and its negative have
the same probe: swapping two images of a pair negates the answer. An aperture that is filled
otherwise (an annulus, a Gaussian) changes the function of u, and spherical aberration makes u
another one for each ring of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any  # an ndarray or a torch tensor; all arguments of one call are of one kind

RINGS = 10  # of the aperture, besides those that follow its oscillations
LEAST_INDEPENDENCE = 0.1
"""Stigmators whose axes are nearer than 3 degrees to each other's are refused: they do the same."""


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """Horner's scheme, lowest power first."""
    result = x * 0.0 + coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        result = result * x + coefficient
    return result


def bessel_j1(x: Array, xp: Any) -> Array:
    """J1 for real x >= 0, by the rational approximations of Abramowitz & Stegun 9.4.4 and 9.4.6.

    Absolute error below 1.3e-8 for x <= 3 and 1e-7 beyond.
    """
    small = x * _polynomial(
        (xp.where(x < 3.0, x, xp.zeros_like(x)) / 3.0) ** 2,
        (0.5, -0.56249985, 0.21093573, -0.03954289, 0.00443319, -0.00031761, 0.00001109),
    )
    big = xp.where(x < 3.0, xp.ones_like(x) * 3.0, x)
    s = 3.0 / big
    f1 = _polynomial(
        s, (0.79788456, 0.00000156, 0.01659667, 0.00017105, -0.00249511, 0.00113653, -0.00020033)
    )
    theta = big + _polynomial(
        s, (-2.35619449, 0.12499612, 0.00005650, -0.00637879, 0.00074348, 0.00079824, -0.00029166)
    )
    return xp.where(x < 3.0, small, f1 * xp.cos(theta) / xp.sqrt(big))


def bessel_j0(x: Array, xp: Any) -> Array:
    """J0 for real x >= 0, by the rational approximations of Abramowitz & Stegun 9.4.1 and 9.4.3."""
    small = _polynomial(
        (xp.where(x < 3.0, x, xp.zeros_like(x)) / 3.0) ** 2,
        (1.0, -2.2499997, 1.2656208, -0.3163866, 0.0444479, -0.0039444, 0.0002100),
    )
    big = xp.where(x < 3.0, xp.ones_like(x) * 3.0, x)
    s = 3.0 / big
    f0 = _polynomial(
        s, (0.79788456, -0.00000077, -0.00552740, -0.00009512, 0.00137237, -0.00072805, 0.00014476)
    )
    theta = big + _polynomial(
        s, (-0.78539816, -0.04166397, -0.00003954, 0.00262573, -0.00054125, -0.00029333, 0.00013558)
    )
    return xp.where(x < 3.0, small, f0 * xp.cos(theta) / xp.sqrt(big))


def jinc(u: Array, xp: Any) -> Array:
    """``2 J1(u) / u``, 1 at u = 0."""
    safe = xp.where(u < 1e-4, xp.ones_like(u) * 1e-4, u)
    return 2.0 * bessel_j1(safe, xp) / safe


def annular(u: Array, inner: float, xp: Any) -> Array:
    """Transfer function of an annulus, evenly filled from the share ``inner`` of its radius outwards.

    ``u`` is that of the disk of the same rms angle, so that the curvature at u = 0 stays 1/4.
    """
    if inner == 0.0:
        return jinc(u, xp)
    hole = inner * inner
    marginal = u / math.sqrt(1.0 + hole)
    return (jinc(marginal, xp) - hole * jinc(inner * marginal, xp)) / (1.0 - hole)


def rings(inner: float, falloff: float, count: int) -> tuple[Array, Array]:
    """Areas and weights (count,) of the rings that a filled aperture is integrated over.

    A ring's area is the squared share of the radius, from ``inner**2`` to 1; the intensity falls
    as ``exp(-falloff * area)``. Gauss-Legendre in the area; the weights add up to 1.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    area = inner**2 + (1.0 - inner**2) * 0.5 * (nodes + 1.0)
    weights = weights * np.exp(-falloff * (area - inner**2))
    return area, weights / weights.sum()


def _mean_area(inner: float, falloff: float) -> float:
    area, weight = rings(inner, falloff, 64)
    return float((weight * area).sum())


def least_blur_um(spherical_um: float, inner: float = 0.0, falloff: float = 0.0) -> float:
    """The defocus [um] of least rms blur: ``-s <a^2>/<a>`` over the areas a, -2/3 s for a disk.

    Halfway between perturbations to either side of it the second moments of both probes agree:
    it is what a pair of images calls focus.
    """
    area, weight = rings(inner, falloff, 64)
    return -spherical_um * float((weight * area**2).sum()) / _mean_area(inner, falloff)


def probe_otf(
    kx: Array,
    ky: Array,
    defocus_um: Array,
    astig_x_um: Array,
    astig_y_um: Array,
    alpha_rad: Array,
    floor_um: Array,
    xp: Any,
    spherical_um: float = 0.0,
    inner: float = 0.0,
    falloff: float = 0.0,
) -> Array:
    """Transfer function of the probe at angular frequencies ``kx, ky`` [rad/um].

    All arrays broadcast. ``floor_um`` is the rms width of the Gaussian floor.
    ``spherical_um`` is the longitudinal spherical aberration of the marginal ray, Cs alpha^2:
    with it over- and underfocus differ (outer rays focus elsewhere than inner ones).

    ``inner`` and ``falloff`` say how the aperture is filled (:func:`rings`): 0 and 0 evenly,
    ``inner`` > 0 an annulus, ``falloff`` > 0 a truncated Gaussian, ``falloff = inf`` the Gaussian
    ``exp(-u^2/8)`` of MAPFoSt (Binding et al. 2013). ``alpha_rad`` is always the angle of the
    evenly filled disk of the same rms angle: the filling changes the shape and not the size.
    """
    floor = xp.exp(-0.5 * (kx * kx + ky * ky) * floor_um * floor_um)

    def blur(z: Array) -> Array:
        mx = (z + astig_x_um) * kx + astig_y_um * ky
        my = astig_y_um * kx + (z - astig_x_um) * ky
        return alpha_rad * xp.sqrt(mx * mx + my * my)

    if math.isinf(falloff):
        return xp.exp(-0.125 * blur(defocus_um) ** 2) * floor
    if spherical_um == falloff == 0.0:
        return annular(blur(defocus_um), inner, xp) * floor
    marginal = 1.0 / math.sqrt(2.0 * _mean_area(inner, falloff))
    reach = marginal * max(float(blur(z).max()) for z in (defocus_um, defocus_um + spherical_um))
    # n nodes follow J0(u r) over the aperture up to about u = 4 n
    areas, weights = rings(inner, falloff, RINGS + math.ceil((reach + falloff) / 4.0))
    total = 0.0 * floor
    for area, weight in zip(areas.tolist(), weights.tolist(), strict=True):
        ring = bessel_j0(marginal * math.sqrt(area) * blur(defocus_um + spherical_um * area), xp)
        total = total + weight * ring
    return total * floor


def rotate_astigmatism(astig_x: Array, astig_y: Array, angle_deg: float) -> tuple[Array, Array]:
    """The same astigmatism seen in axes turned by ``angle_deg``: the vector turns by twice that.

    Axes turned from x towards y. Astigmatism is a tensor of rank two, hence the double angle.
    """
    c, s = math.cos(math.radians(2 * angle_deg)), math.sin(math.radians(2 * angle_deg))
    return c * astig_x + s * astig_y, -s * astig_x + c * astig_y


@dataclass(frozen=True, slots=True)
class StigmatorFrame:
    """How the vendor's stigmators act: astigmatic focal shift per unit, and their orientation.

    ``rotation_deg`` turns the x stigmator's axes counter-clockwise in the lab. Stigmator y acts
    ``y_ratio`` times as strongly, on axes 45 degrees from those and turned by ``skew_deg`` beyond; a
    skew of 90 degrees is one wired the other way round. Near 45 both would act alike.

    Raises ``ValueError`` where the two do not span all astigmatism, or are no numbers.
    """

    um_per_unit: float = 4.0
    rotation_deg: float = 0.0
    y_ratio: float = 1.0
    skew_deg: float = 0.0

    def __post_init__(self) -> None:
        if not (self.um_per_unit > 0 and self.y_ratio > 0 and self.independence > LEAST_INDEPENDENCE):
            raise ValueError(
                f"stigmators of {self.um_per_unit:g} and {self.y_um_per_unit:g} um per unit with a skew of "
                f"{self.skew_deg:g} degrees would not act independently"
            )

    @property
    def independence(self) -> float:
        """1 for stigmators 45 degrees apart, 0 for two that act alike."""
        return abs(math.cos(math.radians(2 * self.skew_deg)))

    @property
    def y_um_per_unit(self) -> float:
        """Focal shift per unit of stigmator y."""
        return self.y_ratio * self.um_per_unit

    def matrix_um(self, scan_rot_deg: float) -> Array:
        """From stigmators [a.u.] to astigmatic focal shifts [um] in the image frame, (2, 2).

        The image turns with the scan, hence the vector by twice the scan rotation.
        """
        turn_x = math.radians(2 * (scan_rot_deg - self.rotation_deg))
        turn_y = turn_x - math.radians(2 * self.skew_deg)
        x, y = self.um_per_unit, self.y_um_per_unit
        return np.array(
            [
                [x * math.cos(turn_x), y * math.sin(turn_y)],
                [x * math.sin(turn_x), -y * math.cos(turn_y)],
            ]
        )

    @classmethod
    def of_matrix(cls, matrix_um: Array, scan_rot_deg: float) -> StigmatorFrame:
        """The inverse of :meth:`matrix_um`; angles in [-90, 90). Raises ``ValueError`` likewise."""
        (xx, yx), (xy, yy) = matrix_um.T.tolist()
        x, y = math.hypot(xx, yx), math.hypot(xy, yy)
        rotation_deg = scan_rot_deg - math.degrees(math.atan2(yx, xx)) / 2
        y_rotation_deg = scan_rot_deg - math.degrees(math.atan2(xy, -yy)) / 2
        ratio = y / x if x > 0 else math.nan
        return cls(x, half_turn_deg(rotation_deg), ratio, half_turn_deg(y_rotation_deg - rotation_deg))


def half_turn_deg(angle_deg: float) -> float:
    """The same axis in [-90, 90): astigmatism does not tell a direction from its opposite."""
    return (angle_deg + 90.0) % 180.0 - 90.0


def astigmatism_in_image(
    stig_x: float, stig_y: float, frame: StigmatorFrame, scan_rot_deg: float
) -> tuple[float, float]:
    """Stigmator values [a.u.] as astigmatic focal shifts [um] in the image frame (y down)."""
    ax, ay = (frame.matrix_um(scan_rot_deg) @ (stig_x, stig_y)).tolist()
    return ax, ay


def stigmators_of(
    astig_x_um: float, astig_y_um: float, frame: StigmatorFrame, scan_rot_deg: float
) -> tuple[float, float]:
    """Inverse of :func:`astigmatism_in_image`: image-frame focal shifts [um] to stigmators [a.u.]."""
    x, y = np.linalg.solve(frame.matrix_um(scan_rot_deg), (astig_x_um, astig_y_um)).tolist()
    return x, y


def aberration_floor_um(
    energy_kv: float, alpha_rad: float, cs_mm: float, cc_mm: float, energy_spread_ev: float
) -> float:
    """Rms width of the Gaussian floor [um] from spherical, diffraction and chromatic disks.

    Diameters after Schubert 2022, eq. 1.2-1.4 (after Egerton 2005): ds = Cs a^3 / 2,
    dd = 0.61 lambda / a, dc = a Cc dE / E0; added in quadrature, a disk of diameter d has
    an rms width of d / 4 per axis.
    """
    # relativistic electron wavelength [nm]; 0.0317 nm at 1.5 kV
    volts = energy_kv * 1e3
    wavelength_nm = 1.226426 / math.sqrt(volts * (1 + 0.978476e-6 * volts))
    spherical_um = 0.5 * cs_mm * 1e3 * alpha_rad**3
    diffraction_um = 0.61 * wavelength_nm * 1e-3 / alpha_rad
    chromatic_um = alpha_rad * cc_mm * 1e3 * energy_spread_ev / volts
    return math.hypot(spherical_um, diffraction_um, chromatic_um) / 4


def depth_of_focus_um(convergence_rad: float, floor_um: float, pixel_um: float) -> float:
    """How far the focus may be off before the image widens visibly [um].

    In focus an image is as wide as probe and pixel: an rms width per axis of
    s = hypot(floor, pixel / sqrt(12)). A defocus z adds a disk of radius alpha z and rms width
    alpha z / 2 in quadrature. The depth is where that widens the image by 30 %:
    z = 2 s sqrt(1.3^2 - 1) / alpha, 1.0 um at 8.9 mrad, 4.5 nm and 10 nm, the margin that
    Schubert 2022 found by eye.
    """
    rms_um = math.hypot(floor_um, pixel_um / math.sqrt(12))
    return 2 * rms_um * math.sqrt(1.3**2 - 1) / convergence_rad
