"""Drawn pieces of wafer overviews: sections, what they are made of, what lies about, and how they are seen.

Wider in kind than wafers are on purpose, and shaped after none: sections are plain or full of structure,
with edges or without; pictures are uneven, noisy and soft. Sections are always darker than the wafer: where
they are brighter the network sees the negative, and so has half as much to learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.polygons import Polygon, area, fill
from models.training.ranges import Span
from models.training.section_labels import Instances
from models.training.section_layouts import LayoutRanges, drawn, lay_out, turned

Grey = NDArray[np.float32]
"""Shape (y, x), 0 for black to 1 for white."""
FRACTION_BITS = 6


@dataclass(frozen=True, slots=True)
class SceneRanges:
    """What varies between pieces of wafer; chances are those of a piece to show something.

    ``contrast``: how much darker sections are than the wafer. ``texture``: standard deviation of what
    sections and wafer are made of. ``tiles_px``: the edge of the tiles of a mosaic, which are uneven alike.
    """

    patch_px: int = 128
    layout: LayoutRanges = field(default_factory=LayoutRanges)
    contrast: Span = Span(0.12, 0.6, True)
    texture: Span = Span(0.004, 0.06, True)
    uneven: Span = Span(0.01, 0.25, True)
    tiles_px: Span = Span(25.0, 300.0, True)
    noise: Span = Span(0.003, 0.04, True)
    blur_px: Span = Span(0.3, 1.2)
    edges: float = 0.5
    resin: float = 0.15
    folds: float = 0.3
    cracks: float = 0.25
    dust: float = 0.5
    debris: float = 0.5
    border: float = 0.08
    mosaic: float = 0.5
    compressed: float = 0.3


@dataclass
class _Canvas:
    """A piece of wafer being drawn."""

    grey: Grey
    instances: Instances
    outlines: Sequence[Polygon]
    textures: Sequence[Grey]
    rng: np.random.Generator

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def texture(self) -> Grey:
        """A piece of a texture, mean 0 and standard deviation about 1, stretched at random."""
        texture = self.textures[int(self.rng.integers(len(self.textures)))]
        size, zoom = self.grey.shape[0], self.rng.uniform(1.0, 4.0)
        part = round(texture.shape[0] / zoom)
        y, x = self.rng.integers(0, texture.shape[0] - part + 1, 2)
        return _enlarged(texture[y : y + part, x : x + part], size, cv2.INTER_LINEAR)

    def within(self, outline: Polygon) -> NDArray[np.bool_]:
        mask = np.zeros(self.grey.shape, np.uint8)
        fill(mask, outline, 1)
        return mask > 0

    def lines(self, points: NDArray[np.float64], value: float, width_px: int, closed: bool = False) -> None:
        """A thin line of a grey, with soft sides."""
        fixed = np.round(points * 2**FRACTION_BITS).astype(np.int32)
        drawn_line = np.zeros(self.grey.shape, np.uint8)
        cv2.polylines(drawn_line, [fixed], closed, 255, width_px, cv2.LINE_AA, FRACTION_BITS)
        share = drawn_line.astype(np.float32) / 255
        self.grey += share * (np.float32(value) - self.grey)


def draw_scene(
    ranges: SceneRanges, textures: Sequence[Grey], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Instances]:
    """A piece of wafer as a camera gives it, and the number of the section at each pixel, 0 beside all.

    ``textures``: squares of any content, mean 0 and standard deviation 1.
    """
    size = ranges.patch_px
    outlines = lay_out(size, ranges.layout, rng)
    instances = np.zeros((size, size), np.int32)
    for number, outline in enumerate(outlines, 1):
        fill(instances, outline, number)
    canvas = _Canvas(np.zeros((size, size), np.float32), instances, outlines, textures, rng)
    contrast = drawn(ranges.contrast, rng)
    level = rng.uniform(0.02, 0.98 - contrast)
    _draw_ground(canvas, ranges, level + contrast)
    _draw_sections(canvas, ranges, level, contrast)
    _draw_mishaps(canvas, ranges)
    return _seen(canvas, ranges), instances


def _draw_ground(canvas: _Canvas, ranges: SceneRanges, level: float) -> None:
    canvas.grey += level
    canvas.grey += 0.6 * drawn(ranges.texture, canvas.rng) * canvas.texture()
    for _ in range(canvas.rng.integers(0, 4)):  # scratches
        ends = canvas.rng.uniform(0, canvas.grey.shape[0], (2, 2))
        canvas.lines(ends, canvas.rng.random(), 1)
    if canvas.chance(ranges.border):
        _draw_border(canvas)


def _draw_border(canvas: _Canvas) -> None:
    """Where the wafer ends: beyond it all is of another grey, and no section lies across."""
    size, angle = canvas.grey.shape[0], canvas.rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:size, :size] - size / 2
    beyond = x * np.cos(angle) + y * np.sin(angle) > canvas.rng.uniform(0.1, 0.5) * size
    canvas.grey[beyond] = canvas.rng.random() + 0.02 * canvas.texture()[beyond]


def _draw_sections(canvas: _Canvas, ranges: SceneRanges, level: float, contrast: float) -> None:
    rng, size = canvas.rng, canvas.grey.shape[0]
    amplitude, spread = drawn(ranges.texture, rng), rng.uniform(0.0, 0.25) * contrast
    edge, width_px = rng.uniform(-0.4, 0.4), int(rng.integers(1, 3))
    has_edges = canvas.chance(ranges.edges)
    resin = rng.uniform(0.05, 0.3) if canvas.chance(ranges.resin) else None
    part, part_level = _part(rng), level + rng.uniform(-0.25, 0.25)
    slope = rng.uniform(0, 0.3) * contrast / size
    texture = canvas.texture()
    gradient = np.mgrid[:size, :size].astype(np.float32) - size / 2
    for number, outline in enumerate(canvas.outlines, 1):
        if resin is not None:
            _draw_resin(canvas, outline, level + (1 - resin) * contrast)
        mask = canvas.instances == number
        own = level + rng.normal(0, spread) + amplitude * texture
        own += slope * np.tensordot(rng.normal(0, 1, 2).astype(np.float32), gradient, 1)
        canvas.grey[mask] = own[mask]
        if part is not None:
            inner = canvas.within(part(outline)) & mask
            canvas.grey[inner] = part_level + amplitude * texture[inner]
        if has_edges:
            canvas.lines(outline, level + edge, width_px, closed=True)


def _part(rng: np.random.Generator) -> Callable[[Polygon], Polygon] | None:
    """What of each section is of another grey: nothing, its core, or what lies at one of its sides."""
    share = rng.uniform(0.2, 0.85)
    if rng.random() < 0.5:
        return None
    if rng.random() < 0.6:
        return lambda outline: outline.mean(0) + share * (outline - outline.mean(0))
    return lambda o: np.stack([o[0], o[1], o[1] + share * (o[2] - o[1]), o[0] + share * (o[-1] - o[0])])


def _draw_resin(canvas: _Canvas, outline: Polygon, level: float) -> None:
    """Faint resin about the section, which is none itself."""
    around = canvas.within(outline.mean(0) + 1.25 * (outline - outline.mean(0)))
    canvas.grey[around & (canvas.instances == 0)] = level


def _draw_mishaps(canvas: _Canvas, ranges: SceneRanges) -> None:
    """Folds and cracks of sections, dust, and debris of sections that is too small to be one."""
    rng, size = canvas.rng, canvas.grey.shape[0]
    for outline in canvas.outlines:
        edge = np.sqrt(area(outline))
        if canvas.chance(ranges.folds / 2):
            _draw_across(canvas, outline, rng.random(), int(rng.integers(1, 2 + edge // 15)))
        if canvas.chance(ranges.cracks / 2):
            _draw_across(canvas, outline, float(np.median(canvas.grey)), 1)
    if canvas.chance(ranges.dust):
        for _ in range(rng.integers(1, 40)):
            centre, axes = rng.integers(0, size, 2), rng.integers(1, 2 + size // 30, 2)
            grey = float(rng.choice((0.05, 0.95)) if rng.random() < 0.5 else rng.random())
            cv2.ellipse(canvas.grey, centre.tolist(), axes.tolist(), rng.uniform(0, 180), 0, 360, grey, -1)
    if canvas.chance(ranges.debris):
        _draw_debris(canvas)


def _draw_across(canvas: _Canvas, outline: Polygon, grey: float, width_px: int) -> None:
    """A bent line from one side of a section to another."""
    ends = outline[canvas.rng.permutation(len(outline))[:2]]
    share = canvas.rng.uniform(0.2, 0.8, (2, 1))
    first = share[0] * ends[0] + (1 - share[0]) * np.roll(outline, 1, 0)[0]
    middle = outline.mean(0) + canvas.rng.normal(0, 0.1, 2) * np.ptp(outline, axis=0)
    canvas.lines(np.stack([first, middle, share[1] * ends[1] + (1 - share[1]) * ends[0]]), grey, width_px)


def _draw_debris(canvas: _Canvas) -> None:
    """Shreds and slivers that look like sections, where there is none."""
    rng, inside = canvas.rng, canvas.instances > 0
    if not inside.any():
        return
    level, edge = float(np.median(canvas.grey[inside])), np.sqrt(area(canvas.outlines[0]))
    bare = ~cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    for _ in range(rng.integers(1, 6)):
        long, wide = edge * rng.uniform(0.2, 1.2), edge * rng.uniform(0.03, 0.22)
        shred = rng.uniform(-1, 1, (5, 2)) * [long / 2, wide / 2]
        shred = cv2.convexHull(shred.astype(np.float32))[:, 0].astype(np.float64)
        place = rng.uniform(0, canvas.grey.shape[0], 2)
        mask = canvas.within(turned(shred, rng.uniform(0, np.pi)) + place) & bare
        canvas.grey[mask] = level + 0.03 * rng.normal(0, 1, int(mask.sum()))


def _seen(canvas: _Canvas, ranges: SceneRanges) -> NDArray[np.uint8]:
    """Soft, uneven, noisy, in 8 bits and sometimes compressed."""
    rng = canvas.rng
    grey = cv2.GaussianBlur(canvas.grey, (0, 0), drawn(ranges.blur_px, rng))
    grey = grey * (1 + drawn(ranges.uneven, rng) * _unevenness(canvas, ranges))
    grey = grey + rng.normal(0, drawn(ranges.noise, rng), grey.shape)
    picture = np.asarray(np.clip(255 * grey, 0, 255), np.uint8)
    if canvas.chance(ranges.compressed):
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))]
        _, data = cv2.imencode(".jpg", picture, quality)
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return picture


def _enlarged(texture: Grey, size_px: int, way: int) -> Grey:
    return np.asarray(cv2.resize(texture, (size_px, size_px), interpolation=way), np.float32)


def _unevenness(canvas: _Canvas, ranges: SceneRanges) -> Grey:
    """From -1 to 1 and smooth; in a mosaic the same in each tile, with steps between them."""
    rng, size = canvas.rng, canvas.grey.shape[0]
    if not canvas.chance(ranges.mosaic):
        coarse = rng.uniform(-1, 1, (3, 3)).astype(np.float32)
        return _enlarged(coarse, size, cv2.INTER_CUBIC)
    tile = drawn(ranges.tiles_px, rng)
    v, u = ((np.arange(size) + rng.uniform(0, tile)) / tile for _ in range(2))
    y, x = 2 * (v % 1) - 1, 2 * (u % 1) - 1
    bowl = -(y[:, None] ** 2) - x**2 + rng.normal(0, 0.4) * y[:, None] + rng.normal(0, 0.4) * x
    steps = rng.normal(0, 0.2, (int(v[-1]) + 1, int(u[-1]) + 1))
    return np.asarray(0.5 + 0.5 * bowl + steps[v.astype(int)][:, u.astype(int)], np.float32)
