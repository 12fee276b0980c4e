"""The view Live: what the microscope sees, and the focus cockpit beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QPushButton, QSplitter, QTabWidget, QVBoxLayout, QWidget

from hardware.types import FrameSettings
from models.estimate import PairCondition
from scopeacq.focus.correction import DepthOfFocus, depth_of_focus
from scopeacq.focus.through_focus import SeriesPoint
from scopeacq.journal.records import FocusIteration, PlaneKey
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.latest_tile import TileSeen
from scopeacq.vision.looking import Levels, auto_levels
from ui.live.action_bar import GRAB_KEY, LIVE_KEY, SAVE_KEY, STOP_KEY, ActionBar
from ui.live.compare_tab import CompareTab
from ui.live.control import LiveControl, PairSeen
from ui.live.feed import Past
from ui.live.focus_tab import FocusTab
from ui.live.frame_bar import FrameBar
from ui.live.frame_tab import FrameTab
from ui.live.picture import Picture
from ui.live.run_tab import RunTab
from ui.live.series_tab import SeriesTab
from ui.live.stage import Page, Stage
from ui.presenters.focus_trials import OpinionRow, sharpest_of
from ui.presenters.focusing import patches_shown
from ui.presenters.frame_shown import FrameShown, shown_by_hand, shown_of_run
from ui.presenters.live import Doing, LiveView
from ui.viewport.actions import action

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Comparison, Series, Shot, Trial

TAB_PX, WIDE_PX = 412, 4000
MICRO = "\N{MICRO SIGN}"
LEAST_STAGE_PX = 240


class LivePage(QWidget):
    """Shows what a :class:`LiveControl` tells and hands it what an operator wants.

    Signals:
        tile_chosen (section, tile): to be shown on the wafer.
        save_asked (Shot): the frame is to be kept.
    """

    tile_chosen = pyqtSignal(str, int)
    save_asked = pyqtSignal(object)

    def __init__(self, plan: Plan, control: LiveControl) -> None:
        super().__init__()
        self._plan, self._control = plan, control
        focus, depth = plan.project.focus, _depth_of_focus(plan)
        self.frame_bar, self.action_bar, self.stage = FrameBar(plan), ActionBar(), Stage()
        self.frame, self.compare = FrameTab(), CompareTab()
        self.focus, self.series = FocusTab(focus, depth), SeriesTab(focus)
        self.run = RunTab(focus, depth)
        self._shot: Shot | None = None
        self._comparison: Comparison | None = None
        self.tabs = self._tabs()
        self._lay_out()
        self._connect_bars()
        self._connect_tabs()
        self._connect_control()
        self._make_keys()
        self._show_view(control.view)
        self._frame_changed(self._settings)

    def take_plan(self, plan: Plan) -> None:
        """Go on with the plan as it was saved; what is shown and typed stays."""
        self._plan = plan
        self.frame_bar.take_plan(plan)
        for tab in (self.focus, self.run):
            tab.take_settings(plan.project.focus, _depth_of_focus(plan))

    def show_correction(self, plane: PlaneKey) -> None:
        """Show how a plane was focused in the run."""
        self.tabs.setCurrentWidget(self.run)
        self.run.show_correction(plane)

    # -- what the instrument says ---------------------------------------------------------------

    def show_past(self, past: Past) -> None:
        """Show what the run has focused so far."""
        self.run.show_past(past)
        self.stage.wafer.show_focus(past.wafer)

    def show_run_tile(self, tile: TileSeen) -> None:
        """Show the tile that the run took last, unless the instrument is in the operator's hand."""
        if not self._control.view.connected:
            self._show_frame(shown_of_run(tile))

    def _show_shot(self, shot: Shot) -> None:
        self._shot = shot
        self.action_bar.show_savable(True)
        self._show_frame(shown_by_hand(shot))

    def _show_frame(self, shown: FrameShown) -> None:
        self.frame.show_frame(shown)
        self.stage.show_frame(shown, self.frame.levels)
        self._turn()

    def _hear(self, news: object) -> None:
        match news:
            case PairSeen():
                self.focus.hear_pair(news)
                self._show_pair(news)
            case FocusIteration():
                self.focus.hear(news)
            case SeriesPoint():
                self._control.note_progress(self.series.hear(news))
                self._show_point(news)

    def _show_pair(self, seen: PairSeen) -> None:
        self.stage.pair.show_pair(seen.pair, seen.condition, patches_shown(seen.estimate))
        self.stage.turn_to(Page.PAIR)

    def _show_point(self, point: SeriesPoint) -> None:
        focus = self._plan.project.focus
        pixel_nm = focus.pixel_size_nm * focus.width_px / point.image.shape[1]
        picture = Picture(point.image, point.image, pixel_nm)
        caption = f"wd {point.wd_um:.2f} {MICRO}m"
        self.stage.canvas.show_picture(picture, auto_levels(point.image), caption)
        self.stage.turn_to(Page.FRAME)

    def _show_trial(self, trial: Trial) -> None:
        self.focus.show_trial(trial)

    def _show_series(self, series: Series) -> None:
        self.series.show_series(series)
        if (sharpest := sharpest_of(series)) is not None:
            self._show_point(sharpest)

    def _failed(self, doing: Doing) -> None:
        if doing is Doing.SERIES:
            self.series.stopped()

    def _show_comparison(self, comparison: Comparison) -> None:
        self._comparison = comparison
        row = self.compare.show_comparison(comparison)
        self._show_opinion(row or OpinionRow((), "", ()))

    def _show_opinion(self, row: OpinionRow) -> None:
        if self._comparison is not None:
            pair = self._comparison.pair
            condition: PairCondition = pair.condition
            self.stage.pair.show_pair((pair.plus, pair.minus), condition, row.patches)
            self.stage.turn_to(Page.PAIR)

    def _begun(self, doing: Doing) -> None:
        match doing:
            case Doing.FOCUS:
                self.focus.begin()
            case Doing.SERIES:
                self.series.begin()
            case Doing.GRAB | Doing.LIVE:
                self.tabs.setCurrentWidget(self.frame)

    def _show_view(self, view: LiveView) -> None:
        for part in (self.action_bar, self.stage, self.focus, self.series, self.compare):
            part.show_view(view)

    # -- what the operator wants ----------------------------------------------------------------

    @property
    def _settings(self) -> FrameSettings | None:
        return self.frame_bar.settings

    def _grab(self) -> None:
        if (settings := self._settings) is not None:
            self._control.grab(settings)

    def _live(self, duration_s: float) -> None:
        if (settings := self._settings) is not None:
            self._control.live(settings, duration_s)

    def _frame_changed(self, settings: FrameSettings | None) -> None:
        self.action_bar.show_frame_valid(settings is not None)
        self.action_bar.show_cost(self.frame_bar.cost)
        if settings is not None:
            self._control.rescan(settings)

    def _save(self) -> None:
        if self._shot is not None:
            self.save_asked.emit(self._shot)

    def _levels_changed(self, levels: Levels) -> None:
        self.stage.canvas.show_levels(levels)

    def _turn(self) -> None:
        """Show on the stage what belongs to the tab."""
        tab = self.tabs.currentWidget()
        if tab is self.run:
            self.stage.turn_to(Page.WAFER)
        else:
            self.stage.turn_to(Page.PAIR if tab in (self.focus, self.compare) else Page.FRAME)

    # -- the parts --------------------------------------------------------------------------------

    def _tabs(self) -> QTabWidget:
        tabs = QTabWidget()
        for tab, title, tip in (
            (self.frame, "Frame", "What the frame shows: sharpness, grey values, spectrum"),
            (self.focus, "Focus", "Try autofocus at this place"),
            (self.series, "Series", "Images through focus"),
            (self.compare, "Compare", "Several estimators on one pair of images"),
            (self.run, "Run", "What the run has focused so far"),
        ):
            tabs.setTabToolTip(tabs.addTab(tab, title), tip)
        tabs.setMinimumWidth(TAB_PX)
        tabs.currentChanged.connect(lambda _: self._turn())
        return tabs

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal)
        self.stage.setMinimumWidth(LEAST_STAGE_PX)  # else what is beside it is cut in a small window
        split.addWidget(self.stage)
        split.addWidget(self.tabs)
        split.setStretchFactor(0, 1)
        split.setCollapsible(0, False)
        split.setHandleWidth(1)
        split.setSizes([WIDE_PX, TAB_PX])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for part in (self.frame_bar, self.action_bar):
            box.addWidget(part)
        box.addWidget(split, 1)

    def _connect_bars(self) -> None:
        bar, control = self.action_bar, self._control
        self.frame_bar.changed.connect(self._frame_changed)
        bar.connect_asked.connect(control.connect_instrument)
        self.stage.turned.connect(lambda page: bar.show_offer(page is not Page.EMPTY))
        self.stage.connect_asked.connect(control.connect_instrument)
        self.stage.tile_chosen.connect(self.tile_chosen)
        bar.grab_asked.connect(self._grab)
        bar.live_asked.connect(self._live)
        bar.stop_asked.connect(control.stop)
        bar.save_asked.connect(self._save)

    def _connect_tabs(self) -> None:
        control = self._control
        self.frame.levels_changed.connect(self._levels_changed)
        self.focus.asked.connect(control.focus)
        self.focus.accepted.connect(control.accept)
        self.focus.pair_chosen.connect(self._show_pair)
        self.series.asked.connect(control.through_focus)
        self.series.chosen.connect(control.set_wd)
        self.compare.asked.connect(control.compare)
        self.compare.row_chosen.connect(self._show_opinion)
        self.run.chosen.connect(self.tile_chosen)
        for tab in (self.focus, self.series):
            tab.reverted.connect(control.revert)

    def _connect_control(self) -> None:
        control = self._control
        control.viewed.connect(self._show_view)
        control.begun.connect(self._begun)
        control.shot.connect(self._show_shot)
        control.heard.connect(self._hear)
        control.focused.connect(self._show_trial)
        control.swept.connect(self._show_series)
        control.compared.connect(self._show_comparison)
        control.failed.connect(self._failed)

    def _make_keys(self) -> None:
        bar, canvas = self.action_bar, self.stage.canvas
        keys: tuple[tuple[str, str, QPushButton], ...] = (
            ("Grab", GRAB_KEY, bar.grab_button),
            ("Live", LIVE_KEY, bar.live_button),
            ("Stop", STOP_KEY, bar.stop_button),
            ("Save frame", SAVE_KEY, bar.save_button),
        )
        for text, key, pressed in keys:
            action(self, text, key, pressed.click)
        action(self, "Whole frame", "F", canvas.fit, "Home")
        action(self, "Pixel for pixel", "1", canvas.actual_size)
        action(self, "Nearer", "+", partial(canvas.zoom, 1.6), "=")
        action(self, "Farther", "-", partial(canvas.zoom, 1 / 1.6))


def _depth_of_focus(plan: Plan) -> DepthOfFocus:
    project = plan.project
    return depth_of_focus(plan.instrument.electron, project.imaging.pixel_size_nm, project.focus)
