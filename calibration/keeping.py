"""The instrument as it was found: remembered before a calibration changes anything, and put back after it.

After a success, and after an operator's pause, everything is put back. After a device failed nothing is
driven and nothing is switched on: the stage stays where it was stopped, until an operator who has looked
says otherwise. What was not put back stays on file beside the instrument, and no run starts before it is;
after a kill the next calibration begins with that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from enum import Enum
from functools import partial

from hardware.errors import Halted, HardwareError, Refused
from hardware.interlocks import pose_deviation
from hardware.types import StagePose
from scopeacq.engine.ways import at_imaging, tolerance_of, xy_um
from scopeacq.manual import Manual
from scopeacq.plan.as_found import ADVICE, NAME, AsFound, left_changed
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.storage.files import FileLayer

LOG = logging.getLogger(__name__)

PUMPED_WITHIN_S = 60.0
"""The gun's gas is; whoever vented the chamber is told before long."""


class Trust(Enum):
    """What may be done to put an instrument back."""

    ALL = "nothing went wrong"
    NO_MOVE = "an operator stopped the stage"
    NO_RISK = "a device failed: nothing is driven, nothing is switched on"


class NotPutBack(HardwareError):
    """Not all of the instrument is as it was found."""

    def __init__(self, troubles: list[str]) -> None:
        said = " ".join(troubles).removesuffix(".")
        super().__init__("instrument", f"not all is as before the calibration: {said}", ADVICE)


class _LeftAlone(Refused):
    """A part is not put back, by choice: no device has failed."""


@contextmanager
def as_found(manual: Manual, kind: CalibrationKind, files: FileLayer) -> Iterator[None]:
    """Whatever is set and driven inside is as it was before, afterwards.

    What a calibration that was killed has left is put back first. Raises ``HardwareError``,
    ``SettingsError``, ``OSError``; ``NotPutBack`` at the end. An error from inside carries what was not put
    back as a note.
    """
    put_back_before(manual, files)
    found = look(manual, kind)
    _keep(manual, found, files)
    try:
        yield
    except Exception as error:
        _put_back_after(error, manual, found, files)
        raise
    put_back(manual, found, files, _trust_unless_stopped(manual))


def look(manual: Manual, kind: CalibrationKind) -> AsFound:
    """How the instrument is now. Raises ``HardwareError``."""
    devices = manual.devices
    optics, beam, detector = devices.column.optics(), devices.column.state(), devices.detector.state()
    return AsFound(
        kind=kind,
        found_at=datetime.now(UTC),
        wd_um=optics.wd_um,
        stig_x=optics.stig_x,
        stig_y=optics.stig_y,
        beam_shift_um=devices.column.beam_shift_um(),
        detector_on=detector.hv_on,
        gain=detector.gain,
        offset=detector.offset,
        valve_open=beam.valve_open,
        eht_on=beam.eht_on,
        **asdict(devices.stage.pose()),
    )


def put_back(manual: Manual, found: AsFound, files: FileLayer, trust: Trust = Trust.ALL) -> None:
    """Put the instrument back, part by part, the electron beam blanked; each in spite of the others.

    Once a device fails, nothing more is switched on.

    Raises ``NotPutBack`` where a part is not as found; that stays on file then. ``OSError``.
    """
    before = manual.begin(threading.Event())  # the operator's pause is no reason to leave it as it is
    try:
        troubles = list(_troubles(manual, found, trust))
    finally:
        manual.begin(before)
    if troubles:
        error = NotPutBack(troubles)
        _keep(manual, found.model_copy(update={"failed": found.failed or error.what}), files)
        raise error
    files.remove(manual.plan.instrument_folder / NAME)


def _troubles(manual: Manual, found: AsFound, trust: Trust) -> Iterator[str]:
    """What could not be put back, a sentence each; nothing is tried unless the beam is blanked."""
    try:
        manual.imager.blank()
    except HardwareError as error:
        yield str(error)
        return
    for part in _PARTS:
        try:
            part(manual, found, trust)
        except _LeftAlone as left:
            yield str(left)
        except HardwareError as error:
            trust = Trust.NO_RISK
            yield str(error)


