"""Sending the stage somewhere: a way is planned and shown, an operator confirms it, then it is driven."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from scopeacq.engine.ways import Way
from ui.hand.manual import ManualControl
from ui.presenters.go_to import GoView, going_view, planned_view, planning_view
from ui.presenters.messages import Message
from ui.presenters.tone import Tone
from ui.presenters.wafer_map import Target

LOOK_MS = 200

NOT_CONNECTED = Message(
    Tone.QUIET,
    "The stage was not sent anywhere: no instrument is connected.",
    advice="Press Connect at the top right or in the Instrument panel, then double-click again.",
)


def refused(reason: str) -> Message:
    """Why the stage is not to be sent now."""
    return Message(Tone.QUIET, "The stage was not sent anywhere.", reason)


class GoTo(QObject):
    """One wish at a time; a newer one replaces what was not confirmed yet.

    Signals:
        viewed (GoView | None): ``view`` is another now; None is nothing to show.
        told (Message): why the stage cannot be sent.
    """

    viewed = pyqtSignal(object)
    told = pyqtSignal(object)

    def __init__(
        self, manual: ManualControl, objection: Callable[[], str], parent: QObject | None = None
    ) -> None:
        """``objection``: why the stage must not be sent now, such as a run; else empty."""
        super().__init__(parent)
        self._manual, self._objection = manual, objection
        self.view: GoView | None = None
        self._target: Target | None = None
        self._way: Way | None = None
        self._pace, self._began_s = 1.0, 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._show_going)
        manual.state_changed.connect(self._let_go)

    @property
    def target(self) -> Target | None:
        """Where it is to go, from the wish until it is there or forgotten."""
        return self._target

    def ask(self, target: Target) -> None:
        """Plan the way to a target and show it; nothing moves yet."""
        if self._timer.isActive():
            self.told.emit(refused("It is on its way already; stop it first."))
        elif objection := self._objection():
            self.told.emit(refused(objection))
        elif not self._manual.connected:
            self.told.emit(NOT_CONNECTED)
        else:
            self._target, self._way = target, None
            self._show(planning_view(target.text))
            self._manual.submit(
                lambda manual: (target, manual.way_to(*target.stage_um), manual.devices.clock.pace),
                self._planned,
                f"Planning the way to {target.text}",
                lambda _: self._over(target),
            )

    def go(self) -> None:
        """Drive the way that is shown."""
        if (way := self._way) is None or (target := self._target) is None or self._timer.isActive():
            return
        self._began_s = time.monotonic()
        self._timer.start()
        self._show_going()
        self._manual.submit(
            lambda manual: manual.go(way),
            lambda _: self._over(target),
            f"Driving to {target.text}",
            lambda _: self._over(target),
        )

    def cancel(self) -> None:
        """Forget the way; on the way, stop the stage where it is."""
        if self._timer.isActive():
            self._manual.stop_stage()
        elif self._target is not None:
            self._over(self._target)

    def _show(self, view: GoView | None) -> None:
        self.view = view
        self.viewed.emit(view)

    def _planned(self, planned: tuple[Target, Way, float]) -> None:
        target, way, pace = planned
        if target is self._target:
            self._way, self._pace = way, pace
            self._show(planned_view(target.text, way))

    def _show_going(self) -> None:
        assert self._target is not None and self._way is not None
        gone_s = min((time.monotonic() - self._began_s) * self._pace, self._way.duration_s)
        self._show(going_view(self._target.text, self._way, gone_s))

    def _over(self, target: Target) -> None:
        if target is self._target:
            self._timer.stop()
            self._target = self._way = None
            self._show(None)

    def _let_go(self, _: object) -> None:
        if not self._manual.connected and self._target is not None:
            self._over(self._target)
