"""The view of slices: a picture through all cycles, what is known of it, and ways to compare."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from scopeacq.journal.records import PlaneKey
from scopeacq.journal.slice_book import PlaneMark, SliceBook
from scopeacq.plan.geometry import Point
from scopeacq.plan.runfolder import Plan
from ui import theme
from ui.parts.trouble_line import TroubleLine
from ui.presenters.contrast import Contrast, histogram_of
from ui.presenters.slice_scene import level_of
from ui.presenters.slice_source import Axis
from ui.presenters.slices import (
    Looked,
    badge_of,
    facts_of,
    facts_text,
    marks_of,
    pixel_um_of,
    stepped,
    why_of,
)
from ui.slices.actions import SliceActions
from ui.slices.canvas import SliceCanvas
from ui.slices.card import PlaneCard
from ui.slices.choosers import Choosers
from ui.slices.cuts import Cut
from ui.slices.desk import SliceDesk
from ui.slices.foot import SliceFoot
from ui.slices.strips import CutStrip
from ui.viewport.actions import bar

FILM_MS = 80


class SlicesView(QWidget):
    """Pages through the cycles of a tile or a section.

    Signals:
        wafer_wanted (PlaneKey): show this tile on the wafer.
        trace_wanted (PlaneKey): show how it was focused.
        plots_wanted (PlaneKey): show the numbers of its section.
        export_wanted: keep a picture of what is seen.
    """

    wafer_wanted = pyqtSignal(object)
    trace_wanted = pyqtSignal(object)
    plots_wanted = pyqtSignal(object)
    export_wanted = pyqtSignal()

    def __init__(self, plan: Plan, book: SliceBook) -> None:
        super().__init__()
        self._book, self._untouched, self._fitting = book, True, True
        self.desk = SliceDesk(plan, book, self)
        self.canvas = SliceCanvas(self.desk.picture)
        self.card = PlaneCard()
        self.strips = {axis: CutStrip(self.desk, axis) for axis in Axis}
        self.choosers = Choosers()
        self.trouble = TroubleLine()
        self._film = QTimer(self)
        self._film.setInterval(FILM_MS)
        self._film.timeout.connect(self._next_of_film)
        self.controls = SliceActions.made_for(self)
        self.foot = SliceFoot(self.controls.play, self.controls.follow)
        self._lay_out()
        self._connect()
        self.refresh()

    # -- what is shown ----------------------------------------------------------------------

    @property
    def looked(self) -> Looked:
        """What is looked at."""
        return self.desk.looked

    def look(self, looked: Looked) -> None:
        """Look at another slice; all of it where it is of another section or tile."""
        other = (looked.section, looked.tile) != (self.looked.section, self.looked.tile)
        if other:
            self.desk.selected = None
            self._recut(None)
        self._fitting = self._fitting or other
        self.desk.look(replace(looked, difference=self.controls.difference.isChecked()))
        self.refresh_marks()

    def take_plan(self, plan: Plan) -> None:
        """Go on with the plan as it was saved, from the next refresh on; what is looked at stays."""
        self.desk.take_plan(plan)
        self.canvas.pixel_um = pixel_um_of(plan, self.looked)

    def look_at(self, plane: PlaneKey) -> None:
        """Show one plane, alone."""
        self._untouched = False
        self.look(Looked(plane.section, plane.cycle, plane.tile))

    def look_at_newest(self, section: str, tile: int | None) -> None:
        """Show the newest slice of a section, or of one of its tiles."""
        self._untouched = True
        self.look(Looked(section, self.looked.cycle, tile))
        self._look_at_newest()

    def refresh(self) -> None:
        """The book knows more."""
        if self.looked.section not in self._book.tiles:
            self.look(Looked(next(iter(self._book.tiles), "")))
        if self._untouched or self.controls.follow.isChecked():
            self._look_at_newest()
        self.desk.refresh()
        self.refresh_marks()

    def refresh_marks(self) -> None:
        """Bring slider, words and scale up to the book."""
        self.canvas.pixel_um = pixel_um_of(self.desk.plan, self.looked)
        self.foot.show_marks(marks_of(self._book, self.looked), self.looked.cycle)
        self.choosers.show_place(self._book.tiles, self.looked.section, self.looked.tile)
        self._update_strips()

    def show_trouble(self, text: str) -> None:
        """Say why nothing new comes; empty: all is well."""
        self.trouble.show_trouble(text)
        if not text:
            self.desk.retry()

    def showEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        """The keys are for the picture."""
        self.canvas.setFocus()

    def close_files(self) -> None:
        """Read no more; before the run's files are let go."""
        self._film.stop()
        self.desk.close()

    # -- going through ----------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Go on by some slices."""
        self.go_to(self.looked.cycle + by)

    def go_to(self, cycle: int) -> None:
        """Go to a cycle, or to the nearest there is."""
        self._untouched = False
        self.look(stepped(self.looked, cycle, self._book))

    def go_to_last(self) -> None:
        """Go to the last cycle of the plan."""
        self.go_to(self._book.cycles - 1)

    def _look_at_newest(self) -> None:
        """The last cycle of which something was imaged."""
        marks = marks_of(self._book, self.looked)
        there = [
            cycle for cycle, mark in enumerate(marks) if mark not in (PlaneMark.OPEN, PlaneMark.DROPPED)
        ]
        newest = there[-1] if there else 0
        if newest != self.looked.cycle:
            self.look(stepped(self.looked, newest, self._book))

    def _next_of_film(self) -> None:
        """The film waits for slices that are not read yet, and begins anew after the last one."""
        if not self.desk.settled:
            return
        imaged = [n for n, mark in enumerate(self.foot.marks.marks) if mark is not PlaneMark.OPEN]
        after = [n for n in imaged if n > self.looked.cycle]
        if imaged:
            self.go_to((after or imaged)[0])

    def play_or_stop(self) -> None:
        """Show the film, or no longer."""
        self._film.start() if self.controls.play.isChecked() else self._film.stop()

    # -- what is seen of it -----------------------------------------------------------------

    def _shown(self) -> None:
        """Another slice is on show, or more of it."""
        self.canvas.selected = self.desk.selected
        self.canvas.show_scene(self.desk.shown)
        if self._fitting and self.desk.settled and self.desk.shown.looked == self.looked:
            self._fitting = False
            self.canvas.fit()
        pixels = self.desk.coarse_pixels()
        self.card.contrast.show_values(histogram_of(pixels), self.desk.contrast or Contrast())
        self._tell()
        self._update_strips()

    def _tell(self) -> None:
        """Say what is known of the tile that is told of."""
        looked, tile = self.looked, self.desk.told_tile()
        row, takes = self.desk.row()
        mark = self._book.slice_mark(looked.section, looked.cycle, tile)
        damage = self.desk.damage(row) if row is not None else ""
        facts = facts_of(row, len(takes), self._book.depth_nm(looked.cycle))
        why = why_of(self._book, looked, tile, damage or "")
        text = facts_text(looked, tile, mark, why, facts)
        place = f"Section {looked.section}" if tile is None else f"{looked.section}, tile {tile + 1}"
        self.card.show_plane(place, badge_of(mark, bool(damage)), why, facts, text)
        for button in (self.card.wafer, self.card.trace, self.card.plots):
            button.setEnabled(bool(looked.section))
        self.choosers.show_takes([row.take for row in takes], row.take if row is not None else None)

    def _hovered(self, at: Point | None) -> None:
        self.foot.show_pixel(self.desk.value_at(at) if at is not None else None)

    def _told_plane(self) -> PlaneKey:
        return PlaneKey(self.looked.cycle, self.looked.section, self.desk.told_tile() or 0)

    def _eye_changed(self) -> None:
        self.desk.look_from(self.canvas.eye)
        for strip in self.strips.values():
            strip.look_from(self.canvas.eye)
        if self.canvas.cross is not None:
            self._recut(self.canvas.cross)

    # -- comparing --------------------------------------------------------------------------

    def next_take(self) -> None:
        """Show another scan of the same plane."""
        row, takes = self.desk.row()
        if row is not None and len(takes) > 1:
            place = [other.take for other in takes].index(row.take)
            self._look_at_take(takes[(place + 1) % len(takes)].take)

    def _look_at_take(self, take: int) -> None:
        """Show another scan of the same plane, alone."""
        tile = self.desk.told_tile()
        self.look(replace(self.looked, tile=tile, take=take))

    def compare(self) -> None:
        """Show the difference, or the picture again."""
        self.look(self.looked)

    def _look_at_tile(self, tile: int | None) -> None:
        self.look(replace(self.looked, tile=tile, take=None))

    def toggle_cuts(self) -> None:
        """Cut the stack through the middle, or no longer."""
        box = self.desk.shown.box
        middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        self._recut(middle if self.controls.cuts.isChecked() else None)

    def _update_strips(self) -> None:
        for strip in self.strips.values():
            strip.update()

    def _recut(self, at: Point | None) -> None:
        """Cut the stack here, by lines of the level that fits."""
        self.controls.cuts.setChecked(at is not None)
        for strip in self.strips.values():
            strip.setVisible(at is not None)
        self._corner.setVisible(at is not None)
        self.canvas.show_at(at)
        cut = None if at is None else Cut((round(at[0]), round(at[1])), level_of(self.canvas.eye.zoom))
        if cut != self.desk.cuts.cut:
            self.desk.cut(cut)

    # -- the parts --------------------------------------------------------------------------

    def zoom(self, factor: float) -> None:
        """Come nearer by a factor."""
        self.canvas.look_from(self.canvas.eye.zoomed(factor))

    def look_closely(self) -> None:
        """One pixel of the image for each of the screen."""
        self.canvas.look_from(replace(self.canvas.eye, zoom=1 / self.canvas.devicePixelRatioF()))

    def _lay_out(self) -> None:
        tools = bar([], self.controls.tools)
        row = tools.layout()
        assert isinstance(row, QHBoxLayout)
        row.insertWidget(0, self.choosers)
        picture = QGridLayout()
        picture.setSpacing(1)
        self._corner = QWidget()
        self._corner.setVisible(False)
        picture.addWidget(self.canvas, 0, 0)
        picture.addWidget(self.strips[Axis.YZ], 0, 1)
        picture.addWidget(self.strips[Axis.XZ], 1, 0)
        picture.addWidget(self._corner, 1, 1)
        scroll = QScrollArea()
        scroll.setWidget(self.card)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(self.card.width() + theme.Space.M)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(picture, 1)
        middle.addWidget(scroll)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(tools)
        whole.addWidget(self.trouble)
        whole.addLayout(middle, 1)
        whole.addWidget(self.foot)

    def _connect(self) -> None:
        self.desk.changed.connect(self._shown)
        self.desk.cut_changed.connect(self._update_strips)
        self.canvas.eye_changed.connect(self._eye_changed)
        self.canvas.hovered.connect(self._hovered)
        self.canvas.picked.connect(self.desk.select)
        self.canvas.opened.connect(self._look_at_tile)
        self.canvas.crossed.connect(self._recut)
        self.foot.marks.moved.connect(self.go_to)
        for strip in self.strips.values():
            strip.moved.connect(self.go_to)
        self.card.contrast.changed.connect(self.desk.set_contrast)
        self.card.contrast.fit_wanted.connect(lambda: self.desk.set_contrast(None))
        self.card.wafer_wanted.connect(lambda: self.wafer_wanted.emit(self._told_plane()))
        self.card.trace_wanted.connect(lambda: self.trace_wanted.emit(self._told_plane()))
        self.card.plots_wanted.connect(lambda: self.plots_wanted.emit(self._told_plane()))
        self.choosers.section_chosen.connect(lambda name: self.look(Looked(name, self.looked.cycle)))
        self.choosers.tile_chosen.connect(self._look_at_tile)
        self.choosers.take_chosen.connect(self._look_at_take)
