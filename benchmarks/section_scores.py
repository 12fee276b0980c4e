"""How outlines of sections compare with the true ones: found, missed, false, corner errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import Polygon

from scopeacq.sections.finding import FoundSection

Doubles = NDArray[np.float64]
Picture = NDArray[np.uint8]

SAME = 0.5
PICTURE_PX = 1400  # what a page needs to show
GREEN, RED, ORANGE = (80, 180, 60), (40, 40, 230), (0, 150, 255)


@dataclass(frozen=True)
class Score:
    """``found`` of ``true`` sections by ``told`` outlines; errors of all corners of those found [px]."""

    true: int
    told: int
    found: int
    corner_errors_px: tuple[float, ...]
    missed: tuple[int, ...]
    false: tuple[int, ...]
    seconds: float = 0.0

    @property
    def f1(self) -> float:
        return 2 * self.found / max(1, self.true + self.told)

    @property
    def corner_error_px(self) -> float:
        return float(np.median(self.corner_errors_px)) if self.corner_errors_px else math.nan


def score(told: Sequence[FoundSection], true: Sequence[Doubles], seconds: float = 0.0) -> Score:
    """Each true section gets the outline that overlaps it most."""
    shapes = [Polygon(section.corners).buffer(0) for section in told]
    tree = STRtree(shapes)
    errors: list[float] = []
    missed: list[int] = []
    taken: set[int] = set()
    for number, corners in enumerate(true):
        polygon = Polygon(corners).buffer(0)
        overlaps = {
            int(k): _overlap(polygon, shapes[k]) for k in tree.query(polygon) if int(k) not in taken
        }
        best = max(overlaps, key=lambda k: overlaps[k], default=-1)
        if best < 0 or overlaps[best] < SAME:
            missed.append(number)
            continue
        taken.add(best)
        ours = told[best].outline
        errors += [float(np.linalg.norm(ours - corner, axis=1).min()) for corner in corners]
    false = tuple(sorted(set(range(len(told))) - taken))
    return Score(len(true), len(told), len(taken), tuple(errors), tuple(missed), false, seconds)


def _overlap(one: Polygon, other: Polygon) -> float:
    shared = one.intersection(other).area
    return float(shared / (one.area + other.area - shared))


def pooled(scores: Sequence[Score]) -> Score:
    """All wafers as one."""
    return Score(
        sum(s.true for s in scores),
        sum(s.told for s in scores),
        sum(s.found for s in scores),
        tuple(error for s in scores for error in s.corner_errors_px),
        (),
        (),
        sum(s.seconds for s in scores),
    )


def draw(
    picture: Picture, told: Sequence[FoundSection], true: Sequence[Doubles], seen: Score, path: Path
) -> None:
    """As JPEG: found sections green, false ones red, missed ones orange."""
    canvas = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    width = max(2, max(picture.shape) // 1000)
    for number, section in enumerate(told):
        colour = RED if number in seen.false else GREEN
        cv2.polylines(
            canvas, [np.round(section.outline).astype(np.int32)], True, colour, width, cv2.LINE_AA
        )
    for number in seen.missed:
        cv2.polylines(
            canvas, [np.round(true[number]).astype(np.int32)], True, ORANGE, 2 * width, cv2.LINE_AA
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    shrink = min(1.0, PICTURE_PX / max(canvas.shape))
    small = cv2.resize(canvas, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), small, [cv2.IMWRITE_JPEG_QUALITY, 60])


def table(scores: dict[str, Score]) -> str:
    """In Markdown."""
    lines = [
        "| case | sections | F1 | missed | false | median corner error [px] | s |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {s.true} | {s.f1:.3f} | {s.true - s.found} | {s.told - s.found} "
        f"| {s.corner_error_px:.2f} | {s.seconds:.0f} |"
        for name, s in scores.items()
    ]
    return "\n".join(lines)
