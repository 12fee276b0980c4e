"""One run on the acquisition thread: what the command line does, for a window."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scopeacq.engine.events import Subscription, WishAnswered
from scopeacq.engine.ion_watch import ions_watched
from scopeacq.engine.time_left import TimeLeft
from scopeacq.journal.records import RunEnd, RunRequest, Wish
from scopeacq.plan.findings import Finding
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.explain import Explained, explaining
from ui.presenters.notices import Asked, Attended, Checked, Ended, Leaving, Notice, Wished

if TYPE_CHECKING:  # these bring SQLite, SciPy and the twin, which the first window does without
    from scopeacq.conduct import Attendant, Outcome
    from scopeacq.engine.engine import Engine
    from scopeacq.session import Session

Conductor = Callable[[Plan, int | None, "Attendant"], "Outcome"]
"""Takes a run from pre-flight to its end, as ``scopeacq.conduct.conduct`` does."""

NOT_NOW = "The run is starting or ending: ask again in a moment."


def conducted(plan: Plan, cycles: int | None, attendant: Attendant) -> Outcome:
    """The conductor of every real run, loaded when the first one starts."""
    from scopeacq.conduct import conduct

    return conduct(plan, cycles, attendant)


class RunThread:
    """Conducts one run. Any thread may ask for something or take notices; every call returns at once."""

    def __init__(self, plan: Plan, cycles: int | None = None, conductor: Conductor = conducted) -> None:
        """``cycles``: end when so many are done in all; None is what the project asks for."""
        self._plan, self._cycles, self._conductor = plan, cycles, conductor
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._subscription: Subscription | None = None
        self._early: RunRequest | None = None
        self._over = False
        # not a daemon: a session that is left in the middle would leave the instrument as it is
        self._thread = threading.Thread(target=self._run, name="acquisition")

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def over(self) -> bool:
        """Whether nothing more will be said."""
        return not self.alive and self._notices.empty()

    def join(self, timeout_s: float) -> bool:
        """Wait until the instrument is let go; whether it is."""
        self._thread.join(timeout_s)
        return not self.alive

    def request(self, request: RunRequest) -> None:
        """Ask for something: before the engine runs it is remembered, after its end it is ignored.

        When this returns, the close command of an abort is on its way to the guard on a thread of its own.
        """
        with self._lock:
            engine = self._engine
            if self._over:
                return  # the engine has made everything safe already
            if engine is None and self._early is not RunRequest.ABORT:
                self._early = None if request is RunRequest.RESUME else request
            self._notices.put(Asked(request))
        if engine is not None:
            engine.request(request)

    def wish(self, wish: Wish) -> None:
        """Ask for a change of the steps ahead; ``WishAnswered`` follows."""
        self._notices.put(Wished(wish))
        with self._lock:
            engine = self._engine
        if engine is None:
            self._notices.put(WishAnswered(wish, NOT_NOW))
        else:
            engine.wish(wish)

    def take(self, most: int = 200) -> list[Notice]:
        """What was said since the last call, in order, at most so much of it."""
        taken: list[Notice] = []
        while len(taken) < most and (notice := self._next()) is not None:
            taken.append(notice)
        return taken

    def _next(self) -> Notice | None:
        try:
            return self._notices.get_nowait()
        except queue.Empty:
            subscription = self._subscription
            return subscription.get(0.0) if subscription is not None else None

    def tell(self, findings: Sequence[Finding]) -> None:
        """As an attendant: findings of a check."""
        self._notices.put(Checked(tuple(findings)))

    def attend(self, session: Session, cycles: int | None, time_left: TimeLeft) -> RunEnd:
        """As an attendant: run the engine on this thread."""
        engine = session.engine
        self._subscription = engine.events.subscribe(readings=True)
        self._notices.put(Attended(time_left))
        with self._lock:
            self._engine, early = engine, self._early
        if early is not None:
            engine.request(early)
        try:
            with ions_watched(session.rig.microscope.guard.state, self._notices.put):
                return engine.run(cycles)
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._engine, self._over = None, True
        self._drain()
        self._notices.put(Leaving())

    def _drain(self) -> None:
        """Keep the order: what the engine has said comes before what this thread says next."""
        while self._subscription is not None and (event := self._subscription.get(0.0)) is not None:
            self._notices.put(event)

    def _run(self) -> None:
        try:
            with explaining(self._plan.folder.logs):
                outcome = self._conductor(self._plan, self._cycles, self)
            ended = Ended(outcome.code, outcome.end, outcome.sentence)
        except Explained as error:
            ended = Ended(error.code, None, str(error))
        self._drain()  # the answer to an abort may come while the instrument is let go
        self._notices.put(ended)
