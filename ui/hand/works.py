"""Long work: one at a time, on a thread of its own or on the instrument's, told and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from hardware.errors import Halted
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained
from ui.hand.manual import ManualControl, ManualState
from ui.presenters.work import K, Work
from ui.tasks import Tasks

if TYPE_CHECKING:  # brings SQLite, SciPy and the twin, which the first window does without
    from scopeacq.manual import Manual

T = TypeVar("T")

LOOK_MS = 50
AT_ONCE_S = 2.0
"""What is done within so short a time was kept from an earlier try, and says nothing of the pace."""

NOT_CONNECTED = (
    "The instrument could not be connected; the message on top says why. Mend that and press again."
)


@dataclass(frozen=True, slots=True)
class _Said:
    """How far a work is."""

    share: float
    detail: str


class Teller:
    """What long work is handed: it tells how far it is and hears that it is to end. Used on its thread.

    ``news`` is what it told last; it may tell much more often than anybody looks.
    """

    def __init__(self, show: Callable[[Teller, object], None]) -> None:
        self._show, self._stop = show, threading.Event()
        self.news: _Said | None = None
        self.begun_s = time.monotonic()

    def __call__(self, share: float, detail: str = "") -> None:
        """Tell the share (0..1) that is done. Raises ``Halted`` where the operator wants an end."""
        self.heed()
        self.say(share, detail)

    def say(self, share: float, detail: str = "") -> None:
        """Tell the share that is done, of work that looks itself whether it is ``stopped``."""
        self.news = _Said(share, detail)

    def show(self, what: object) -> None:
        """Show something that is there already."""
        self._show(self, what)

    def heed(self) -> None:
        """Raise ``Halted`` where the operator wants an end."""
        if self.stopped:
            raise Halted("scopeacq", "stopped by the operator")

    @property
    def stopped(self) -> bool:
        """Whether the operator wants an end; for work that keeps what it has."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Want an end. Any thread."""
        self._stop.set()


class Works(QObject, Generic[K]):
    """Does one long work at a time; what it comes to is told in the window's thread.

    Signals:
        changed (Work or None): what is under way now.
        failed (step, Explained): why a work came to nothing.
        halted (step): it was stopped before it came to anything.
    """

    changed = pyqtSignal(object)
    failed = pyqtSignal(object, object)
    halted = pyqtSignal(object)

    def __init__(self, manual: ManualControl, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._manual, self._tasks = manual, Tasks(self)
        self._teller: Teller | None = None
        self._in_hand = False
        self._pace_from = 0.0, 0.0
        self._shown: Callable[[Any], None] | None = None
        self._waits: Callable[[], None] | None = None
        self.work: Work[K] | None = None
        self._heard: _Said | None = None
        self._looks = QTimer(self)
        self._looks.setInterval(LOOK_MS)
        self._looks.timeout.connect(self._look)
        manual.state_changed.connect(lambda _: self._hold_changed())

    def do(
        self,
        begun: Work[K],
        work: Callable[[Teller], T],
        done: Callable[[T], None],
        shown: Callable[[Any], None] | None = None,
    ) -> None:
        """Have ``work`` done on a thread of its own, then ``done`` called here; one thing at a time.

        ``shown`` takes here what the work shows meanwhile.
        """
        if (teller := self._begin(begun, shown)) is not None:
            step = begun.step
            self._tasks.run(
                lambda: work(teller), lambda made: self._end(done, made), lambda e: self._fail(step, e)
            )

    def do_in_hand(
        self,
        begun: Work[K],
        work: Callable[[Manual, Teller], T],
        done: Callable[[T], None],
        shown: Callable[[Any], None] | None = None,
    ) -> None:
        """The same with the instrument, which is connected first where it is not in hand yet."""
        if (teller := self._begin(begun, shown)) is None:
            return

        def heeding(manual: Manual) -> T:
            teller.heed()
            return work(manual, teller)

        self._in_hand = True
        self._waits = lambda: self._manual.submit(
            heeding,
            lambda made: self._end(done, made),
            begun.doing,
            lambda error: self._fail(begun.step, error),
        )
        if not self._manual.connected:
            self._enter(replace(begun, detail="connecting the instrument"))
            self._manual.connect_instrument()
        self._hold_changed()

    def stop(self) -> None:
        """End what is under way as soon as it can be ended; what it keeps by then is kept."""
        if self._teller is None or self.work is None:
            return
        self._teller.stop()
        if self._in_hand:
            self._manual.halt()
        if self.work is not None:
            self._enter(replace(self.work, ending=True))

    def close(self) -> None:
        """Nothing is told any more; before the window's parts go."""
        self._looks.stop()
        if self._teller is not None:
            self._teller.stop()
        self._tasks.close(wait=False)

    def _hold_changed(self) -> None:
        """Begin what waits for the instrument, or give it up where nobody gets hold of that."""
        if self._waits is None or self.work is None:
            return
        if self._manual.connected:
            waited, self._waits = self._waits, None
            waited()
        elif self._manual.state is ManualState.RELEASED:
            self._fail(self.work.step, Explained(ExitCode.FAILED, NOT_CONNECTED))

    def _begin(self, begun: Work[K], shown: Callable[[Any], None] | None) -> Teller | None:
        if self.work is not None:
            return None
        self._teller, self._shown, self._in_hand = Teller(self._hear), shown, False
        self._pace_from = self._teller.begun_s, 0.0
        self._enter(begun)
        self._looks.start()
        return self._teller

    def _enter(self, work: Work[K] | None) -> None:
        self.work = work
        self.changed.emit(work)

    def _hear(self, teller: Teller, what: object) -> None:
        """On the work's thread."""
        self._tasks.tell(partial(self._take, teller, what))

    def _take(self, teller: Teller, what: object) -> None:
        """What a work shows that has ended meanwhile is for nobody."""
        if teller is self._teller and self._shown is not None:
            self._shown(what)

    def _look(self) -> None:
        """Tell what the work has told last."""
        teller, said = self._teller, self._teller.news if self._teller is not None else None
        if teller is None or self.work is None or said is None or said is self._heard:
            return
        self._heard, now_s = said, time.monotonic()
        if now_s - teller.begun_s < AT_ONCE_S:
            self._pace_from = now_s, said.share
        (from_s, from_share), share = self._pace_from, said.share
        self._enter(
            replace(
                self.work, share=share, detail=said.detail, elapsed_s=now_s - from_s, from_share=from_share
            )
        )

    def _end(self, done: Callable[[T], None], made: T) -> None:
        self._leave()
        done(made)

    def _fail(self, step: K, error: Explained) -> None:
        self._leave()
        if isinstance(error.__cause__, Halted):
            self.halted.emit(step)
        else:
            self.failed.emit(step, error)

    def _leave(self) -> None:
        self._look()
        self._looks.stop()
        self._teller = self._shown = self._waits = None
        self._enter(None)
