"""Every moment of a run at which it could be cut off, and going on from any of them.

A moment is taken before each deed of the program and after each event of its file layer and its
journal: how many events there had been, the state nature was in, and the guard's log. From it a
run is laid out anew in another folder, as a power loss or a kill at that moment leaves it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.guard.core import Entry
from hardware.guard.core import Record as Entered
from hardware.guard.log import OpeningLog, read_openings
from hardware.guard.messages import Why
from hardware.simulator.memory import Json, state_of, take_up
from hardware.simulator.nature import Nature
from hardware.simulator.truth import Record as Truth
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import Record, RunEnd
from scopeacq.plan.runfolder import RunFolder
from scopeacq.storage.files import FileEvent
from tests.recording_files import (
    Event,
    RecordingFiles,
    after_kill,
    after_power_loss,
    commits,
)
from tests.scenarios.harness import Scores, TinyRun
from tests.scenarios.life import Life

STARTS = 4
"""A run that was cut off and meets no trouble is finished after so many starts at most."""


class Cut(Enum):
    """How a program ends at a moment."""

    KILL = "kill"
    POWER_LOSS = "power loss"


@dataclass(frozen=True, slots=True)
class Moment:
    """What outlives the program.

    ``truth`` counts an opening under way as closed at this moment; ``falling_uc`` is its charge.
    """

    n_events: int
    nature: Json
    milled: NDArray[np.float64]
    truth: tuple[Truth, ...]
    falling_uc: float
    guard_log: bytes

    @property
    def guard_asked(self) -> bool:
        """Whether the guard has logged a request and not yet whether it opened."""
        lines = self.guard_log.strip().splitlines()
        return bool(lines) and json.loads(lines[-1])["entry"] == Entry.REQUESTED.value


@dataclass
class Film:
    """The moments of one run, in order."""

    run: TinyRun
    recording: RecordingFiles = field(default_factory=RecordingFiles)
    moments: list[Moment] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        return self.recording.events

    def take(self) -> RunEnd:
        """Run until the end and take every moment."""
        run = self.run
        run.perform, run.on_commit, run.before_opening = self._perform, self._committed, self.note
        with run.start(_WatchedLife(film=self)) as program:
            return program.engine.run()

    def note(self) -> None:
        """Take the moment that is now, unless it is as the last one."""
        nature, log = self.run.nature, self.run.plan.guard_log
        with nature.lock:
            nature.catch_up()
            n_events, opening = len(self.events), nature.opening
            truth = tuple(self.run.truth)
            if opening is not None:
                truth += (opening.closed(nature.now_s, "the cut"),)
            moment = Moment(
                n_events,
                state_of(nature),
                nature.mill.charge_uc_per_um2.copy(),
                truth,
                opening.delivered_uc if opening is not None else 0.0,
                log.read_bytes() if log.exists() else b"",
            )
        if not self.moments or not _alike(self.moments[-1], moment):
            self.moments.append(moment)

    def _perform(self, event: FileEvent) -> None:
        self.recording.perform(event)
        self.note()

    def _committed(self, records: tuple[Record, ...]) -> None:
        self.recording.on_commit(records)
        self.note()

    def after(self, index: int) -> list[Moment]:
        """The moments from the event of this index up to just before the next one."""
        there = [m for m in self.moments if m.n_events == index + 1]
        # two events at once have no moment between: nature is as it is after both
        later = (replace(m, n_events=index + 1) for m in self.moments if m.n_events > index)
        return there or [next(later)]


@dataclass
class _WatchedLife(Life):
    """A life of which every deed is filmed just before it is done."""

    film: Film | None = None

    def deed(self) -> None:
        if self.film is not None:
            self.film.note()
        super().deed()


def _alike(one: Moment, other: Moment) -> bool:
    return (one.n_events, one.guard_log, one.nature) == (other.n_events, other.guard_log, other.nature)


def go_on_from(film: Film, moment: Moment, cut: Cut, folder: Path) -> tuple[TinyRun, list[RunEnd]]:
    """Lay out in ``folder`` what the cut leaves, and start the program until the run is finished."""
    run = _laid_out(film, moment, cut, folder)
    ends: list[RunEnd] = []
    while len(ends) < STARTS and RunEnd.FINISHED not in ends:
        with run.start() as program:
            ends.append(program.engine.run())
    return run, ends


def _laid_out(film: Film, moment: Moment, cut: Cut, folder: Path) -> TinyRun:
    old, events = film.run, film.events[: moment.n_events]
    wreck = after_kill(events) if cut is Cut.KILL else after_power_loss(events)
    root = RunFolder(folder / "run")
    root.root.mkdir(parents=True)
    wreck.rebuild(old.plan.folder.root, root.root)
    _write_journal(root, events)
    driver = old.plan.instrument.driver.model_copy(update={"folder": str(folder / "instrument")})
    instrument = old.plan.instrument.model_copy(update={"driver": driver})
    plan = replace(old.plan, folder=root, instrument=instrument)
    plan.instrument_folder.mkdir()
    plan.guard_log.write_bytes(moment.guard_log)
    if cut is Cut.KILL:
        _let_guard_end(plan.guard_log)
    truth = list(moment.truth)
    nature = Nature(old.nature.settings, old.nature.specimen, truth.append, None, moment.nature["now_s"])
    take_up(nature, moment.nature)
    nature.mill.charge_uc_per_um2 = moment.milled.copy()
    return TinyRun(plan, nature, truth, Scores())


def _write_journal(folder: RunFolder, events: list[Event]) -> None:
    """SQLite keeps what it has committed: the journal is rebuilt from the commits among the events."""
    if not folder.journal_file.exists():
        assert not commits(events), "records were committed to a journal that a power loss takes away"
        return
    journal = Journal.open(folder.journal_file)
    for commit in commits(events):
        journal.append(*commit.records)
    journal.close()


def _let_guard_end(path: Path) -> None:
    """A guard outlives its killed program and logs that it blanked."""
    openings = read_openings(path)
    if openings and openings[-1].why is None:
        log = OpeningLog(path)
        log.append(Entered(Entry.CLOSED, openings[-1].pass_id, Why.PIPE_ENDED, open_s=0.0), None)
        log.close()
