"""One calibration from its begin to its profile: whatever ends it before leaves all as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from calibration.approach import come_to_imaging
from calibration.bench import Audience, Bench, call
from calibration.folders import PROFILE, REPORT, Sitting, begin, last_unfinished
from calibration.keeping import as_found, put_back_before
from calibration.measurements import LOG, Measurements
from calibration.procedure import Need, Procedure, Result, S
from calibration.report import report_html
from scopeacq.burning import Burner
from scopeacq.manual import Manual
from scopeacq.plan.calibrations import Profile
from scopeacq.plan.profiles import value_at
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings, SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import DiskFiles, FileLayer
from scopeacq.storage.locks import OwnerLock


@dataclass(frozen=True, slots=True)
class Finished:
    """What a calibration came to, and where it lies. Nothing goes by it before it is accepted."""

    profile: Profile
    folder: Path
    result: Result

    @property
    def profile_file(self) -> Path:
        return self.folder / PROFILE

    @property
    def report_file(self) -> Path:
        return self.folder / REPORT


def calibrate(
    procedure: Procedure[S],
    settings: S,
    plan: Plan,
    audience: Audience,
    manual: Manual | None = None,
    *,
    anew: bool = False,
    ends: bool = False,
    files: FileLayer | None = None,
) -> Finished:
    """Measure, and write what that came to as a profile; goes on with what was interrupted.

    Args:
        manual: the instrument in hand; procedures that need nothing of it do without.
        anew: begin from nothing, whatever was interrupted.
        ends: end what was interrupted with what it has; of a procedure that ``ends_early``.

    Raises:
        Halted: the operator wants a pause; the same call goes on.
        HardwareError, SettingsError, OSError, Locked: and whatever the procedure raises. The sitting stays
            unfinished. The instrument is as it was, or what is not stands in a note of the error.
    """
    files = files or DiskFiles()
    with _instrument_or_lock(procedure, plan, manual, files):
        if ends:
            _require_begun(procedure, settings, plan)
        folder, sitting = _sitting(procedure, settings, plan, audience, files, anew)
        rng = np.random.default_rng(sitting.seed)
        ions = _burner(procedure, manual, folder)
        bench = Bench(plan, Measurements.read(folder, files), audience, rng, manual, ions, ends)
        with _as_found(procedure, manual, audience, files):
            result = procedure.measure(bench, settings)
        audience.told(1.0, "The instrument is as it was; writing the result")
        profile = _profile(procedure, plan, result, folder)
        text = report_html(procedure, profile, result)
        files.write_durable(folder / REPORT, text.encode(), replace=True)
        files.write_durable(folder / PROFILE, to_toml(profile, procedure.title).encode())
    return Finished(profile, folder, result)


def _instrument_or_lock(
    procedure: Procedure[Any], plan: Plan, manual: Manual | None, files: FileLayer
) -> AbstractContextManager[object]:
    """Whoever has the instrument in hand holds the run already."""
    if manual is not None:
        return nullcontext()
    assert not procedure.needs, "this procedure measures with the instrument"
    return OwnerLock.of_run(plan.folder.root, files)


def _require_begun(procedure: Procedure[Any], settings: Settings, plan: Plan) -> None:
    """Raise ``SettingsError`` unless there is a sitting to be ended."""
    assert procedure.ends_early, "this procedure ends by itself"
    before = last_unfinished(plan.folder, procedure.kind)
    why = "there is none" if before is None else before[1].unlike(Sitting.of(plan, procedure, settings))
    if why:
        place = plan.folder.calibrations / procedure.kind.value
        raise SettingsError(place, [f"nothing that was paused can be ended: {why}"], "Begin it anew.")


def _sitting(
    procedure: Procedure[Any],
    settings: Settings,
    plan: Plan,
    audience: Audience,
    files: FileLayer,
    anew: bool,
) -> tuple[Path, Sitting]:
    """The sitting that was interrupted if it can be gone on with, and a new one otherwise."""
    wanted = Sitting.of(plan, procedure, settings)
    before = None if anew else last_unfinished(plan.folder, procedure.kind)
    if before is not None:
        folder, sitting = before
        reason = sitting.unlike(wanted)
        if not reason:
            audience.told(0.0, f"Going on with what was begun at {_clock(sitting.began_at)}.")
            return folder, sitting
        audience.told(
            0.0, f"Beginning anew: what was begun at {_clock(sitting.began_at)} is left, since {reason}."
        )
    return begin(plan.folder, wanted, files), wanted


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _burner(procedure: Procedure[Any], manual: Manual | None, folder: Path) -> Burner | None:
    """What opens the ion beam, for a procedure that says so and no other."""
    if manual is None or Need.IONS not in procedure.needs:
        return None
    sitting = folder.relative_to(manual.plan.folder.root).as_posix()
    return Burner(manual, manual.microscope, manual.journal, sitting)


@contextmanager
def _as_found(
    procedure: Procedure[Any], manual: Manual | None, audience: Audience, files: FileLayer
) -> Iterator[None]:
    if manual is None or not procedure.needs:
        yield
        return
    left = put_back_before(manual, files)  # a kill beside the ion gun leaves the stage tilted
    if left is not None and left.kind is not procedure.kind and left.warning:
        call(audience, left.warning)
    if Need.STAGE in procedure.needs:
        come_to_imaging(manual, audience)
    with as_found(manual, procedure.kind, files):
        if Need.ELECTRONS in procedure.needs:
            manual.bring_up()
        yield


def _profile(procedure: Procedure[Any], plan: Plan, result: Result, folder: Path) -> Profile:
    assert result.residuals, "a calibration never ends without a figure of its residuals"
    log, instrument = folder / LOG, plan.instrument
    values = (v.model_copy(update={"before": value_at(instrument, v.key)}) for v in result.values)
    return Profile(
        kind=procedure.kind,
        measured_at=datetime.now(UTC).replace(microsecond=0),
        machine=instrument.name,
        software=version("scopeacq"),
        conditions=result.conditions,
        verdict=result.verdict,
        measurements_xxh3=xxhash.xxh3_128_hexdigest(log.read_bytes()) if log.exists() else "",
        values=tuple(values),
        files=result.files,
    )
