"""One hold of the instrument by an operator: a thread that connects, works off jobs, reads, and lets go."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from scopeacq.engine.ion_watch import ions_watched
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained, explaining

if TYPE_CHECKING:  # brings SQLite, SciPy and the twin, which the first window does without
    from scopeacq.engine.ion_watch import IonsRead
    from scopeacq.engine.readings import Readings
    from scopeacq.manual import Manual

Opener = Callable[[Plan], AbstractContextManager["Manual"]]
"""Connects an instrument, as ``scopeacq.manual.open_manual`` does."""

READ_EVERY_S = 1.0


def opened(plan: Plan) -> AbstractContextManager[Manual]:
    """The opener of every real instrument, loaded when the first one is connected."""
    from scopeacq.manual import open_manual

    return open_manual(plan)


class ManualState(Enum):
    """How an operator's hand and the instrument stand to each other."""

    RELEASED = "released"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    BUSY = "busy"
    RELEASING = "releasing"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Something to be done with the instrument; ends early once ``halted`` is set."""

    work: Callable[[Manual], Any]
    done: Callable[[Any], None]
    failed: Callable[[Explained], None]
    doing: str
    halted: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class JobDone:
    job: Job
    result: Any


@dataclass(frozen=True, slots=True)
class JobFailed:
    job: Job
    error: Explained


@dataclass(frozen=True, slots=True)
class Now:
    """The hold entered a state; ``doing`` says with what it is busy."""

    state: ManualState
    doing: str = ""


if TYPE_CHECKING:
    Said = JobDone | JobFailed | Now | Readings | IonsRead | Explained


class ManualThread:
    """Holds the instrument from ``start`` until it was asked to ``leave``. Any thread may call anything."""

    def __init__(self, plan: Plan, opener: Opener, tell: Callable[[Said], None]) -> None:
        """``tell`` is called on this hold's own threads; the last that it says is RELEASED.

        ``trouble``: why it could not be taken or left safe.
        """
        self.trouble: Explained | None = None
        self._plan, self._opener, self._tell = plan, opener, tell
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._leaving = threading.Event()
        self._manual: Manual | None = None
        self._urgent: list[threading.Thread] = []
        # not a daemon: an instrument that is let go in the middle is left as it is
        self._thread = threading.Thread(target=self._run, name="manual control")

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def put(self, job: Job) -> None:
        """Have a job done after those before it."""
        self._jobs.put(job)

    def take_plan(self, plan: Plan) -> None:
        """Go by this plan, for the same instrument, from the next job on."""
        self._plan = plan

    def at_once(self, work: Callable[[Manual], object]) -> None:
        """Do something on a thread of its own, past whatever is under way; a failure is told."""
        thread = threading.Thread(target=self._do_at_once, args=(work,), name="at once", daemon=True)
        self._urgent = [*(other for other in self._urgent if other.is_alive()), thread]
        thread.start()

    def leave(self) -> None:
        """Let go of the instrument after what is under way."""
        self._leaving.set()
        self._jobs.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait until the instrument is let go; whether it is."""
        until_s = time.monotonic() + timeout_s
        for thread in (*self._urgent, self._thread):
            thread.join(max(until_s - time.monotonic(), 0.0))
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._tell(Now(ManualState.CONNECTING))
        try:
            with explaining(self._plan.folder.logs), self._opener(self._plan) as manual:
                self._manual = manual
                with ions_watched(manual.ions, self._tell):
                    self._serve(manual)
                self._manual = None  # whoever comes late must not reach an instrument that others have
                self._tell(Now(ManualState.RELEASING))
        except Explained as error:
            self.trouble = error
            self._tell(error)
        self._tell(Now(ManualState.RELEASED))

    def _serve(self, manual: Manual) -> None:
        read_at_s = 0.0
        self._tell(Now(ManualState.CONNECTED))
        for trouble in manual.found.trouble:
            self._tell(Explained(ExitCode.FAILED, trouble))
        while not self._leaving.is_set():
            if time.monotonic() >= read_at_s:
                self._tell(manual.read())
                read_at_s = time.monotonic() + READ_EVERY_S
            if (job := self._next(read_at_s - time.monotonic())) is not None:
                self._tell(Now(ManualState.BUSY, job.doing))
                self._tell(self._did(manual, job))
                self._tell(Now(ManualState.CONNECTED))

    def _next(self, wait_s: float) -> Job | None:
        try:
            return self._jobs.get(timeout=max(wait_s, 0.0))
        except queue.Empty:
            return None

    def _did(self, manual: Manual, job: Job) -> JobDone | JobFailed:
        try:
            with explaining(self._plan.folder.logs):
                manual.take_plan(self._plan)
                manual.begin(job.halted)
                manual.heed()
                return JobDone(job, job.work(manual))
        except Explained as error:
            return JobFailed(job, error)

    def _do_at_once(self, work: Callable[[Manual], object]) -> None:
        if (manual := self._manual) is None:
            return
        try:
            with explaining(self._plan.folder.logs):
                work(manual)
        except Explained as error:
            self._tell(error)
