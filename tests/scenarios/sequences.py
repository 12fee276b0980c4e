"""Random troubles: faults of all devices, kills, silences, a full disk, an operator's requests."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np

from hardware.errors import HardwareError
from hardware.simulator.faults import FaultScript
from scopeacq.engine import engine
from scopeacq.engine.wishes import leave_wish
from scopeacq.journal.journal import JournalError
from scopeacq.journal.records import RunEnd, RunRequest, Wish, WishKind
from scopeacq.storage.storage import StorageError
from scopeacq.telling.standing import read_standing
from tests.scenarios.harness import Scores, Started, TinyRun, tiny_project
from tests.scenarios.life import Killed, Life
from tests.scenarios.promises import broken_promises, planes_not_safe

TYPED = (HardwareError, JournalError, StorageError, OSError)
"""What a run may raise: each is one sentence for an operator."""

STARTS, REPAIRED_FROM = 9, 4
LONGEST_START_S = 15.0
DEEDS = 1500
"""What a run without trouble does, about."""

WISHES = tuple(WishKind)
ASKED = tuple(r for r in RunRequest if r is not RunRequest.RESUME)


class Hang(BaseException):
    """A start did not come to an end."""


@dataclass
class Outcome:
    """How a sequence went. ``broken``: a sentence for each promise that was not kept."""

    seed: int
    ends: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    openings: int = 0
    kills: int = 0


def run_sequence(seed: int, folder: Path) -> Outcome:
    """Start, and start again until the run is finished; after some starts all is repaired."""
    rng = np.random.default_rng([seed, 77])
    outcome, run = Outcome(seed), _troubled_run(rng, folder, seed)
    run.before_opening = lambda: outcome.broken.extend(planes_not_safe(run))
    with mock.patch.object(engine, "AWAIT_S", 0.05):
        for n in range(STARTS):
            if n >= REPAIRED_FROM:
                take_all_in(run)
            if n == REPAIRED_FROM:
                run.repair()
                run.scorer = Scores()
            outcome.ends.append(_start(run, outcome, rng, troubled=n < REPAIRED_FROM))
            if outcome.ends[-1] == RunEnd.FINISHED.value:
                break
        else:
            outcome.broken.append(f"Not finished: {run.records()[-1]}.")
    outcome.openings = len(run.line_openings)
    outcome.broken += broken_promises(run)
    return outcome


def take_all_in(run: TinyRun) -> None:
    """Image after all what an operator has left out; refused where nothing was."""
    if run.plan.folder.journal_file.exists():
        progress = read_standing(run.plan)
        for section in run.plan.wafer.sections:
            leave_wish(run.plan, Wish(WishKind.TAKE_IN, progress.cycle, section.id))


def _troubled_run(rng: np.random.Generator, folder: Path, seed: int) -> TinyRun:
    max_calls = int(np.exp(rng.uniform(np.log(30), np.log(1000))))
    script = FaultScript.random(rng, max_calls=max_calls)
    project = tiny_project(tiles=int(rng.integers(1, 3)))
    run = TinyRun.make(folder, project, script, seed, n_sections=int(rng.choice([1, 1, 2])))
    run.scorer = Scores(*rng.choice([0.5, 3.0], p=[0.8, 0.2], size=4))
    return run


def _start(run: TinyRun, outcome: Outcome, rng: np.random.Generator, *, troubled: bool) -> str:
    life = Life()
    try:
        with _no_hang(), run.start(life) as program:
            if troubled:
                _trouble(run, program, rng)
            return program.engine.run().value
    except Killed:
        outcome.kills += 1
        return "killed"
    except TYPED as error:
        return f"{type(error).__name__}: {error}"
    except Hang:
        outcome.broken.append("A start hung.")
        return "hung"
    except Exception as error:
        outcome.broken.append(f"A bare {error!r}.")
        return repr(error)


def _trouble(run: TinyRun, program: Started, rng: np.random.Generator) -> None:
    """What will happen to this program, and at which of its deeds."""
    life = program.life
    if rng.random() < 0.4:
        life.dies_at = int(rng.integers(1, DEEDS))
    for _ in range(rng.integers(0, 3)):
        life.happenings[int(rng.integers(1, DEEDS))] = _happening(run, program, rng)


def _happening(run: TinyRun, program: Started, rng: np.random.Generator) -> Callable[[], None]:
    def freeze_clock() -> None:
        program.link.frozen_sleeps = 30

    request = ASKED[rng.integers(len(ASKED))]
    kind, cycle = WISHES[rng.integers(len(WISHES))], program.rig.progress.cycle
    section = str(rng.choice(program.rig.progress.order))
    wish = Wish(kind, cycle, section, 0 if kind is WishKind.RETAKE else None)
    refusals = int(rng.integers(1, 6))
    choices: tuple[Callable[[], None], ...] = (
        lambda: program.engine.request(request),
        lambda: program.engine.wish(wish),
        lambda: run.disk.fill(refusals),
        lambda: program.wire.silence(3.0),
        freeze_clock,
    )
    return choices[rng.integers(len(choices))]


@contextmanager
def _no_hang() -> Iterator[None]:
    """Raises ``Hang`` when what is inside takes too long, where the system has such a timer."""

    def stop(*_: object) -> None:
        raise Hang

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_START_S, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
