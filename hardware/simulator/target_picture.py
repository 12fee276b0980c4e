"""A picture of a round target as the ion beam's raster draws it: a current by where the beam is sent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from hardware.simulator.config import GunSettings
from hardware.simulator.mill_map import FWHM_PER_SIGMA

OFF_TARGET = 0.25
"""Of the target's current, where the beam misses it."""


def target_picture(
    gun: GunSettings,
    vpp: tuple[float, float],
    diameter_um: float,
    middle_um: tuple[float, float],
    shape: tuple[int, int],
    counts: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Grey values (h, w): columns are the x sawtooth, rows the y sawtooth, from its lower end down.

    ``middle_um``: of a target that faces the gun, off the raster's middle. ``counts``: quanta per pixel.
    """
    edges_um = np.array([gun.um_per_vpp, gun.um_per_vpp_y or gun.um_per_vpp]) * vpp
    pitches_um = edges_um / (shape[1], shape[0])
    x_um = (np.arange(shape[1]) + 0.5) * pitches_um[0] - edges_um[0] / 2 - middle_um[0]
    y_um = (np.arange(shape[0]) + 0.5) * pitches_um[1] - edges_um[1] / 2 - middle_um[1]
    inside = diameter_um / 2 - np.hypot(x_um[None, :], y_um[:, None])
    covered = np.clip(inside / pitches_um.mean() + 0.5, 0, 1)
    sigma_um = gun.spot_um / FWHM_PER_SIGMA
    seen = gaussian_filter(covered, (sigma_um / pitches_um[1], sigma_um / pitches_um[0]))
    quanta = rng.poisson(counts * (OFF_TARGET + (1 - OFF_TARGET) * seen))
    return np.asarray(np.clip(quanta * 200 / counts, 0, 255), np.uint8)
