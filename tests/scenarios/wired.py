"""A tiny run on an emulated laboratory: every device behind its own wire, the guard a process of its own.

The session, its engine, guard, journal and store are the real ones; fakes stand for networks only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.emulators.host import Laboratory, emulated
from hardware.microscope import Devices
from hardware.simulator.assembly import local_devices
from hardware.simulator.config import Speeds
from hardware.simulator.nature import Nature
from scopeacq import session
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.journal.journal import Observer
from scopeacq.plan.instrument import DriverSettings
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from scopeacq.session import Session, open_session
from tests.scenarios.harness import NoAberration, Scores, TinyRun

Connect = Callable[[str, Any, Path], Devices]


@contextmanager
def without_networks() -> Iterator[None]:
    """Sessions judge and focus by fakes."""
    with (
        mock.patch.object(session, "load_scorer", lambda _plan: Scores()),
        mock.patch.object(session, "focus_methods", lambda *_: (PairFocus(NoAberration()),)),
    ):
        yield


@dataclass(frozen=True, slots=True)
class WiredRun:
    """A run and the laboratory that it is acquired in."""

    run: TinyRun
    plan: Plan
    laboratory: Laboratory

    @contextmanager
    def session(self, on_commit: Observer | None = None) -> Iterator[Session]:
        """The program, connected by ``instruments.toml``."""
        with without_networks(), open_session(self.plan, on_commit=on_commit) as opened:
            yield opened


def wired_run(folder: Path, project: Project | None = None, n_sections: int = 1) -> TinyRun:
    """A new run on a tiny twin whose stage takes its time: a real one never arrives at once."""
    run = TinyRun.make(folder, project, n_sections=n_sections)
    settings = run.nature.settings
    stage = settings.stage.model_copy(update={"speeds": Speeds(), "settling_s": 0.2})
    settings = settings.model_copy(update={"stage": stage})
    return replace(run, nature=Nature(settings, run.nature.specimen, run.truth.append))


@contextmanager
def on_the_wire(run: TinyRun) -> Iterator[WiredRun]:
    """The laboratory of a run that was just made, as long as it is open."""
    driver = DriverSettings(name="assembled", folder=str(run.plan.instrument_folder))
    plan = replace(run.plan, instrument=run.plan.instrument.model_copy(update={"driver": driver}))
    with emulated(run.nature, plan.instrument_folder) as laboratory:
        yield WiredRun(run, plan, laboratory)


@contextmanager
def in_process(run: TinyRun) -> Iterator[Session]:
    """The program on the twin itself: no wire but that of the guard."""

    def connect(_driver: str, _settings: Any, _folder: Path) -> Devices:
        return local_devices(run.nature)

    with (
        mock.patch("hardware.microscope.connect_devices", connect),
        without_networks(),
        open_session(run.plan) as opened,
    ):
        yield opened
