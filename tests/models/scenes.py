"""Images to test estimators on, made without the optics, textures or noise that training uses.

The probe is traced ray by ray: rays through an evenly filled round aperture meet the focal
lines of an astigmatic lens, and a histogram of where they strike the specimen is the probe.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve
from scipy.spatial import cKDTree

from models.estimate import PairCondition

Floats = NDArray[np.float64]

PIXEL_UM = 0.01
ALPHA_RAD = 8.9e-3
CONDITION = PairCondition(pixel_size_nm=10.0, perturbation_um=5.0, convergence_mrad=8.9, dose_per_nm2=5.0)
MARGIN_PX = 72


@lru_cache(maxsize=4)
def tissue(seed: int, height: int, width: int) -> Floats:
    """Cells (Voronoi) of random grey within dark walls, and dark granules; mean 0, sd 1."""
    rng = np.random.default_rng(seed)
    seeds = rng.uniform(-50, max(height, width) + 50, (700, 2))
    points = np.indices((height, width)).reshape(2, -1).T
    distances, nearest = cKDTree(seeds).query(points, k=2)
    wall = np.exp(-(((distances[:, 1] - distances[:, 0]) / 3.0) ** 2))
    grey = rng.normal(size=len(seeds))[nearest[:, 0]] - 3.0 * wall
    granules = gaussian_filter((rng.random((height, width)) < 0.004).astype(float), 1.5)
    field = grey.reshape(height, width) - 25.0 * granules
    return (field - field.mean()) / field.std()


def ray_traced_probe(defocus_um: float, astig_x_um: float, astig_y_um: float) -> Floats:
    """The probe on pixels of the image, sum 1. x runs along columns, y down along rows.

    Along the direction at half the angle of the vector (astig x, astig y) the lens focuses
    |astig| further off, across it |astig| nearer.
    """
    n = 20_000
    radius = np.sqrt((np.arange(n) + 0.5) / n)
    turn = np.arange(n) * np.pi * (3 - np.sqrt(5))
    ray = ALPHA_RAD * np.stack([radius * np.cos(turn), radius * np.sin(turn)])
    astig = np.hypot(astig_x_um, astig_y_um)
    axis = 0.5 * np.arctan2(astig_y_um, astig_x_um)
    along = np.array([np.cos(axis), np.sin(axis)])
    across = np.array([-np.sin(axis), np.cos(axis)])
    x, y = (defocus_um + astig) * np.outer(along, along @ ray) + (defocus_um - astig) * np.outer(
        across, across @ ray
    )
    edges = (np.arange(2 * MARGIN_PX + 2) - MARGIN_PX - 0.5) * PIXEL_UM
    histogram, _, _ = np.histogram2d(y, x, bins=(edges, edges))
    return gaussian_filter(histogram / n, 0.5)


@dataclass(frozen=True)
class Microscope:
    """Scans one specimen at known aberrations."""

    seed: int = 0
    width_px: int = 704
    height_px: int = 704
    dwell_ns: float = 200.0

    def image(
        self, aberration_um: Floats, take: int, shift_px: tuple[int, int] = (0, 0)
    ) -> NDArray[np.uint8]:
        """One scan. ``take`` seeds its noise; ``shift_px`` (rows, columns) moves the specimen."""
        margin = MARGIN_PX + 64
        field = tissue(self.seed, self.height_px + 2 * margin, self.width_px + 2 * margin)
        seen = fftconvolve(field, ray_traced_probe(*aberration_um), mode="same")
        top, left = margin - shift_px[0], margin - shift_px[1]
        signal = np.clip(
            1 + 0.13 * seen[top : top + self.height_px, left : left + self.width_px], 0.02, None
        )
        quanta = 0.127 * 6.24 * 1.6 * self.dwell_ns
        counts = np.random.default_rng((self.seed, take)).poisson(quanta * signal) / quanta
        return np.clip(np.rint(110 * counts), 0, 255).astype(np.uint8)

    def pair(
        self, aberration_um: Floats, take: int = 0, shift_px: tuple[int, int] = (5, -7)
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Images at + and - 5 um, the first moved by ``shift_px``."""
        step = np.array([CONDITION.perturbation_um, 0.0, 0.0])
        plus = self.image(aberration_um + step, 2 * take + 1, shift_px)
        return plus, self.image(aberration_um - step, 2 * take)


def noise_pair(
    seed: int = 0, shape: tuple[int, int] = (768, 1024)
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two images of bare resin: shot noise only."""
    one, other = np.random.default_rng(seed).poisson(100, (2, *shape)).astype(np.uint8)
    return one, other
