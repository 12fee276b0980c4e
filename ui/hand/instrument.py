"""Puts manual control, the Instrument panel, the safety strip and go-to together for one workspace."""

from __future__ import annotations

import time
from datetime import datetime

from PyQt5.QtCore import QEvent, QObject, QTimer

from scopeacq.engine.ion_watch import IonsRead
from scopeacq.engine.readings import Readings
from scopeacq.plan.geometry import Point
from scopeacq.plan.runfolder import Plan
from ui import theme
from ui.hand.go_card import GoCard
from ui.hand.go_to import GoTo
from ui.hand.manual import ManualControl, ManualState
from ui.hand.manual_thread import Opener, opened
from ui.messages.banner import Banner
from ui.panels.instrument_panel import InstrumentPanel
from ui.presenters.hold import hold_view
from ui.presenters.instrument import InstrumentPresenter
from ui.presenters.notices import Attended, Ended, Notice
from ui.presenters.orders import Order
from ui.presenters.stage import beam_um, place_of
from ui.presenters.strip import InstrumentWatch
from ui.run.acquisition import Acquisition
from ui.viewport.widget import WaferViewport
from ui.workspace import Workspace

LOOK_MS = 500
RUN_HAS_IT = "A run has the instrument and steers the stage itself; pause or stop it first."


def mount_instrument(
    workspace: Workspace,
    banner: Banner,
    acquisition: Acquisition,
    viewport: WaferViewport,
    opener: Opener = opened,
) -> ManualControl:
    """Give a workspace its instrument: panel, strip, the stage on the map, and what sends it somewhere.

    Nothing is connected by that. A run that starts takes the instrument over by itself.
    """

    def objection() -> str:
        return RUN_HAS_IT if acquisition.active else ""

    manual = ManualControl(workspace.plan, opener, objection, workspace)
    go_to = GoTo(manual, objection, workspace)
    panel = InstrumentPanel()
    workspace.mount_panel("instrument", "Instrument", panel, tab_with="preflight")
    acquisition.give_way(manual.wait_released)
    workspace.plan_changed.connect(manual.take_plan)
    _wire_panel(panel, manual, go_to, viewport)
    _wire_cards(workspace, panel, go_to, viewport)
    for source in (manual, go_to):
        source.told.connect(banner.say)
    workspace.strip.connect_asked.connect(manual.connect_instrument)
    workspace.strip.release_asked.connect(manual.release)
    desk = _Desk(workspace, acquisition, manual, panel, viewport)
    workspace.before_closing(desk.stop)
    workspace.before_closing(manual.close)
    return manual


def _wire_panel(
    panel: InstrumentPanel, manual: ManualControl, go_to: GoTo, viewport: WaferViewport
) -> None:
    def order(given: Order) -> None:
        manual.submit(given.work, doing=given.doing)

    panel.connect_asked.connect(manual.connect_instrument)
    panel.release_asked.connect(manual.release)
    panel.ordered.connect(order)
    panel.off_asked.connect(lambda given: manual.at_once(given.work))
    panel.stop_asked.connect(manual.stop_stage)
    panel.go_to_asked.connect(lambda x_um, y_um: go_to.ask(viewport.canvas.shown.target((x_um, y_um))))


def _wire_cards(workspace: Workspace, panel: InstrumentPanel, go_to: GoTo, viewport: WaferViewport) -> None:
    """The way is shown over the wafer; in the panel while another view is seen."""
    over_wafer = GoCard(viewport.canvas)
    place = _Place(over_wafer)
    viewport.go_to_requested.connect(go_to.ask)

    def show() -> None:
        on_wafer = workspace.shown_view == "wafer"
        if go_to.target is not None:
            place.keep_clear_of(viewport.canvas.camera.to_px(go_to.target.stage_um)[1])
        viewport.canvas.show_way(go_to.target.stage_um if go_to.target is not None else None)
        over_wafer.show_view(go_to.view if on_wafer else None)
        panel.card.show_view(None if on_wafer else go_to.view)

    for card in (over_wafer, panel.card):
        card.go_asked.connect(go_to.go)
        card.cancel_asked.connect(go_to.cancel)
    go_to.viewed.connect(lambda _: show())
    workspace.view_shown.connect(lambda _: show())


