"""The window's acquisition on a tiny twin in this process, with its panels; journal commits can be held."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hardware.simulator.faults import FaultScript
from hardware.simulator.specimen import demo_wafer
from scopeacq.conduct import Attendant, Outcome, conduct
from scopeacq.journal.records import Record
from scopeacq.plan.briefing import brief
from scopeacq.plan.preflight import Site
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Fiducial
from scopeacq.session import Session
from tests.scenarios.harness import TinyRun, Waves
from ui.run.acquisition import Acquisition
from ui.run.run_docks import RunPanels

SITE = Site(network_problems=lambda _: [])
"""The networks refuse frames as tiny as these, and nobody asks them."""
LONGEST_HOLD_S = 30.0


@dataclass
class Hold:
    """Keeps the journal's writer, and with it the acquisition, at the first record of a kind."""

    kind: type[Record]
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, records: tuple[Record, ...]) -> None:
        if any(isinstance(record, self.kind) for record in records):
            self.reached.set()
            self.released.wait(LONGEST_HOLD_S)


def tiny_run(
    folder: Path, project: Project | None = None, script: FaultScript | None = None, seed: int = 0
) -> TinyRun:
    """A tiny run that passes pre-flight: one fiducial more than those that are quick to find."""
    specimen = demo_wafer(0, 1, Waves())
    run = TinyRun.make(folder, project, script, seed, specimen=specimen)
    fiducials = tuple(Fiducial(f.id, (f.x_um, f.y_um)) for f in specimen.fiducials)
    run.plan = replace(run.plan, wafer=replace(run.plan.wafer, fiducials=fiducials))
    return run


def conduct_tiny(run: TinyRun, plan: Plan, cycles: int | None, attendant: Attendant) -> Outcome:
    """What every start does, on the tiny twin."""

    @contextmanager
    def opener(_: Plan) -> Iterator[Session]:
        with run.start() as program:
            yield Session(program.rig, program.engine)

    return conduct(plan, cycles, attendant, opener, SITE)


@dataclass
class Bench:
    """An acquisition of a tiny run, and its widgets."""

    run: TinyRun
    acquisition: Acquisition = field(init=False)
    panels: RunPanels = field(init=False)

    def __post_init__(self) -> None:
        self.acquisition = Acquisition(
            lambda plan, cycles, attendant: conduct_tiny(self.run, plan, cycles, attendant),
            lambda plan: brief(plan, SITE),
        )
        self.panels = RunPanels.made_for(self.acquisition)
