"""What the step Overview does: takes the mosaic with the instrument, tile after tile."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal

from scopeacq.plan.geometry import Point
from scopeacq.plan.overview_settings import OverviewSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.wording import counted
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.overview_step import OverviewStep
from ui.presenters.durations import spoken
from ui.presenters.prepare import Step
from ui.presenters.work import Work
from ui.run.interpreter import loading

if TYPE_CHECKING:  # brings OpenCV and the twin, which the window does without until an overview is taken
    from scopeacq.manual import Manual
    from scopeacq.mosaic.acquire import Mosaic, MosaicReport, TakenTile


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on the wafer."""

    centre_um: Point
    width_um: float
    height_um: float


class OverviewWork(QObject):
    """Has the mosaic taken.

    Signals:
        begun (Area): there a picture grows.
        tile_taken (TakenTile): one more lies in it.
        made (Overview): it is whole.
    """

    begun = pyqtSignal(object)
    tile_taken = pyqtSignal(object)
    made = pyqtSignal(object)

    def __init__(self, body: OverviewStep, desk: PrepareDesk) -> None:
        super().__init__(body)
        self._desk = desk
        body.acquire_asked.connect(self.acquire)

    def acquire(self) -> None:
        """Take what is missing of the mosaic, as the plan says now."""
        self.begun.emit(_area(self._desk.plan.project.overview))
        job = partial(_acquired, self._desk.plan)
        self._desk.do_in_hand(Work(Step.OVERVIEW, "Acquiring"), job, self._take, self.tile_taken.emit)

    def _take(self, mosaic: Mosaic) -> None:
        self.made.emit(mosaic.overview)
        self._desk.note(Step.OVERVIEW, _in_words(mosaic.report))


def _area(overview: OverviewSettings) -> Area:
    pixel_um, overlap_px = overview.pixel_size_nm * 1e-3, overview.overlap_px
    return Area(
        (overview.centre_x_um, overview.centre_y_um),
        overview.columns * (overview.tile_width_px - overlap_px) * pixel_um,
        overview.rows * (overview.tile_height_px - overlap_px) * pixel_um,
    )


def _acquired(plan: Plan, manual: Manual, tell: Teller) -> Mosaic:
    """On the instrument's thread; by the plan as it is edited, which may not be saved yet."""
    with loading():
        from scopeacq.mosaic.acquire import acquire_mosaic
    manual.take_plan(plan)
    manual.bring_up()
    detail = "first tile"
    tell(0.0, detail)

    def take(tile: TakenTile) -> None:
        nonlocal detail
        detail = f"{tile.number} of {counted(tile.of, 'tile')}"
        tell.show(tile)

    return acquire_mosaic(manual, take, lambda share: tell(share, detail))


def _in_words(report: MosaicReport) -> str:
    dose = f"{report.electron_dose_per_nm2:.2g} e-/nm\N{SUPERSCRIPT TWO}"
    parts = [f"{counted(report.tiles, 'tile')} in {spoken(report.duration_s)}, {dose} each."]
    if report.residual_px is not None:
        parts.append(f"They fit within {report.residual_px:.2f} px.")
    if report.links_dropped:
        odd = counted(report.links_dropped, "overlap")
        parts.append(f"{odd} left out, since the others contradict.")
    return " ".join(parts)
