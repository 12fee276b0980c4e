"""What the live view has the instrument do: frames, live scans, corrections and series, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from hardware.errors import Halted
from hardware.types import FrameSettings, Image, Optics
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.journal.laid_down import LaidDown
from scopeacq.journal.records import FocusIteration
from scopeacq.plan.project import EstimatorName
from scopeacq.telling.explain import Explained
from ui.hand.manual import ManualControl, ManualState
from ui.presenters.live import Doing, LiveView
from ui.presenters.messages import Message
from ui.presenters.tone import Tone

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Cockpit, Series, Shot, Trial
    from scopeacq.manual import Manual

T = TypeVar("T")
TICK_MS = 250


@dataclass(frozen=True, slots=True)
class PairSeen:
    """A pair of a correction that is under way, and what was read from it."""

    pair: tuple[Image, Image]
    condition: PairCondition
    estimate: AberrationEstimate


class LiveControl(QObject):
    """Lives in the GUI's thread; no call blocks it. What fails is told by the ``ManualControl``.

    Signals:
        viewed (LiveView): what may be done now has changed.
        shot (Shot): a frame was taken.
        heard (PairSeen, FocusIteration or SeriesPoint): news of what is under way, as they come.
        focused (Trial), swept (Series), compared (Comparison): it came to an end.
        begun, failed (Doing): something was begun, or did not come to its end.
        told (Message): why a correction failed, for the banner.
    """

    viewed = pyqtSignal(object)
    shot = pyqtSignal(object)
    heard = pyqtSignal(object)
    focused = pyqtSignal(object)
    swept = pyqtSignal(object)
    compared = pyqtSignal(object)
    begun = pyqtSignal(object)
    failed = pyqtSignal(object)
    told = pyqtSignal(object)

    def __init__(self, manual: ManualControl, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._manual = manual
        self._laid = LaidDown()
        self._view = LiveView()
        self._until_s = 0.0
        self._settings: FrameSettings | None = None
        self._undo: Optics | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        manual.state_changed.connect(self._state_changed)

    @property
    def view(self) -> LiveView:
        return self._view

    def note_run(self, active: bool) -> None:
        """Whether a run has the instrument."""
        self._show(run_active=active)

    # -- what an operator asks for ------------------------------------------------------------

    def connect_instrument(self) -> None:
        self._manual.connect_instrument()

    def grab(self, settings: FrameSettings) -> None:
        """One frame."""
        if self._begin(Doing.GRAB):
            self._submit(lambda cockpit: cockpit.grab(settings), self._shot)

    def live(self, settings: FrameSettings, duration_s: float) -> None:
        """Frame after frame; it ends by itself. The beam is blanked between frames."""
        if self._begin(Doing.LIVE):
            self._until_s = time.monotonic() + duration_s
            self._timer.start()
            self._settings = settings
            self._next()

    def rescan(self, settings: FrameSettings) -> None:
        """Go on with a live scan at other settings from the next frame on."""
        self._settings = settings

    def stop(self) -> None:
        """End what is under way, in the middle of its frame; a correction restores the optics."""
        self._until_s = 0.0
        self._manual.halt()

    def focus(self, method: EstimatorName | None) -> None:
        """Correct focus here."""
        if self._begin(Doing.FOCUS):
            watch = _Watch(self._hear)
            self._submit(lambda cockpit: cockpit.focus(method, watch), self._focused)

    def through_focus(self, reach_um: float, images: int) -> None:
        """A series of images around the present working distance."""
        if self._begin(Doing.SERIES, (0, images)):
            self._submit(lambda cockpit: cockpit.through_focus(reach_um, images, self._hear), self._swept)

    def compare(self) -> None:
        """Ask all estimators what they make of one pair."""
        if self._begin(Doing.COMPARE):
            self._submit(lambda cockpit: cockpit.compare(), self._ended(self.compared.emit))

    def set_wd(self, wd_um: float) -> None:
        """Focus at a working distance; it can be reverted."""

        def set_it(cockpit: Cockpit) -> Optics:
            before = cockpit.manual.devices.column.optics()
            cockpit.manual.set_optics(replace(before, wd_um=wd_um))
            return before

        if self._begin(Doing.SET):
            self._submit(set_it, self._ended(self._remember))

    def revert(self) -> None:
        """Take back the last change of the optics."""
        if self._undo is not None and self._begin(Doing.SET):
            optics, self._undo = self._undo, None
            self._submit(lambda cockpit: cockpit.manual.set_optics(optics), self._ended(lambda _: None))

    def accept(self) -> None:
        """Keep the last change of the optics."""
        self._remember(None)

    def _hear(self, news: object) -> None:
        """On the instrument's thread."""
        self._manual.tell(partial(self.heard.emit, news))

    # -- in the window's thread ----------------------------------------------------------------

    def _begin(self, doing: Doing, progress: tuple[int, int] = (0, 0)) -> bool:
        if not self._view.may_begin:
            return False
        self._show(doing=doing, progress=progress)
        self.begun.emit(doing)
        return True

    def _submit(self, work: Callable[[Cockpit], T], done: Callable[[T], None]) -> None:
        laid = self._laid

        def job(manual: Manual) -> T:
            from scopeacq.cockpit import Cockpit

            return work(Cockpit(manual, laid))

        self._manual.submit(job, done, self._view.doing.value, self._failed)

    def _next(self) -> None:
        settings = self._settings
        assert settings is not None, "a live scan has begun with some"
        self._submit(lambda cockpit: cockpit.grab(settings), self._live_shot)

    def _live_shot(self, shot: Shot) -> None:
        self.shot.emit(shot)
        if time.monotonic() < self._until_s and self._manual.connected:
            self._next()
        else:
            self._end()

    def _shot(self, shot: Shot) -> None:
        self._end()
        self.shot.emit(shot)

    def _focused(self, trial: Trial) -> None:
        if trial.outcome.applied:
            self._undo = trial.outcome.before
        self._end()
        trouble = trial.outcome.trouble
        if trouble is not None and not isinstance(trouble, Halted):
            self.told.emit(Message(Tone.ALARM, str(trouble)))
        self.focused.emit(trial)

    def _swept(self, series: Series) -> None:
        self._end()
        self.swept.emit(series)

    def _ended(self, then: Callable[[Any], None]) -> Callable[[Any], None]:
        def done(result: Any) -> None:
            self._end()
            then(result)

        return done

    def _remember(self, undo: Optics | None) -> None:
        self._undo = undo
        self._show()

    def _failed(self, _: Explained) -> None:
        doing = self._view.doing
        self._end()
        self.failed.emit(doing)

    def _end(self) -> None:
        self._timer.stop()
        self._show(doing=Doing.NOTHING, progress=(0, 0), left_s=0.0)

    def _tick(self) -> None:
        self._show(left_s=max(self._until_s - time.monotonic(), 0.0))

    def note_progress(self, done: int) -> None:
        """So many images of a series are there."""
        self._show(progress=(done, self._view.progress[1]))

    def _state_changed(self, state: ManualState) -> None:
        if state is ManualState.RELEASED:
            self._undo = None
            self._laid = LaidDown()
        connecting = state is ManualState.CONNECTING
        self._show(connected=self._manual.connected, connecting=connecting)

    def _show(self, **changes: Any) -> None:
        view = replace(self._view, **changes, may_revert=self._undo is not None)
        if view != self._view:
            self._view = view
            self.viewed.emit(view)


@dataclass(frozen=True, slots=True)
class _Watch:
    """Hands on what a correction does, from the instrument's thread."""

    tell: Callable[[object], None]

    def estimated(
        self, pair: tuple[Image, Image], condition: PairCondition, estimate: AberrationEstimate
    ) -> None:
        self.tell(PairSeen(pair, condition, estimate))

    def noted(self, iteration: FocusIteration) -> None:
        self.tell(iteration)