def put_back_before(manual: Manual, files: FileLayer) -> AsFound | None:
    """Put back what a calibration that was killed has left, if one was; what that was.

    Raises ``Refused`` where it had failed.
    """
    left = left_changed(manual.plan.instrument_folder)
    if left is None:
        return None
    if left.warning:
        LOG.warning(left.warning)
    if left.failed:
        what = f"a calibration ended with an error and left it changed ({left.failed})"
        raise Refused("instrument", what, f"{left.warning} {ADVICE}".strip())
    put_back(manual, left, files)
    return left


def _keep(manual: Manual, found: AsFound, files: FileLayer) -> None:
    text = found.model_dump_json(indent=1)
    files.write_durable(manual.plan.instrument_folder / NAME, text.encode(), replace=True)


def _put_back_after(error: Exception, manual: Manual, found: AsFound, files: FileLayer) -> None:
    """The error is what the operator must see; what came of putting back is told along."""
    trust = _trust_after(error, manual)
    why = {Trust.ALL: "", Trust.NO_MOVE: trust.value, Trust.NO_RISK: str(error)}[trust]
    found = found.model_copy(update={"failed": why})
    # known before anything is tried: after a kill in between, the next calibration must not drive either
    known = [partial(_keep, manual, found, files)] if why else []
    for step in (*known, partial(put_back, manual, found, files, trust)):
        try:
            step()
        except (HardwareError, OSError) as trouble:
            error.add_note(str(trouble))


def _trust_after(error: Exception, manual: Manual) -> Trust:
    if isinstance(error, HardwareError) and not isinstance(error, Halted):
        return Trust.NO_RISK
    return _trust_unless_stopped(manual)


def _trust_unless_stopped(manual: Manual) -> Trust:
    return Trust.NO_MOVE if manual.stage_stopped else Trust.ALL


# -- the parts ---------------------------------------------------------------------------


def _stage(manual: Manual, found: AsFound, trust: Trust) -> None:
    profile = manual.plan.instrument.stage
    tolerance, pose = tolerance_of(profile), manual.devices.stage.pose()
    off = {
        a.name: pose_deviation(a.name, getattr(found.pose, a.name), getattr(pose, a.name))
        for a in fields(StagePose)
    }
    if all(deviation <= getattr(tolerance, axis) for axis, deviation in off.items()):
        return
    if trust is not Trust.ALL:
        raise _LeftAlone("stage", f"it stays where it was stopped, since {trust.value}")
    if not at_imaging(profile, found.pose):
        raise Refused("stage", "it did not stand at the imaging height, and no way is known back")
    manual.go(manual.way_to(*xy_um(found.pose)))


def _optics(manual: Manual, found: AsFound, trust: Trust) -> None:
    if manual.devices.column.optics() != found.optics:
        manual.set_optics(found.optics)


def _beam_shift(manual: Manual, found: AsFound, trust: Trust) -> None:
    if manual.devices.column.beam_shift_um() != found.beam_shift_um:
        manual.set_beam_shift(*found.beam_shift_um)


def _valve(manual: Manual, found: AsFound, trust: Trust) -> None:
    if manual.devices.column.state().valve_open != found.valve_open:
        _may_switch("electron column", "its valve stays shut", found.valve_open, manual, trust)
        manual.set_valve(found.valve_open)


def _eht(manual: Manual, found: AsFound, trust: Trust) -> None:
    if manual.devices.column.state().eht_on != found.eht_on:
        _may_switch("electron column", "its EHT stays off", found.eht_on, manual, trust)
        manual.set_eht(found.eht_on)


def _detector(manual: Manual, found: AsFound, trust: Trust) -> None:
    now = manual.devices.detector.state()
    if now == found.detector:
        return
    if found.detector_on and not now.hv_on:
        _may_switch("detector", "its high voltage stays off", True, manual, trust)
    manual.set_detector(found.detector)


def _may_switch(device: str, otherwise: str, on: bool, manual: Manual, trust: Trust) -> None:
    """Off at any time; on only in vacuum, and not after a device failed."""
    if not on:
        return
    if trust is Trust.NO_RISK:
        raise _LeftAlone(device, f"{otherwise}, since {trust.value}")
    manual.await_vacuum(PUMPED_WITHIN_S)


_PARTS: tuple[Callable[[Manual, AsFound, Trust], None], ...] = (
    _stage,
    _optics,
    _beam_shift,
    _valve,
    _eht,
    _detector,
)