class _Place(QObject):
    """Keeps a card in the middle of the widget that it lies on, above or below what it is about."""

    WIDEST_PX = 460

    def __init__(self, card: GoCard) -> None:
        super().__init__(card)
        below = card.parentWidget()
        assert below is not None
        self._card, self._below, self._at_top = card, below, True
        for watched in (card, below):
            watched.installEventFilter(self)

    def keep_clear_of(self, y_px: float) -> None:
        """Leave what lies at this height of the widget to be seen."""
        self._at_top = y_px > self._below.height() / 2
        self._move()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        kinds = (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.LayoutRequest)
        if event is not None and event.type() in kinds:
            self._move()
        return super().eventFilter(watched, event)

    def _move(self) -> None:
        width = min(self.WIDEST_PX, self._below.width() - 2 * theme.Space.L)
        height = max(self._card.heightForWidth(width), self._card.minimumSizeHint().height())
        left = (self._below.width() - width) // 2
        top = theme.Space.L if self._at_top else self._below.height() - height - theme.Space.L
        self._card.setGeometry(left, top, width, height)


class _Desk(QObject):
    """Shows on panel, strip and map what is read of the instrument, whoever has it."""

    def __init__(
        self,
        workspace: Workspace,
        acquisition: Acquisition,
        manual: ManualControl,
        panel: InstrumentPanel,
        viewport: WaferViewport,
    ) -> None:
        super().__init__(workspace)
        self._workspace, self._acquisition, self._manual = workspace, acquisition, manual
        self._panel, self._viewport = panel, viewport
        plan = workspace.plan
        self._presenter = InstrumentPresenter(plan.instrument, plan.project.imaging)
        self._watch = InstrumentWatch(self._place_of)
        self._stage_um: Point | None = None
        self._connected = self._run_active = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(LOOK_MS)
        manual.state_changed.connect(self._hold_changed)
        manual.readings.connect(self._take)
        manual.ions.connect(self._take)
        acquisition.noticed.connect(self._take)
        acquisition.viewed.connect(self._run_changed)
        workspace.plan_changed.connect(self._take_plan)
        self.refresh()

    def refresh(self) -> None:
        """Show who has the instrument, and let what was read grow older."""
        now_s = time.monotonic()
        hold = hold_view(self._manual.state, self._manual.doing, self._acquisition.active)
        self._panel.show_hold(hold)
        self._workspace.strip.show_hold(hold)
        self._workspace.show_situation(self._watch.situation(now_s))
        self._panel.show_view(self._presenter.view(now_s))

    def stop(self) -> None:
        """Show nothing more, before the panels go."""
        self._timer.stop()
        self._manual.readings.disconnect(self._take)
        self._manual.ions.disconnect(self._take)

    def _take(self, notice: Notice) -> None:
        self._watch.take(notice, time.monotonic())
        match notice:
            case Readings():
                self._presenter.take(notice, datetime.now().astimezone())
                self._show_stage(beam_um(notice))
                self.refresh()
            case IonsRead():
                self._presenter.take_ions(notice)
            case Attended() | Ended():
                self._forget()

    def _hold_changed(self, state: ManualState) -> None:
        doing = self._manual.doing if state is ManualState.BUSY else ""
        self._watch.hand(self._manual.connected, doing, time.monotonic())
        if state is ManualState.RELEASED:
            self._forget()
        if not (self._connected and self._manual.connected):
            self.refresh()  # that it is busy waits for the timer: frame by frame it would flicker
        self._connected = self._manual.connected

    def _take_plan(self, plan: Plan) -> None:
        self._presenter.instrument, self._presenter.imaging = plan.instrument, plan.project.imaging
        self.refresh()

    def _run_changed(self, _: object) -> None:
        if self._run_active != self._acquisition.active:
            self._run_active = self._acquisition.active
            self.refresh()

    def _forget(self) -> None:
        """Nothing is known any more of where the stage stands."""
        self._presenter.forget()
        self._show_stage(None)
        self.refresh()

    def _show_stage(self, at_um: Point | None) -> None:
        """The map is painted anew only when the beam looks elsewhere."""
        if at_um != self._stage_um:
            self._stage_um = at_um
            self._viewport.show_stage(*(at_um or (None, None)))

    def _place_of(self, readings: Readings) -> str:
        return place_of(readings, self._viewport.canvas.shown, self._workspace.plan.instrument)
