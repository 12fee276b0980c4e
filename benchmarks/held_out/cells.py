"""Held-out tissues made of cells: epithelium, neuropil by division, myelinated axons."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.held_out.painting import (
    Floats,
    Rng,
    Stamp,
    divided,
    log_uniform,
    scattered,
    spaced,
    standardised,
)


def epithelium(shape: tuple[int, int], rng: Rng) -> Floats:
    """Cells about 2.5 um wide with nuclei and mitochondria, between dark walls."""
    points = scattered(round(shape[0] * shape[1] / 250**2), shape, rng)
    cells = divided(points, shape, rng, waviness_px=8.0)
    tile = (0.35 * rng.standard_normal(len(points)))[cells.owner].astype(np.float32)
    tile += _grains(shape, 0.02, 0.25, rng)
    for point in points:
        if rng.random() < 0.7:
            _nucleus(tile, (point[0], point[1]), log_uniform(rng, 45, 85), rng)
    for point in scattered(3 * len(points), shape, rng):
        _mitochondrion(tile, (point[0], point[1]), log_uniform(rng, 10, 18), rng)
    tile -= 1.4 * np.exp(-((cells.border_px / 2.0) ** 2))
    return standardised(tile)


def neuropil(shape: tuple[int, int], rng: Rng) -> Floats:
    """Crowded profiles of very different size, vesicles in some, synapses on a few borders."""
    clumps = scattered(60, shape, rng)
    crowd = clumps[rng.integers(len(clumps), size=700)] + 50 * rng.standard_normal((700, 2))
    points = np.vstack([crowd, scattered(120, shape, rng)])
    cells = divided(points, shape, rng, waviness_px=9.0)
    grey = 0.35 * rng.standard_normal(len(points)) + 0.3
    tile = grey[cells.owner].astype(np.float32)
    _vesicles(tile, points[rng.random(len(points)) < 0.06], rng)
    for point in scattered(35, shape, rng):
        _mitochondrion(tile, (point[0], point[1]), log_uniform(rng, 9, 20), rng)
    thickness = np.where(rng.random(len(points)) < 0.05, 3.5, 1.2)[cells.owner]
    tile -= 2.2 * np.exp(-((cells.border_px / thickness) ** 2)).astype(np.float32)
    return standardised(tile)


def myelin(shape: tuple[int, int], rng: Rng) -> Floats:
    """White matter in a wide field: sheaths, axoplasm, little between them."""
    radii = np.array([log_uniform(rng, 18, 170) for _ in range(140)])
    tile = np.full(shape, -0.1, np.float32) + _grains(shape, 0.01, 0.3, rng)
    for row, column, radius in spaced(radii, shape, rng):
        _sheath(tile, (row, column), radius, rng)
    return standardised(tile)


def _sheath(tile: Floats, centre: tuple[float, float], radius: float, rng: Rng) -> None:
    angle, squeeze = rng.uniform(0, math.pi), rng.uniform(0.65, 1.0)
    stamp = Stamp.on(tile.shape, centre, (0.95 * radius, 0.95 * squeeze * radius), angle, 1.1)
    turn = np.arctan2(stamp.across, stamp.along)
    wobble = sum(rng.normal(0, 0.03) * np.cos(n * turn + rng.uniform(0, 6.3)) for n in (2, 3, 5))
    rim = stamp.radius * (1 + wobble)
    inner = rng.uniform(0.6, 0.85)
    lamellae = 0.25 * np.cos(2 * math.pi * rim * radius / 3.1)
    stamp.paint(tile, -2.0 + lamellae, rim < 1)
    stamp.paint(tile, 0.7 + 0.1 * rng.standard_normal(), rim < inner)
    if radius > 40 and rng.random() < 0.7:
        _mitochondrion(tile, centre, 0.15 * radius, rng)


def _nucleus(tile: Floats, centre: tuple[float, float], radius: float, rng: Rng) -> None:
    """Light, with a dark envelope and clumps of chromatin along it."""
    stamp = Stamp.on(tile.shape, centre, (radius, rng.uniform(0.6, 1) * radius), rng.uniform(0, math.pi))
    stamp.paint(tile, 0.5, stamp.radius < 1)
    stamp.paint(tile, -1.2, np.abs(stamp.radius - 1) < 2.0 / radius)
    for turn, out in zip(rng.uniform(0, 2 * math.pi, 14), rng.uniform(0.2, 0.7, 14), strict=True):
        row, column = (
            c + out * 0.6 * radius * f(turn) for c, f in zip(centre, (math.sin, math.cos), strict=True)
        )
        clump = Stamp.on(tile.shape, (row, column), (radius * log_uniform(rng, 0.05, 0.25),) * 2)
        clump.paint(tile, -0.9, clump.radius < 1)


def _mitochondrion(tile: Floats, centre: tuple[float, float], radius: float, rng: Rng) -> None:
    """A dark rod with cristae across it."""
    radii = (rng.uniform(1.0, 3.0) * radius, radius)
    stamp = Stamp.on(tile.shape, centre, radii, rng.uniform(0, math.pi))
    cristae = np.where(np.sin(2 * math.pi * stamp.along * radii[0] / rng.uniform(5, 8)) > 0.4, -1.6, -0.6)
    stamp.paint(tile, cristae, stamp.radius < 1)
    stamp.paint(tile, -1.9, np.abs(stamp.radius - 1) < 1.2 / radius)


def _vesicles(tile: Floats, centres: np.ndarray, rng: Rng) -> None:
    """Crowds of rings some 45 nm wide."""
    for centre in centres:
        for row, column in centre + 22 * rng.standard_normal((35, 2)):
            stamp = Stamp.on(tile.shape, (row, column), (2.4, 2.4), reach=1.6)
            stamp.paint(tile, -1.0, np.abs(stamp.radius - 0.9) < 0.35)


def _grains(shape: tuple[int, int], density: float, height: float, rng: Rng) -> Floats:
    """Single pixels that differ: ribosomes and stain."""
    grains = (rng.random(shape, np.float32) < density) * rng.standard_normal(shape, np.float32)
    return np.asarray(height / math.sqrt(density) * 0.3 * grains, np.float32)
