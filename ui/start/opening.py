"""Where a run that is opened comes from. Slow: done on another thread; imports what it needs then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ui.presenters.messages import Message
from ui.presenters.tone import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopeacq.plan.runfolder import Plan
    from ui.presenters.beginnings import TemplateCard


AFTER_NEW = Message(
    Tone.GOOD,
    "The run folder is made, with commented files.",
    "Its plan is to be edited in the views Wafer and Plan; pre-flight says what is missing.",
    "Before a template's run can start, somebody who tested that the ion blanker fails closed sets "
    "fails_closed_confirmed, on the page Instrument of the plan.",
)


def read_plan(root: Path, simulated_only: bool) -> Plan:
    """A run that is there. ``simulated_only``: refuse a real instrument. Raises ``SettingsError``."""
    from scopeacq.plan.runfolder import Plan
    from scopeacq.plan.settings import SettingsError

    plan = Plan.read(root)
    if simulated_only and not plan.instrument.simulated:
        driver = plan.instrument.driver.name
        raise SettingsError(
            plan.folder.instrument_file,
            [f"the run's instrument is {driver!r}, which is real, and --simulate was asked for"],
            "Open it without --simulate, or simulate a prepared wafer.",
        )
    return plan


def new_plan(root: Path, template: str) -> Plan:
    """A run made from the template of this key. Raises ``SettingsError``."""
    from scopeacq.plan.run_templates import template_named

    return template_named(template).write(root)


def templates(recent: Iterable[Path]) -> tuple[TemplateCard, ...]:
    """What a new run can begin with; ``recent``: runs that may be copied."""
    from ui.presenters.beginnings import read_templates

    return read_templates(recent)


def devices_file(plan: Plan | None, home: Path) -> Path:
    """The file of devices of a run's instrument; where it has none, or no run is open, that of the home."""
    from hardware.assembled import DRIVER_NAME, file_of
    from hardware.errors import OutOfRange
    from hardware.instruments_file import FILE_NAME

    if plan is None or plan.instrument.driver.name != DRIVER_NAME:
        return home / "instrument" / FILE_NAME
    try:
        return file_of(plan.instrument.driver.settings, plan.instrument_folder)
    except OutOfRange:  # settings that name no file; pre-flight says so
        return plan.instrument_folder / FILE_NAME


def simulated_plan(parent: Path) -> Plan:
    """A prepared wafer on the physical twin, in ``parent``."""
    from scopeacq.plan.demo import prepared_demo

    return prepared_demo(parent)
