"""The check of an opened run, on a thread of its own: it loads networks and probes the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from importlib import import_module

from scopeacq.briefing import Briefing, brief
from scopeacq.explain import Explained, explaining
from scopeacq.findings import error
from scopeacq.runfolder import Plan, RunFolder
from ui.interpreter import window_first
from ui.presenters.notices import Briefed, Notice

Checker = Callable[[Plan], Briefing]
"""Checks a plan, as ``scopeacq.briefing.brief`` does."""


class CheckThread:
    """Briefs once. It touches nothing but the run's files and may be left alone at any time."""

    def __init__(self, plan: Plan, checker: Checker = brief) -> None:
        self._plan, self._checker = plan, checker
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="check", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive() and self._notices.empty()

    def take(self, most: int = 1) -> list[Notice]:
        """The briefing, once it is there."""
        try:
            return [self._notices.get_nowait()]
        except queue.Empty:
            return []

    def _run(self) -> None:
        try:
            with window_first(), explaining(self._plan.folder.logs):
                briefing = self._checker(self._plan)
                _load_what_a_run_needs()
        except Explained as trouble:
            briefing = Briefing((error(str(trouble)),), _has_begun(self._plan.folder), False, None)
        self._notices.put(Briefed(briefing))


def _has_begun(folder: RunFolder) -> bool:
    from scopeacq.history import has_begun

    return has_begun(folder)


def _load_what_a_run_needs() -> None:
    """Loading libraries stops every thread for a moment: now, while the operator reads, not in a run."""
    import_module("scopeacq.conduct")
