"""Wafers that section detection is judged on and that nothing is trained on or set by.

They lie outside the package that trains and are drawn by other means than its wafers: whole wafers with a
round border, sections by their distance to four lines, in ribbons along arcs, in rows or strewn.

    python -m benchmarks.held_out_wafers FOLDER     paints one of each look
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

SIDE_PX = 1400


@dataclass(frozen=True, slots=True)
class Look:
    """How a wafer looks: greys of 0..1, chances of a section to be befallen by something, noise."""

    name: str
    wafer: float
    section: float
    stage: float = 0.1
    rim: float = 0.0
    grain: float = 0.02
    tissue: float = 0.03
    cracked: float = 0.0
    folded: float = 0.0
    specks: int = 15
    shade: float = 0.08
    noise: float = 0.02


_DARK = Look("dark on bright", wafer=0.75, section=0.4)
LOOKS = (
    _DARK,
    Look("bright on dark", wafer=0.12, section=0.5, stage=0.3),
    Look("gold-coated", wafer=0.82, section=0.62, stage=0.5, rim=-0.3, grain=0.05, tissue=0.05),
    replace(_DARK, name="cracks", cracked=0.5),
    replace(_DARK, name="folds", section=0.5, folded=0.5),
    Look("dust", wafer=0.6, section=0.35, specks=400),
)


@dataclass(frozen=True, slots=True)
class Block:
    """What the sections of a wafer are cut from: width, height [px], and how much narrower its top is."""

    width: float
    height: float
    taper: float

    def corners(self, centre: Doubles, angle: float, stretch: float = 1.0) -> Doubles:
        """Of one section, (4, 2) of (column, row) [px]."""
        w, h = self.width / 2, stretch * self.height / 2
        own = np.array([[-w, -h], [w, -h], [w * (1 - self.taper), h], [-w * (1 - self.taper), h]])
        c, s = math.cos(angle), math.sin(angle)
        return np.asarray(own @ np.array([[c, s], [-s, c]]) + centre)


@dataclass(frozen=True, slots=True)
class HeldOutWafer:
    """One wafer: what a camera gives of it, and where its sections truly are."""

    look: str
    picture: NDArray[np.uint8]
    sections: tuple[Doubles, ...]


def wafer(look: Look, seed: int) -> HeldOutWafer:
    """A wafer of a look, reproducibly."""
    rng = np.random.default_rng((seed, len(look.name), 7))
    edge = rng.uniform(28, 75)
    aspect = rng.uniform(1.0, 2.0)
    block = Block(edge * math.sqrt(aspect), edge / math.sqrt(aspect), rng.uniform(0, 0.2))
    sections = list(_apart(_layout(block, rng), block))
    grey = look.wafer + look.grain * _grain((SIDE_PX, SIDE_PX), 6.0, rng)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - SIDE_PX / 2
    grey[np.hypot(x, y) > 0.485 * SIDE_PX] = look.stage
    for corners in sections:
        _paint(grey, corners, look, rng)
    _scatter(grey, look, rng)
    shade = 1 - look.shade * (
        (x / SIDE_PX) ** 2 + (y / SIDE_PX) ** 2 + 0.5 * np.cos(x / 60) * np.cos(y / 45)
    )
    seen = ndimage.gaussian_filter(grey, rng.uniform(0.5, 1.0)) * shade + rng.normal(
        0, look.noise, grey.shape
    )
    return HeldOutWafer(look.name, np.asarray(np.clip(255 * seen, 0, 255), np.uint8), tuple(sections))


def wafers(seeds: range) -> Iterator[HeldOutWafer]:
    """One wafer of each look for each seed."""
    for seed in seeds:
        for look in LOOKS:
            yield wafer(look, seed)


def _layout(block: Block, rng: np.random.Generator) -> Iterator[Doubles]:
    """Ribbons along arcs, rows that all but touch, or sections strewn at random."""
    kind, radius = rng.integers(3), 0.42 * SIDE_PX
    centre = np.full(2, SIDE_PX / 2)
    if kind == 0:
        for arc in np.arange(1.5 * block.width, radius, 1.35 * block.width):
            angle = rng.uniform(0, math.tau)
            end = angle + rng.uniform(1.0, 4.5)
            while angle < end:
                place = centre + arc * np.array([math.cos(angle), math.sin(angle)])
                yield block.corners(place, angle + rng.normal(0, 0.02), rng.normal(1, 0.01))
                angle += (block.height * (1 + 0.15 * (rng.random() < 0.1)) + rng.uniform(0.5, 4)) / arc
    elif kind == 1:
        pitch = np.array([block.width, block.height]) * rng.uniform(1.02, 1.5)
        for row in np.arange(-radius, radius, pitch[1]):
            for column in np.arange(-radius, radius, pitch[0]):
                if math.hypot(row, column) < radius and rng.random() < 0.8:
                    place = centre + np.array([column, row]) + rng.normal(0, 1.5, 2)
                    yield block.corners(place, rng.normal(0, 0.08), rng.normal(1, 0.01))
    else:
        for _ in range(400):
            place = centre + radius * math.sqrt(rng.random()) * _unit(rng.uniform(0, math.tau))
            yield block.corners(place, rng.uniform(0, math.tau), rng.normal(1, 0.015))


def _unit(angle: float) -> Doubles:
    return np.array([math.cos(angle), math.sin(angle)])


def _apart(candidates: Iterator[Doubles], block: Block) -> Iterator[Doubles]:
    """Those that lie over none before them by more than a hundredth."""
    laid: list[Doubles] = []
    reach = math.hypot(block.width, block.height)
    for corners in candidates:
        near = [o for o in laid if np.linalg.norm(o.mean(0) - corners.mean(0)) < reach]
        if all(_shared(corners, o) < 0.01 * block.width * block.height for o in near):
            laid.append(corners)
            yield corners


def _shared(one: Doubles, other: Doubles) -> float:
    return float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])


def _paint(grey: Doubles, corners: Doubles, look: Look, rng: np.random.Generator) -> None:
    """A section by the distance of each pixel to its four sides, with soft borders."""
    low = np.floor(corners.min(0)).astype(int) - 2
    high = np.ceil(corners.max(0)).astype(int) + 3
    window = grey[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    depth = np.min([_depth(x, y, corners[k - 1], corners[k]) for k in range(4)], axis=0)
    inside = np.clip(depth + 0.5, 0, 1)
    own = look.section + rng.normal(0, 0.02) + look.tissue * _grain(window.shape, 2.5, rng)
    own += look.rim * np.exp(-((depth - 1) ** 2) / 2)
    if rng.random() < look.folded:
        own += 0.35 * _bend(x, y, corners, 2.0, rng)
    if rng.random() < look.cracked:
        own += (look.wafer - look.section) * _bend(x, y, corners, 0.8, rng)
    window += inside * (own - window)


def _depth(x: Doubles, y: Doubles, a: Doubles, b: Doubles) -> Doubles:
    """How far pixels lie inside of a side [px]."""
    along = (b - a) / np.linalg.norm(b - a)
    return np.asarray(along[0] * (y - a[1]) - along[1] * (x - a[0]))


def _bend(x: Doubles, y: Doubles, corners: Doubles, width_px: float, rng: np.random.Generator) -> Doubles:
    """1 along a wavy line through a section, 0 off it."""
    angle, (u, v) = rng.uniform(0, math.tau), (x - corners[:, 0].mean(), y - corners[:, 1].mean())
    across = u * math.cos(angle) + v * math.sin(angle) + 3 * np.sin((v - u) / 12) + rng.normal(0, 6)
    return np.asarray(np.exp(-((across / width_px) ** 2)))


def _grain(shape: tuple[int, ...], size_px: float, rng: np.random.Generator) -> Doubles:
    """Smooth noise of standard deviation 1."""
    noise = ndimage.gaussian_filter(rng.normal(0, 1, shape), size_px / 2)
    return np.asarray(noise / max(1e-9, float(noise.std())))


def _scatter(grey: Doubles, look: Look, rng: np.random.Generator) -> None:
    """Specks, and a few shreds of sections."""
    y, x = np.mgrid[-9:10, -9:10]
    for _ in range(look.specks):
        row, column = rng.integers(10, SIDE_PX - 10, 2)
        sizes = rng.uniform(0.8, 4.5, 2)
        share = np.exp(-(((x / sizes[0]) ** 2 + (y / sizes[1]) ** 2) ** 2))
        window = grey[row - 9 : row + 10, column - 9 : column + 10]
        window += share * (rng.choice((0.05, 0.95)) - window)
    for _ in range(6):
        place, angle = rng.uniform(0.3, 0.7, 2) * SIDE_PX, rng.uniform(0, math.tau)
        shred = Block(rng.uniform(10, 40), rng.uniform(3, 7), 0.5).corners(place, angle)
        _paint(grey, shred, look, rng)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.held_out_wafers", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for seen in wafers(range(1)):
        cv2.imwrite(str(folder / f"{seen.look.replace(' ', '-')}.png"), seen.picture)


if __name__ == "__main__":
    main()
