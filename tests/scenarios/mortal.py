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
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.guard.client import GuardClient
from hardware.simulator.clock import HEARTBEAT_S
from scopeacq import session
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.journal.records import Record
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles, FileEvent, perform_on_disk
from scopeacq.telling.exit_codes import of_run_end
from scopeacq.telling.explain import Explained, explaining
from tests.recording_files import Commit
from tests.scenarios.harness import NoAberration, Scores
from tests.scenarios.points import POINTS, Point

OPEN = "open, no heartbeat yet"
ASKED = "mill begun, guard not asked"
CLOSED = "closed by the guard, end not committed"
UNGUARDED = "open, a heartbeat committed after the guard had died"
SLOW = "open, together with the guard, while the disk is slow"


JUST_IN_TIME_S = 0.85
"""A silence that the guard still bears."""


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


@dataclass
class DeadlyGuard:
    """What stands in for a guard's client's methods: kills the program, the guard or both on the way."""

    name: str
    has_opened: bool = False
    beats: int = 0
    real_open: Callable[..., Any] = GuardClient.open
    real_close: Callable[..., Any] = GuardClient.close
    real_heartbeat: Callable[..., Any] = GuardClient.heartbeat

    def open(self, client: GuardClient, *args: Any) -> Any:
        if self.name == ASKED:
            die()
        answer = self.real_open(client, *args)
        self.has_opened = True
        if self.name == OPEN:
            threading.Timer(0.2, die).start()
        return answer

    def close(self, client: GuardClient) -> Any:
        answer = self.real_close(client)
        if self.name == CLOSED and self.has_opened:
            die()
        return answer

    def heartbeat(self, client: GuardClient, instrument_s: float) -> None:
        self.beats += 1
        if self.name == UNGUARDED and self.beats == 2:
            die()
        late = self.name == SLOW and self.beats == 2
        if late:
            time.sleep(JUST_IN_TIME_S - HEARTBEAT_S)
        self.real_heartbeat(client, instrument_s)
        if late:
            time.sleep(JUST_IN_TIME_S)
            kill_guard(client)
            die()
        if self.name == UNGUARDED:
            kill_guard(client)
            time.sleep(JUST_IN_TIME_S)

    def installed(self) -> Any:
        """In place of the client's own methods, for as long as the context lasts."""
        return mock.patch.multiple(
            GuardClient,
            open=lambda client, *args: self.open(client, *args),
            close=lambda client: self.close(client),
            heartbeat=lambda client, instrument_s: self.heartbeat(client, instrument_s),
        )


def kill_guard(client: GuardClient) -> None:
    assert client._process is not None
    client._process.kill()


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--cycles", type=int)
    arguments.add_argument("--die-at", default="")
    asked = arguments.parse_args()
    files, on_commit = deadly(POINTS[asked.die_at]) if asked.die_at in POINTS else (None, None)
    try:
        with (
            mock.patch.object(session, "load_scorer", lambda _: Scores()),
            mock.patch.object(session, "focus_methods", lambda *_: (PairFocus(NoAberration()),)),
            DeadlyGuard(asked.die_at).installed(),
            explaining(),
            session.open_session(Plan.read(asked.run), files, on_commit) as opened,
        ):
            return of_run_end(opened.engine.run(asked.cycles))
    except Explained as error:
        print(error)
        return error.code


if __name__ == "__main__":
    raise SystemExit(main())
