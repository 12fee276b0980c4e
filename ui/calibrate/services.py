"""What of the core the page Calibrate calls: tests have their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from calibration.catalogue import procedure_of
from calibration.folders import Sitting, last_unfinished
from calibration.procedure import Procedure, Result
from scopeacq.plan import accepting
from scopeacq.plan.accepting import Changed
from scopeacq.plan.as_found import NAME, AsFound, left_changed
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings
from scopeacq.storage.files import DiskFiles
from ui.hand.works import Teller
from ui.presenters.calibration import Waiting
from ui.run.interpreter import loading

if TYPE_CHECKING:  # brings SQLite, SciPy and the twin, which the first window does without
    from scopeacq.manual import Manual


class Finished(Protocol):
    """A sitting that came to its end."""

    @property
    def result(self) -> Result: ...

    @property
    def profile_file(self) -> Path: ...

    @property
    def report_file(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A procedure with the settings of the sitting that waits to go on, else with the usual ones.

    ``waiting`` is that sitting, with these ``settings``.
    """

    procedure: Procedure[Any]
    settings: Settings
    waiting: Waiting | None = None


class Start(Enum):
    """How one begins: on with what waits, from nothing, or to end what waits with what it has."""

    ON = "on"
    ANEW = "anew"
    END = "end"


Measure = Callable[[Plan, Opened, Start, "Manual | None", Teller], Finished]


@dataclass(frozen=True, slots=True)
class Calibrations:
    """What is done with calibrations; nothing of it on the GUI's thread.

    ``unfinished``: since when sittings wait to go on. ``left``: how the instrument was before what has not
    put it back; ``restore`` does, ``forget`` leaves it as it is. ``open``: what the wizard begins with.
    ``measure``: begin or go on, to the end. ``accept``, ``undo`` and ``adopt`` change the
    instrument's file, also while the instrument is in hand (where True).
    """

    unfinished: Callable[[Plan], Mapping[CalibrationKind, datetime]]
    left: Callable[[Plan], AsFound | None]
    restore: Callable[[AsFound, Manual, Teller], object]
    forget: Callable[[Plan], object]
    open: Callable[[Plan, CalibrationKind], Opened]
    measure: Measure
    accept: Callable[[Plan, Finished, bool], Changed]
    undo: Callable[[Plan, CalibrationKind, bool], Changed]
    adopt: Callable[[Plan, CalibrationKind, bool], Changed]


def _unfinished(plan: Plan) -> dict[CalibrationKind, datetime]:
    found = {kind: last_unfinished(plan.folder, kind) for kind in CalibrationKind}
    return {kind: waits[1].began_at for kind, waits in found.items() if waits is not None}


def opened_with(procedure: Procedure[Any], plan: Plan, kind: CalibrationKind) -> Opened:
    """What the wizard of a procedure begins with."""
    waits = last_unfinished(plan.folder, kind)
    if waits is None:
        return Opened(procedure, procedure.settings())
    sitting = waits[1]
    try:
        settings = procedure.settings.model_validate(sitting.settings)
    except ValidationError:
        why_not = "this version of scopeacq has other settings"
        return Opened(procedure, procedure.settings(), Waiting(sitting.began_at, why_not))
    why_not = sitting.unlike(Sitting.of(plan, procedure, settings))
    return Opened(procedure, settings, Waiting(sitting.began_at, why_not))


def _opened(plan: Plan, kind: CalibrationKind) -> Opened:
    with loading():
        procedure = procedure_of(kind)
    return opened_with(procedure, plan, kind)


def _measured(plan: Plan, opened: Opened, start: Start, manual: Manual | None, tell: Teller) -> Finished:
    with loading():
        from calibration.sitting import calibrate
        from ui.calibrate.heard import Heard
    audience = Heard(tell, manual)
    anew, ends = start is Start.ANEW, start is Start.END
    return calibrate(opened.procedure, opened.settings, plan, audience, manual, anew=anew, ends=ends)


def _left(plan: Plan) -> AsFound | None:
    return left_changed(plan.instrument_folder)


def _restored(left: AsFound, manual: Manual, tell: Teller) -> None:
    with loading():
        from calibration.keeping import put_back
    tell(0.0)
    put_back(manual, left, DiskFiles())


def _forgotten(plan: Plan) -> None:
    DiskFiles().remove(plan.instrument_folder / NAME)


def _accepted(plan: Plan, finished: Finished, in_hand: bool) -> Changed:
    """Its operator has read the verdict."""
    return accepting.accept(plan, finished.profile_file, even_if_bad=True, in_hand=in_hand)


def _undone(plan: Plan, kind: CalibrationKind, in_hand: bool) -> Changed:
    return accepting.undo(plan, kind, in_hand=in_hand)


def _adopted(plan: Plan, kind: CalibrationKind, in_hand: bool) -> Changed:
    return accepting.adopt(plan, kind, in_hand=in_hand)


CALIBRATIONS = Calibrations(
    _unfinished, _left, _restored, _forgotten, _opened, _measured, _accepted, _undone, _adopted
)
