"""Where on the wafer how much mill charge has fallen, and how deep that has cut.

The map keeps the charge density [uC/um^2 of the beam's cross-section]; the depth follows from
it by the material's mill rate, so that a border between differently irradiated sections stays
as sharp as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from hardware.simulator.config import GunSettings
from hardware.simulator.fields import gaussian_fields
from hardware.simulator.mounted import Mounted
from hardware.types import RasterState, StagePose

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
VOLTAGE_AT_50_OHM = 2.0  # a generator that believes in 50 ohm puts out twice the set amplitude
_STANDING_UM = 1.0
_FINE_PX, _FINE_PITCH_UM, _FINE_WAVELENGTH_PX, _FINE_BANDWIDTH = 64, 5.0, 10.0, 0.7
_COARSE_STEP_PX, _COARSE_FROM_PX = 8, 4096
_DOSES = (0.0, 0.25, 0.5, 1.0)
_RATES = (5.453e-8, 3.246e-8, 1.948e-8, 1.487e-8)


def mill_rate_m3_per_c(irradiation_dose: NDArray[np.floating] | float) -> Floats:
    """Volume milled per charge at an irradiation dose [10^27 eV/cm^3].

    Schubert 2022, table 2.1, interpolated linearly. The table's volume is the square of the
    scan's edge times the thickness, so that depth = rate x charge / edge^2, although the
    footprint is 1 / sin(glancing angle) longer on the wafer.
    """
    return np.asarray(np.interp(irradiation_dose, _DOSES, _RATES), np.float64)


@dataclass(frozen=True, slots=True)
class Footprint:
    """How the ion beam reaches the wafer: a pose, and the edges it scans [um]."""

    pose: StagePose
    edge_x_um: float
    edge_y_um: float

    @classmethod
    def of(cls, pose: StagePose, raster: RasterState, settings: GunSettings) -> Footprint:
        """A raster that does not run leaves the beam standing."""
        gain = (1.0 if math.isinf(raster.load_ohm) else VOLTAGE_AT_50_OHM) * raster.running
        edge_x_um = gain * settings.um_per_vpp * raster.raster.x_vpp
        edge_y_um = gain * (settings.um_per_vpp_y or settings.um_per_vpp) * raster.raster.y_vpp
        return cls(pose, max(edge_x_um, _STANDING_UM), max(edge_y_um, _STANDING_UM))


@dataclass
class MillMap:
    """Charge density over the wafer and its conversion to depth."""

    settings: GunSettings
    rotation_centre_um: tuple[float, float]
    fine_seed: int
    charge_uc_per_um2: Floats = field(init=False)
    n_exposures: int = 0
    mounted: Mounted = field(default_factory=Mounted)

    def __post_init__(self) -> None:
        n = round(self.settings.map_edge_um / self.settings.map_pitch_um)
        self.charge_uc_per_um2 = np.zeros((n, n))
        self._axis_um = (np.arange(n) - (n - 1) / 2) * self.settings.map_pitch_um
        rng = np.random.default_rng(self.fine_seed)
        self._fine = gaussian_fields(rng, _FINE_PX, _FINE_WAVELENGTH_PX, _FINE_BANDWIDTH)[..., 0].copy()
        self._last: tuple[Footprint, Mounted, Floats] | None = None

    def expose(self, footprint: Footprint, charge_uc: float) -> None:
        """Let a charge fall through the footprint."""
        if self._last is None or self._last[:2] != (footprint, self.mounted):
            on_stage = self.mounted.on_stage(*np.meshgrid(self._axis_um, self._axis_um))
            self._last = footprint, self.mounted, self.density_per_um2(footprint, *on_stage)
        self.charge_uc_per_um2 += charge_uc * self._last[2]
        self.n_exposures += 1

    def density_per_um2(self, footprint: Footprint, x_um: Floats, y_um: Floats) -> Floats:
        """Share of the charge per area of the beam's cross-section at points of the stage frame [1/um^2].

        The beam crosses the column's axis at the height ``aim_z_um`` and meets the tilted surface
        where that rises to it; the raster is a box blurred by the spot, with a gentle gradient
        along the beam.
        """
        s = self.settings
        pose = footprint.pose
        assert pose.z_um is not None and pose.tilt_deg is not None
        glancing = math.radians(pose.tilt_deg + s.elevation_deg)
        if glancing <= math.radians(0.5):
            return np.zeros_like(x_um)
        u_um, v_um = self._on_tilted_plane(pose, x_um, y_um)
        above_um = (s.aim_z_um - pose.z_um) * math.cos(math.radians(s.elevation_deg))
        h_um = v_um * math.sin(glancing) - above_um
        sigma_um = s.spot_um / FWHM_PER_SIGMA
        along = _blurred_box(h_um, footprint.edge_y_um, sigma_um)
        across = _blurred_box(u_um - s.aim_x_um, footprint.edge_x_um, sigma_um)
        gradient = 1 + s.unevenness * np.clip(2 * h_um / max(footprint.edge_y_um, s.spot_um), -1, 1)
        return np.asarray(along * across * gradient, np.float64)

    def depth_nm(
        self,
        x_um: ArrayLike,
        y_um: ArrayLike,
        irradiation_dose: Callable[[ArrayLike, ArrayLike], NDArray[np.floating]],
    ) -> Floats32:
        """How deep the material is milled at wafer points, float32 of their shape [nm].

        Depth varies over many micrometres: large grids are sampled coarsely and interpolated.
        """
        x, y = np.asarray(x_um, np.float64), np.asarray(y_um, np.float64)
        if x.ndim < 2 or x.size <= _COARSE_FROM_PX:
            return self._depth_nm(x, y, irradiation_dose(x, y))
        part = np.s_[::_COARSE_STEP_PX, ::_COARSE_STEP_PX]
        coarse = self._depth_nm(x[part], y[part], irradiation_dose(x[part], y[part]))
        return _enlarged(coarse, x.shape)

    def _depth_nm(self, x_um: Floats, y_um: Floats, irradiation_dose: NDArray[np.floating]) -> Floats32:
        s, first_um = self.settings, self._axis_um[0]
        charge = _look_up(
            self.charge_uc_per_um2, x_um - first_um, y_um - first_um, s.map_pitch_um, cv2.BORDER_CONSTANT
        )
        fine = 1 + s.fine_unevenness * _look_up(self._fine, x_um, y_um, _FINE_PITCH_UM, cv2.BORDER_WRAP)
        # 1 m^3/C = 1e12 um^3/uC; um to nm
        rate = mill_rate_m3_per_c(irradiation_dose) * (s.yield_factor * 1e15)
        return np.asarray(charge * fine * rate, np.float32)

    def _on_tilted_plane(self, pose: StagePose, x_um: Floats, y_um: Floats) -> tuple[Floats, Floats]:
        """Points in the axes of the tilted stage: u along the tilt axis, v up the slope."""
        assert pose.x_um is not None and pose.y_um is not None and pose.rotation_deg is not None
        c, s = math.cos(math.radians(pose.rotation_deg)), math.sin(math.radians(pose.rotation_deg))
        cx, cy = self.rotation_centre_um
        dx, dy = x_um - cx, y_um - cy
        return c * dx - s * dy + cx - pose.x_um, s * dx + c * dy + cy - pose.y_um


def _look_up(
    table: NDArray[np.floating], x_um: Floats, y_um: Floats, pitch_um: float, border: int
) -> Floats32:
    """Bilinear values of a table at points of any shape, the table's first value lying at (0, 0)."""
    columns = np.atleast_2d(np.asarray(x_um / pitch_um, np.float32))
    rows = np.atleast_2d(np.asarray(y_um / pitch_um, np.float32))
    values = cv2.remap(
        table.astype(np.float32, copy=False), columns, rows, cv2.INTER_LINEAR, borderMode=border
    )
    return np.asarray(values.reshape(np.shape(x_um)), np.float32)


def _enlarged(coarse: Floats32, shape: tuple[int, ...]) -> Floats32:
    """A grid of ``shape`` of which ``coarse`` holds one row and column in every ``_COARSE_STEP_PX``."""
    scaling = np.array([[1 / _COARSE_STEP_PX, 0, 0], [0, 1 / _COARSE_STEP_PX, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    full = cv2.warpAffine(coarse, scaling, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(full, np.float32)


def _blurred_box(x_um: Floats, edge_um: float, sigma_um: float) -> Floats:
    """A box of unit integral, blurred by a Gaussian [1/um]."""
    half = edge_um / 2
    box = ndtr((x_um + half) / sigma_um) - ndtr((x_um - half) / sigma_um)
    return np.asarray(box / edge_um, np.float64)
