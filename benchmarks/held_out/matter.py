"""Held-out specimens other than cells: test objects, fibres, crystals, nearly bare resin."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.held_out.painting import (
    Doubles,
    Floats,
    Rng,
    Stamp,
    divided,
    log_uniform,
    scattered,
    standardised,
)


def tin_balls(shape: tuple[int, int], rng: Rng) -> Floats:
    """Balls on carbon that hide each other, with bright rims as secondary electrons show them."""
    tile = np.zeros(shape, np.float32)
    radii = np.sort([log_uniform(rng, 2.0, 45.0) for _ in range(900)])[::-1]
    for (row, column), radius in zip(scattered(len(radii), shape, rng), radii, strict=True):
        stamp = Stamp.on(shape, (row, column), (radius, radius), reach=1.05)
        height = np.sqrt(np.clip(1 - stamp.radius**2, 0.03, 1))
        stamp.paint(tile, 1.5 + 0.5 / np.sqrt(height), stamp.radius < 1)
    return standardised(tile)


def collagen(shape: tuple[int, int], rng: Rng) -> Floats:
    """Fibrils in bundles that cross, banded every 67 nm, some cut across."""
    tile = np.full(shape, 0.6, np.float32)
    for _ in range(rng.integers(9, 13)):
        _bundle(tile, rng.uniform(0, math.pi), rng)
    for row, column in scattered(180, shape, rng):
        radius = log_uniform(rng, 2.5, 6)
        stamp = Stamp.on(shape, (row, column), (radius, radius))
        stamp.paint(tile, -1.2, stamp.radius < 1)
    return standardised(tile)


def _bundle(tile: Floats, angle: float, rng: Rng) -> None:
    """Some twenty fibrils side by side, bent alike."""
    height, width = tile.shape
    start = rng.uniform(0, 1, 2) * (width, height)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    t = np.arange(0.0, rng.uniform(350, 700), 3.35)
    bend = rng.uniform(10, 40) * np.sin(t / rng.uniform(60, 150) + rng.uniform(0, 6.3))
    for fibril in range(20):
        aside = 11.0 * fibril + rng.normal(0, 2)
        path: Doubles = start + np.outer(t, along) + np.outer(bend + aside, across)
        _fibril(tile, path, int(rng.integers(4, 9)), rng)


def _fibril(tile: Floats, path: Doubles, thickness: int, rng: Rng) -> None:
    """Two layers: the fibril, and its dark bands as the odd pieces of its length."""
    shade = rng.normal(-0.5, 0.2)
    box_low, box_high = path.min(0) - 2 * thickness, path.max(0) + 2 * thickness
    origin = np.floor(box_low).astype(int)
    size = (np.ceil(box_high).astype(int) - origin + 1).tolist()
    window = np.ix_(
        (origin[1] + np.arange(size[1])) % tile.shape[0], (origin[0] + np.arange(size[0])) % tile.shape[1]
    )
    part = np.ascontiguousarray(tile[window])
    local = path - origin
    bands = [local[i : i + 2] for i in range(0, len(local) - 1, 2)]
    for pieces, value in (([local], shade), (bands, shade - 0.9)):
        mask = np.zeros(part.shape, np.uint8)
        points = [np.rint(16 * piece).astype(np.int32) for piece in pieces]
        cv2.polylines(mask, points, False, 255, thickness, cv2.LINE_AA, shift=4)
        part += mask * np.float32(1 / 255) * (np.float32(value) - part)
    tile[window] = part


def crystals(shape: tuple[int, int], rng: Rng) -> Floats:
    """Facets that lie on each other: flat, sharp-edged, of all sizes."""
    tile = np.zeros(shape, np.float32)
    for centre in scattered(1800, shape, rng):
        corners = rng.integers(3, 7)
        turns = np.sort(rng.uniform(0, 2 * math.pi, corners))
        reach = log_uniform(rng, 6, 110) * np.stack([np.cos(turns), rng.uniform(0.4, 1) * np.sin(turns)], 1)
        grey = rng.normal()
        for neighbour in np.ndindex(3, 3):
            there = centre + (np.asarray(neighbour) - 1) * shape
            if np.all(there > -110) and np.all(there < np.asarray(shape) + 110):
                cv2.fillConvexPoly(tile, np.rint((there + reach)[:, ::-1]).astype(np.int32), grey)
    return standardised(tile)


def gratings(shape: tuple[int, int], rng: Rng) -> Floats:
    """A mask: domains of lines or squares, turned and spaced otherwise in each."""
    points = scattered(16, shape, rng)
    cells = divided(points, shape, rng)
    tile = np.zeros(shape, np.float32)
    for domain in range(len(points)):
        here = cells.owner == domain
        rows, columns = np.nonzero(here)
        tile[here] = _grating(rows, columns, shape, rng)
    tile[cells.border_px < 2.5] = 0.5
    return standardised(tile)


def _grating(
    rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int], rng: Rng
) -> NDArray[np.bool_]:
    """Which of the pixels are raised: every other line or square, whole periods to the tile."""
    angle, pitch = rng.uniform(0, math.pi), log_uniform(rng, 7, 70)

    def lines(turn: float) -> NDArray[np.bool_]:
        down, right = (
            round(n / pitch * f(turn)) / n for n, f in zip(shape, (math.sin, math.cos), strict=True)
        )
        return np.asarray((right * columns + down * rows) % 1.0 < 0.5)

    return lines(angle) ^ lines(angle + math.pi / 2) if rng.random() < 0.6 else lines(angle)


def resin(shape: tuple[int, int], rng: Rng) -> Floats:
    """Embedding medium with few vesicles and specks in it; sd 0.3 of what tissue has."""
    tile = np.zeros(shape, np.float32)
    for row, column in scattered(300, shape, rng):
        radius = log_uniform(rng, 2.0, 14.0)
        stamp = Stamp.on(shape, (row, column), (radius, rng.uniform(0.8, 1) * radius), reach=1.5)
        stamp.paint(tile, -1.0, np.abs(stamp.radius - 1) < 1.2 / radius)
    for row, column in scattered(60, shape, rng):
        radius = log_uniform(rng, 1.0, 4.0)
        stamp = Stamp.on(shape, (row, column), (radius, radius))
        stamp.paint(tile, rng.choice([-1.5, 1.0]), stamp.radius < 1)
    return np.float32(0.3) * standardised(tile)
