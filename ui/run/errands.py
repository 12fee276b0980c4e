"""What the window does with the files of a run that is not active, on a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable

from models.libraries import map_torch
from scopeacq.engine.events import WishAnswered
from scopeacq.engine.wishes import leave_wish
from scopeacq.journal.records import Wish
from scopeacq.plan.briefing import Briefing, Standpoint, brief, read_standpoint
from scopeacq.plan.findings import error
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.telling.explain import Explained, explaining
from ui.presenters.notices import Briefed, Notice, Stands
from ui.run.interpreter import loading

Checker = Callable[[Plan], Briefing]
"""Checks a plan, as ``scopeacq.plan.briefing.brief`` does."""


class Errand:
    """Done once. It touches nothing but the run's files and may be left alone at any time."""

    def __init__(self, name: str, work: Callable[[], Iterable[Notice]]) -> None:
        self._work = work
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive() and self._notices.empty()

    def take(self, most: int = 1) -> list[Notice]:
        """What came of it, once it is there."""
        try:
            return [self._notices.get_nowait()]
        except queue.Empty:
            return []

    def _run(self) -> None:
        for notice in self._work():
            self._notices.put(notice)


def checked(plan: Plan, checker: Checker = brief) -> Iterable[Notice]:
    """Check a plan: it loads networks and probes the disk."""
    try:
        with explaining(plan.folder.logs), loading():
            map_torch()
            briefing = checker(plan)
            _load_libraries(plan)
    except Explained as trouble:
        briefing = Briefing((error(str(trouble)),), _has_begun(plan.folder), False, None)
    yield Briefed(briefing)


def wished(plan: Plan, wish: Wish) -> Iterable[Notice]:
    """Journal a wish, and see what lies ahead then."""
    try:
        with explaining(plan.folder.logs):
            why_not, standpoint = _left(plan, wish)
    except Explained as trouble:
        yield WishAnswered(wish, str(trouble))
    else:
        yield WishAnswered(wish, why_not)
        yield Stands(standpoint)


def _left(plan: Plan, wish: Wish) -> tuple[str, Standpoint]:
    return leave_wish(plan, wish), read_standpoint(plan)


def _has_begun(folder: RunFolder) -> bool:
    from scopeacq.journal.history import has_begun

    return has_begun(folder)


def _load_libraries(plan: Plan) -> None:
    """Now, while the operator reads, not in a run."""
    from scopeacq.focus.warm_up import load_libraries

    load_libraries(plan)
