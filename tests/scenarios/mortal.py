"""``scopeacq run`` without networks, which kills itself at a named point: started by tests as a process.

    python -m tests.scenarios.mortal RUN [--cycles N] [--die-at POINT]

The session, its engine, journal, guard and nature are the real ones; only the judge of sharpness and
the estimator of focus are fakes, since loading networks takes longer than a whole small run.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.guard.client import GuardClient
from scopeacq import session
from scopeacq.exit_codes import of_run_end
from scopeacq.explain import Explained, explaining
from scopeacq.files import DiskFiles, FileEvent, perform_on_disk
from scopeacq.focus_methods import PairFocus
from scopeacq.records import Record
from scopeacq.runfolder import Plan
from tests.recording_files import Commit
from tests.scenarios.harness import NoAberration, Scores
from tests.scenarios.points import POINTS, Point

OPEN = "open, no heartbeat yet"
ASKED = "mill begun, guard not asked"
CLOSED = "closed by the guard, end not committed"


def die() -> None:
    """As if somebody had pulled the plug of this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def deadly(point: Point) -> tuple[DiskFiles, Callable[[tuple[Record, ...]], None]]:
    """A file layer and a journal's observer that end the process right after the point's event."""

    def perform(event: FileEvent) -> None:
        perform_on_disk(event)
        if point.event(event):
            die()

    def on_commit(records: tuple[Record, ...]) -> None:
        if point.event(Commit(records)):
            die()

    return DiskFiles(perform), on_commit


def deadly_guard(name: str) -> Any:
    """A guard's client that ends the process before or after it asks."""
    opening, closing = GuardClient.open, GuardClient.close
    has_opened = threading.Event()

    def open_(self: GuardClient, *args: Any) -> Any:
        if name == ASKED:
            die()
        answer = opening(self, *args)
        has_opened.set()
        if name == OPEN:
            threading.Timer(0.2, die).start()
        return answer

    def close(self: GuardClient) -> Any:
        answer = closing(self)
        if name == CLOSED and has_opened.is_set():
            die()
        return answer

    return mock.patch.multiple(GuardClient, open=open_, close=close)


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--cycles", type=int)
    arguments.add_argument("--die-at", default="")
    asked = arguments.parse_args()
    files, on_commit = deadly(POINTS[asked.die_at]) if asked.die_at in POINTS else (None, None)
    try:
        with (
            mock.patch.object(session, "load_scorer", Scores),
            mock.patch.object(session, "focus_methods", lambda *_: (PairFocus(NoAberration()),)),
            deadly_guard(asked.die_at),
            explaining(),
            session.open_session(Plan.read(asked.run), files, on_commit) as opened,
        ):
            return of_run_end(opened.engine.run(asked.cycles))
    except Explained as error:
        print(error)
        return error.code


if __name__ == "__main__":
    raise SystemExit(main())
