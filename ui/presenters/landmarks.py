"""Landmarks and fiducials as they are shown: how well they fit, in numbers, arrows and a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from scopeacq.plan.geometry import Point
from scopeacq.plan.landmarks import Misfit, Mounting, Residual, judge
from scopeacq.plan.wafer import Landmark, Wafer
from scopeacq.telling.wording import counted
from ui.presenters.map_items import Item, ItemKind
from ui.presenters.tone import Badge, Sign, Tone

ARROW_PX = 60.0
"""The longest residual is drawn at most so long."""
LEAST_FACTOR = 1.0


class Standing(Enum):
    """How a mark stands; ``value`` is how that is shown."""

    FITS = Badge(Tone.GOOD, Sign.CHECK, "Fits")
    OUTLIER = Badge(Tone.CAUTION, Sign.WARNING, "Outlier")
    OPEN = Badge(Tone.QUIET, Sign.TARGET, "Open")
    FIDUCIAL = Badge(Tone.QUIET, Sign.PLUS, "Fiducial")


class Column(Enum):
    """What a row tells; ``value`` is its title."""

    NAME = "Mark"
    WAFER = "Wafer"
    STAGE = "Stage"
    RESIDUAL = "Off"


TIPS = {
    Column.NAME: "Landmarks tie the wafer to the stage; by fiducials it is found again after each mill",
    Column.WAFER: "Where it lies on the wafer [\N{MICRO SIGN}m]",
    Column.STAGE: "Where the stage shows it [\N{MICRO SIGN}m]",
    Column.RESIDUAL: "How far it was measured from where all together put it [\N{MICRO SIGN}m]",
}


@dataclass(frozen=True, slots=True)
class MarkRow:
    """One row. ``stage_um`` and ``off_um`` are None until it was measured."""

    item: Item
    standing: Standing
    wafer_um: Point
    stage_um: Point | None = None
    off_um: float | None = None

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def badge(self) -> Badge:
        return self.standing.value

    @property
    def tip(self) -> str:
        return f"{self.name}: {self.standing.value.word}. {TIPS[Column.NAME]}."

    def text(self, column: Column) -> str:
        """What stands in a column."""
        match column:
            case Column.NAME:
                return self.item.name
            case Column.WAFER:
                return _place(self.wafer_um)
            case Column.STAGE:
                return _place(self.stage_um) if self.stage_um is not None else ""
            case Column.RESIDUAL:
                return f"{self.off_um:.1f}" if self.off_um is not None else ""


@dataclass(frozen=True, slots=True)
class MarksShown:
    """All marks of a wafer. ``residuals``: of landmarks; ``verdict``: what they say together."""

    rows: tuple[MarkRow, ...] = ()
    residuals: tuple[Residual, ...] = ()
    tone: Tone = Tone.QUIET
    verdict: str = ""

    @property
    def worst_um(self) -> float:
        """The longest arrow, 0 where there is none."""
        return max((residual.distance_um for residual in self.residuals), default=0.0)


def marks_of(wafer: Wafer, tolerance_um: float) -> MarksShown:
    """The marks of a wafer; ``tolerance_um``: residuals up to which it is found by such landmarks."""
    mounting = judge(wafer.landmarks, tolerance_um)
    off = _arrows(mounting)
    rows = [_landmark_row(mark, mounting, off) for mark in wafer.landmarks]
    rows += [
        MarkRow(Item(ItemKind.FIDUCIAL, mark.id), Standing.FIDUCIAL, mark.centre_um)
        for mark in wafer.fiducials
    ]
    marks = f"{counted(len(wafer.landmarks), 'landmark')}, {counted(len(wafer.fiducials), 'fiducial')}."
    return MarksShown(
        tuple(rows), tuple(off.values()), _tone(wafer, mounting), f"{marks} {mounting.verdict}"
    )


def exaggeration(worst_um: float, um_per_px: float) -> float:
    """By how much residuals are drawn longer: 1, 2 or 5 times a power of ten, so that they can be seen."""
    if worst_um <= 0:
        return LEAST_FACTOR
    wanted = ARROW_PX * um_per_px / worst_um
    if wanted <= LEAST_FACTOR:
        return LEAST_FACTOR
    decade = 10.0 ** math.floor(math.log10(wanted))
    return next(step * decade for step in (5.0, 2.0, 1.0) if step * decade <= wanted * (1 + 1e-9))


def _arrows(mounting: Mounting) -> Mapping[str, Residual]:
    """An outlier is as far off as all others put it."""
    return {each.landmark: each for each in (*mounting.residuals, *mounting.outliers)}


def _landmark_row(mark: Landmark, mounting: Mounting, off: Mapping[str, Residual]) -> MarkRow:
    outlier = any(mark.id == each.landmark for each in mounting.outliers)
    standing = Standing.OUTLIER if outlier else Standing.FITS
    residual = off.get(mark.id)
    return MarkRow(
        Item(ItemKind.LANDMARK, mark.id),
        standing if residual is not None else Standing.OPEN,
        mark.wafer_um,
        mark.stage_um,
        residual.distance_um if residual is not None else None,
    )


def _tone(wafer: Wafer, mounting: Mounting) -> Tone:
    if not wafer.landmarks or mounting.misfit is None:
        return Tone.QUIET if not wafer.landmarks else Tone.GOOD
    return Tone.QUIET if mounting.misfit is Misfit.TOO_FEW else Tone.CAUTION


def _place(at_um: Point) -> str:
    return f"{at_um[0]:,.0f}, {at_um[1]:,.0f}"
