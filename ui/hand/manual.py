"""Manual control from the window: who wants something of the instrument outside of a run asks here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PyQt5.QtCore import QObject, pyqtSignal

from hardware.errors import Busy, Halted
from scopeacq.engine.ion_watch import IonsRead
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained
from ui.hand.manual_thread import Job, JobDone, JobFailed, ManualState, ManualThread, Now, Opener, opened
from ui.mailbox import Mailbox
from ui.presenters.messages import Message, problem
from ui.presenters.tone import Tone

if TYPE_CHECKING:  # brings SQLite, SciPy and the twin, which the first window does without
    from scopeacq.engine.readings import Readings
    from scopeacq.manual import Manual
    from ui.hand.manual_thread import Said

__all__ = ["ManualControl", "ManualState"]

T = TypeVar("T")

FAREWELL_S = 10.0
"""How long a window that closes waits for its instrument: making it safe takes 6 s at the most."""
LONGEST_WAIT_S = 300.0
"""How long a run waits for its instrument: no frame by hand takes as long as this."""

NOT_CONNECTED = Message(
    Tone.QUIET,
    "No instrument is connected.",
    advice="Press Connect in the Instrument panel first.",
)

PROFILE_CHANGED = Message(
    Tone.QUIET,
    "The instrument was let go, since its profile was changed.",
    "Its limits and its chamber model hold from the moment at which it is connected.",
    "Press Connect to take it in hand again.",
)

LET_GO = Message(
    Tone.QUIET,
    "The instrument was let go, since its run was closed or read anew.",
    advice="Press Connect to take it in hand again.",
)

STILL_HELD = Message(
    Tone.ALARM,
    "The instrument has not been let go yet.",
    "A device does not answer, or a frame is being scanned; it is made safe as soon as that ends.",
    "Look whether both beams are blanked; if nothing changes, restart the device's software and scopeacq.",
)


def _ignore(_: object) -> None:
    """Nobody but the banner wants to know."""


class ManualControl(QObject):
    """The instrument of the open run, in the operator's hand. Lives in the GUI's thread; no call blocks it.

    Signals:
        state_changed (ManualState): ``doing`` says with what it is busy.
        readings (Readings): what every device said, about once per second while it is connected.
        ions (IonsRead): what the guard reads, twice per second whatever else is under way.
        told (Message): what went wrong, for the banner.
    """

    state_changed = pyqtSignal(object)
    readings = pyqtSignal(object)
    ions = pyqtSignal(object)
    told = pyqtSignal(object)

    def __init__(
        self,
        plan: Plan,
        opener: Opener = opened,
        objection: Callable[[], str] = lambda: "",
        parent: QObject | None = None,
    ) -> None:
        """``objection`` says why the instrument is not to be connected now, such as a run; else empty."""
        super().__init__(parent)
        self._plan, self._opener, self._objection = plan, opener, objection
        self._hold: ManualThread | None = None
        self._open: list[Job] = []
        self._now = Now(ManualState.RELEASED)
        self._mailbox = Mailbox(self)

    # -- holding the instrument --------------------------------------------------------------

    @property
    def state(self) -> ManualState:
        return self._now.state

    @property
    def doing(self) -> str:
        """What it is busy with, as an operator reads it; empty while idle."""
        return self._now.doing

    @property
    def connected(self) -> bool:
        """Whether jobs are taken, now or after those before."""
        return self.state in (ManualState.CONNECTED, ManualState.BUSY)

    def connect_instrument(self) -> None:
        """Connect the run's instrument; ``state_changed`` says when, ``told`` why not."""
        if self.state is not ManualState.RELEASED:
            return
        if objection := self._objection():
            self.told.emit(Message(Tone.QUIET, objection))
            return
        self._enter(Now(ManualState.CONNECTING))
        self._hold = ManualThread(self._plan, self._opener, self._hear)
        self._hold.start()

    def release(self) -> None:
        """Let go of the instrument: what is under way ends at once, a move before its next leg."""
        if self._hold is not None and self.state is not ManualState.RELEASED:
            self.halt()
            self._hold.leave()

    def wait_released(self) -> None:
        """Let go and wait until it is done. For other threads, such as a run that needs the instrument.

        Raises ``Busy`` where that does not come to an end.
        """
        if (hold := self._hold) is not None and not self._left(hold, LONGEST_WAIT_S):
            raise Busy("instrument", "manual control has not let go of it", STILL_HELD.advice)

    def close(self) -> None:
        """Let go for good, before the window's parts go; a stage on its way is stopped where it is.

        What hangs is left to its thread, which makes safe when it can: the window must not hang with it.
        """
        if self.connected:
            self.told.emit(LET_GO)
        self._mailbox.close()
        self.stop_stage()
        if (hold := self._hold) is None:
            return
        if not self._left(hold, FAREWELL_S):
            self.told.emit(STILL_HELD)
        elif hold.trouble is not None:
            self._tell(hold.trouble)

    def _left(self, hold: ManualThread, timeout_s: float) -> bool:
        for job in tuple(self._open):
            job.halted.set()
        hold.at_once(lambda manual: manual.end_frame())
        hold.leave()
        return hold.join(timeout_s)

    def take_plan(self, plan: Plan) -> None:
        """Go on with the plan as it was saved. With another profile the instrument is let go."""
        before, self._plan = self._plan, plan
        if self._hold is None:
            return
        if plan.instrument != before.instrument:
            self.release()
            self.told.emit(PROFILE_CHANGED)
        else:
            self._hold.take_plan(plan)

    # -- using it ------------------------------------------------------------------------------

    def submit(
        self,
        job: Callable[[Manual], T],
        done: Callable[[T], None] = _ignore,
        doing: str = "",
        failed: Callable[[Explained], None] = _ignore,
    ) -> None:
        """Have ``job`` done on the instrument's thread, after those before it.

        Then ``done`` or ``failed`` is called here; an error is in the banner as well. ``doing`` is what
        an operator reads meanwhile ("Focusing").
        """
        if self._hold is None or not self.connected:
            self.told.emit(NOT_CONNECTED)
            failed(Explained(ExitCode.BAD_INPUT, NOT_CONNECTED.what))
            return
        made = Job(job, done, failed, doing)
        self._open.append(made)
        self._hold.put(made)

    def halt(self) -> None:
        """Have all jobs end before their next leg and within a frame; those that wait are not begun."""
        for job in self._open:
            job.halted.set()
        if self._open:
            self.at_once(lambda manual: manual.end_frame())

    def stop_stage(self) -> None:
        """Stop the stage where it is, at once, whatever is under way."""
        self.halt()
        self.at_once(lambda manual: manual.stop_stage())

    def at_once(self, work: Callable[[Manual], object]) -> None:
        """Do what brings the instrument to rest past whatever is under way, on a thread of its own."""
        if self._hold is not None:
            self._hold.at_once(work)

    def tell(self, news: Callable[[], None]) -> None:
        """From a job: have the GUI's thread call ``news``, in order; nothing once closed."""
        self._mailbox.tell(news)

    def note_readings(self, readings: Readings) -> None:
        """What a job that takes long has read meanwhile."""
        self.readings.emit(readings)

    # -- what the instrument's thread says -------------------------------------------------------

    def _hear(self, said: Said) -> None:
        """On the instrument's threads."""
        self._mailbox.tell(partial(self._take, said))

    def _take(self, said: Said) -> None:
        match said:
            case Now():
                self._enter(said)
            case JobDone(job, result):
                self._open.remove(job)
                job.done(result)
            case JobFailed(job, error):
                self._open.remove(job)
                self._tell(error)
                job.failed(error)
            case IonsRead():
                self.ions.emit(said)
            case Explained():
                self._tell(said)
            case _:
                self.readings.emit(said)

    def _enter(self, now: Now) -> None:
        if now == self._now:
            return
        self._now = now
        if now.state is ManualState.RELEASED:
            self._hold = None
            dropped, self._open = self._open, []
            for job in dropped:
                job.failed(Explained(ExitCode.FAILED, "The instrument was let go before."))
        self.state_changed.emit(now.state)

    def _tell(self, error: Explained) -> None:
        if isinstance(error.__cause__, Halted):
            return  # the operator knows
        self.told.emit(problem(error))
