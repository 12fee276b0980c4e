"""Sections strewn over a piece of wafer: outlines alike within a wafer, alone, touching, and in ribbons."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.polygons import Polygon, area
from models.training.ranges import Span

CLOSING_STEPS = 9  # halvings of the way to the neighbour: to a tenth of a pixel


def drawn(span: Span, rng: np.random.Generator) -> float:
    """One number of a range."""
    if span.logarithmic:
        return math.exp(rng.uniform(math.log(span.low), math.log(span.high)))
    return float(rng.uniform(span.low, span.high))


@dataclass(frozen=True, slots=True)
class LayoutRanges:
    """How sections of a wafer lie. ``edge_px`` is the root of their area.

    ``neighbours``: the share of sections laid beside another one, in wafers where sections touch (half);
    ``ribbons``: the share of such wafers where they follow each other like cut. ``jitter`` of corners and
    sizes within a wafer, relative to the edge.
    """

    edge_px: Span = Span(12.0, 60.0, True)
    aspect: Span = Span(1.0, 2.4, True)
    taper: float = 0.25
    jitter: Span = Span(0.003, 0.03, True)
    filled: Span = Span(0.05, 0.9)
    neighbours: Span = Span(0.2, 1.0)
    ribbons: float = 0.4
    gap_px: Span = Span(-1.0, 3.0)


def block_outline(ranges: LayoutRanges, rng: np.random.Generator) -> Polygon:
    """What the sections of a wafer look like: four to seven corners about the origin, area 1."""
    aspect, taper = drawn(ranges.aspect, rng), rng.uniform(0.0, ranges.taper) * (rng.random() < 0.6)
    corners = [[-1.0, -1.0], [1.0, -1.0], [1.0 - taper, 1.0], [taper - 1.0, 1.0]]
    outline = np.array(corners) * [math.sqrt(aspect), 1 / math.sqrt(aspect)]
    for corner in rng.permutation(4)[: rng.choice(4, p=[0.65, 0.2, 0.1, 0.05])]:
        outline = _cut(outline, outline[corner], rng.uniform(0.15, 0.4))
    outline = outline + rng.normal(0, 0.03, outline.shape)
    return outline / math.sqrt(area(outline))


def _cut(outline: Polygon, corner: NDArray[np.float64], share: float) -> Polygon:
    """A corner cut off, as blocks are trimmed to show which way round they lie."""
    place = int(np.linalg.norm(outline - corner, axis=1).argmin())
    before, after = outline[place - 1], outline[(place + 1) % len(outline)]
    new = [corner + share * (before - corner), corner + share * (after - corner)]
    return np.concatenate([outline[:place], new, outline[place + 1 :]])


def turned(outline: Polygon, angle: float) -> Polygon:
    """About the origin, by an angle [rad]."""
    c, s = math.cos(angle), math.sin(angle)
    return np.asarray(outline @ np.array([[c, s], [-s, c]]))


def overlap(one: Polygon, other: Polygon) -> float:
    """The area that two convex outlines share."""
    return float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])


def _reach(outline: Polygon) -> float:
    return float(np.linalg.norm(outline - outline.mean(0), axis=1).max())


def lay_out(size_px: int, ranges: LayoutRanges, rng: np.random.Generator) -> list[Polygon]:
    """Outlines of sections in a square, and some that reach over its border."""
    edge = drawn(ranges.edge_px, rng)
    block, jitter = edge * block_outline(ranges, rng), edge * drawn(ranges.jitter, rng)
    neighbours = drawn(ranges.neighbours, rng) if rng.random() < 0.5 else 0.0
    ribbons, gap_px = rng.random() < ranges.ribbons, drawn(ranges.gap_px, rng)
    wanted = drawn(ranges.filled, rng) * (size_px + edge) ** 2 / edge**2
    laid: list[Polygon] = []
    centres, reach = np.full((200, 2), np.inf), _reach(block) + 4 * jitter
    for _ in range(min(200, math.ceil(1.5 * wanted))):
        own = block * (1 + rng.normal(0, 0.3) * jitter / edge) + rng.normal(0, jitter, block.shape)
        if laid and rng.random() < neighbours:
            found = _beside(own, laid[rng.integers(len(laid))], ribbons, gap_px + rng.normal(0, 1), rng)
        else:
            centre = rng.uniform(-edge / 2, size_px + edge / 2, 2)
            found = turned(own, rng.uniform(0, math.tau)) + centre
        near = np.flatnonzero(((centres - found.mean(0)) ** 2).sum(1) < (2 * reach) ** 2)
        if all(overlap(found, laid[other]) < 0.02 * edge**2 for other in near):
            centres[len(laid)] = found.mean(0)
            laid.append(found)
        if len(laid) >= wanted:
            break
    return laid


def _beside(own: Polygon, other: Polygon, ribbon: bool, gap_px: float, rng: np.random.Generator) -> Polygon:
    """A section pushed towards another one until they all but touch: by its side, or any way round."""
    side = int(rng.integers(len(other)))
    along = other[(side + 1) % len(other)] - other[side]
    away = math.atan2(-along[0], along[1])
    if np.dot(other[side] - other.mean(0), (math.cos(away), math.sin(away))) < 0:
        away += math.pi
    if ribbon:
        edge = own[1] - own[0]
        own = turned(own, away + math.pi / 2 - math.atan2(edge[1], edge[0]) + rng.normal(0, 0.03))
    else:
        own = turned(own, rng.uniform(0, math.tau))
        away += rng.normal(0, 0.5)
    direction = np.array([math.cos(away), math.sin(away)])
    near, far = 0.0, _reach(own) + _reach(other)
    for _ in range(CLOSING_STEPS):
        middle = (near + far) / 2
        apart = overlap(own + other.mean(0) + middle * direction, other) <= 0
        near, far = (near, middle) if apart else (middle, far)
    return np.asarray(own + other.mean(0) + (far + gap_px) * direction)
