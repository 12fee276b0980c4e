"""Where a run that is opened comes from. Slow: done on another thread; imports what it needs then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ui.presenters.messages import Message
from ui.presenters.tone import Tone

if TYPE_CHECKING:
    from scopeacq.runfolder import Plan


AFTER_NEW = Message(
    Tone.GOOD,
    "The run folder is made, with commented example files.",
    "It holds the demo's wafer on the physical twin, to practise with and to edit.",
    "Before it can run, somebody who tested that the ion blanker fails closed sets "
    "fails_closed_confirmed = true in instrument.toml.",
)


def read_plan(root: Path, simulated_only: bool) -> Plan:
    """A run that is there. ``simulated_only``: refuse a real instrument. Raises ``SettingsError``."""
    from scopeacq.runfolder import Plan
    from scopeacq.settings import SettingsError

    plan = Plan.read(root)
    if simulated_only and not plan.instrument.simulated:
        driver = plan.instrument.driver.name
        raise SettingsError(
            plan.folder.instrument_file,
            [f"the run's instrument is {driver!r}, which is real, and --simulate was asked for"],
            "Open it without --simulate, or simulate a prepared wafer.",
        )
    return plan


def new_plan(root: Path) -> Plan:
    """A run made from the template. Raises ``SettingsError``."""
    from scopeacq.demo import example
    from scopeacq.new_run import write_run

    return write_run(root, *example(root.stem))


def simulated_plan(parent: Path) -> Plan:
    """A prepared wafer on the physical twin, in ``parent``."""
    from scopeacq.demo import prepared_demo

    return prepared_demo(parent)
