"""The irradiation monitor as a calibration: offset, watch, offset, account."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.bench import Bench
from calibration.folders import finished
from calibration.irradiation.dose import Delivered, Floats
from calibration.irradiation.drawing import current_figure, dose_figure, offset_figure
from calibration.irradiation.log import ReadingLog
from calibration.irradiation.settings import IrradiationSettings, cost
from calibration.irradiation.station import METER, SOURCE, Station
from calibration.irradiation.watch import (
    Offset,
    Offsets,
    Phase,
    Standing,
    beam_on,
    charge_of,
    current_ua,
    offset_of,
    standing,
    wrong,
)
from calibration.measurements import ANEW
from calibration.procedure import Compared, Need, Procedure, Result
from hardware.errors import HardwareError, Refused
from scopeacq.plan.calibrations import CalibrationKind, Verdict
from scopeacq.plan.settings import SettingsError

LOG = logging.getLogger(__name__)

NAME = "Electron irradiation"
READINGS = "readings"
SHOWN_EVERY = 5
"""Readings between two pictures."""
LONG_S = 2 * 3600.0
"""From here on the time that is left is told in hours."""
LARGEST_UNCERTAINTY = 0.1
"""A dose that is known less well than this share of it says nothing of the mill rate."""


@dataclass(frozen=True, slots=True)
class Dose:
    """What the sections were given, with standard deviations: kept with the measurements under ``dose``."""

    dose_1e27_ev_per_cm3: float
    sd_1e27_ev_per_cm3: float
    charge_uc: float
    charge_sd_uc: float
    unread_s: float


def measure(bench: Bench, settings: IrradiationSettings) -> Result:
    """Watch until the target is reached, or the operator ends it, and the beam is off.

    Raises ``Halted``, ``HardwareError``, ``OSError``; the next sitting goes on with what was read.
    """
    folder = bench.measurements.folder
    log = ReadingLog.read(folder / READINGS, bench.measurements.files)
    if not len(log) and (before := _left_before(folder)):
        bench.call(
            f"The irradiation {before} was not ended, and what it gave is not counted here: if these are "
            "the same sections, pause and lower the target."
        )
    station = Station.of(bench.manual.devices, settings, log)
    with station.never_unwatched():
        offsets = _begin(bench, station, settings)
        _watch(bench, station, settings, offsets)
        if len(log) > offsets[-1].end:  # nothing was watched since: what was paused ends with the beam off
            offsets = (*offsets, _offset(bench, station, settings, offsets))
    return _result(bench, settings, log, offsets)


def _left_before(folder: Path) -> str:
    """The sitting before that in ``folder``, where it took readings and came to no end; else empty."""
    before = sorted(f for f in folder.parent.iterdir() if f.name < folder.name)[-1:]
    return "".join(f.name for f in before if any(f.glob(f"{READINGS}/*")) and not finished(f))


def _begin(bench: Bench, station: Station, settings: IrradiationSettings) -> Offsets:
    """The offsets that are known; one more wherever the irradiation begins or goes on with the beam off."""
    known: Offsets = ()
    while (offset := bench.measurements.get(_key(known), Offset)) is not None:
        known = (*known, offset)
    if len(station.log) < sum(offset.readings for offset in known):
        raise SettingsError(station.log.folder, ["readings that were taken are not there"], ANEW)
    if known:
        station.take()
        newest = station.log.arrays()[1][-1:]
        if station.reads_on or beam_on(newest, settings, known):
            return known
    return (*known, _offset(bench, station, settings, known))


def _key(known: Offsets) -> str:
    return f"offset {len(known) + 1}"


def _offset(bench: Bench, station: Station, settings: IrradiationSettings, known: Offsets) -> Offset:
    """Take readings with the beam off. Raises ``Refused`` where it is not."""
    station.require_off()
    first, count = len(station.log), settings.offset_readings
    while (taken := len(station.log) - first) < count:
        bench.tell(1.0 if known else 0.0, f"Measuring the offset with the beam off: {taken + 1} of {count}")
        station.take()
    times_s, volts = (column[first:] for column in station.log.arrays())
    try:
        offset = offset_of(times_s, volts, first, settings, known)
    except ValueError as error:
        raise Refused(SOURCE, str(error), "Switch the beam off, and go on.") from error
    return bench.once(_key(known), Offset, lambda: offset)


def _watch(bench: Bench, station: Station, settings: IrradiationSettings, offsets: Offsets) -> None:
    """Take readings until the target is reached and the beam is off."""
    phase = None
    while (so_far := _stand(bench, station, settings, offsets)).phase not in (Phase.DONE, Phase.ENDED):
        if so_far.phase is not phase:
            phase = so_far.phase
            LOG.warning("Irradiation: %s.", phase.value)
            if phase is not Phase.ON:
                bench.call(f"{NAME}: {phase.value}.")
        if phase in (Phase.REACHED, Phase.ENDING):
            _try_to_switch_off(station)
        station.take()


def _try_to_switch_off(station: Station) -> None:
    """Where that fails, the watch goes on: what falls until somebody does it by hand is counted, too."""
    try:
        station.switch_off()
    except HardwareError as error:
        LOG.error("The irradiation beam could not be switched off: %s", error)


def _stand(bench: Bench, station: Station, settings: IrradiationSettings, offsets: Offsets) -> Standing:
    """How it stands, told and shown."""
    times_s, volts = station.log.arrays()
    if problem := wrong(volts, settings, offsets):
        raise Refused(METER, *problem.value)
    so_far = standing(times_s, volts, settings, offsets, ends=bench.ends)
    dose = settings.dose_1e27(so_far.charge.most_uc)
    bench.tell(min(dose / settings.target_1e27_ev_per_cm3, 1.0), _said(so_far, dose, settings))
    if len(times_s) % SHOWN_EVERY == 0:
        bench.show("current", current_figure(times_s, volts, settings, offsets))
        flows_ua = current_ua(times_s, volts, settings, offsets)
        bench.show("dose", dose_figure(times_s, _running_dose(times_s, flows_ua, settings), settings))
    return so_far


def _said(so_far: Standing, dose: float, settings: IrradiationSettings) -> str:
    phase = so_far.phase.value
    how_far = f"{dose:.3f} of {settings.target_1e27_ev_per_cm3:g} x 10^27 eV/cm^3"
    left = f", {_time(so_far.left_s)} to go" if so_far.phase in (Phase.ON, Phase.SOON) else ""
    return f"{phase[0].upper()}{phase[1:]}. {how_far}, {so_far.current_ua:.1f} uA{left}"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < LONG_S else f"{seconds / 3600:.1f} h"


def _running_dose(times_s: Floats, flows_ua: Floats, settings: IrradiationSettings) -> Floats:
    """The dose up to each reading, float64 (n,): trapezoids will do for a picture."""
    steps_uc = np.diff(times_s) * (flows_ua[1:] + flows_ua[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps_uc)]) * settings.dose_1e27(1.0)


def _result(bench: Bench, settings: IrradiationSettings, log: ReadingLog, offsets: Offsets) -> Result:
    times_s, volts = log.arrays()
    flows_ua = current_ua(times_s, volts, settings, offsets)
    charge = charge_of(times_s, flows_ua, settings, offsets)
    dose = bench.once("dose", Dose, lambda: _dose(charge, settings))
    figures = (
        dose_figure(times_s, _running_dose(times_s, flows_ua, settings), settings),
        current_figure(times_s, volts, settings, offsets),
        offset_figure(volts, offsets),
    )
    files = tuple(path.relative_to(bench.measurements.folder).as_posix() for path in log.parts)
    return Result((), _verdict(dose, settings), figures, _compared(bench, settings, dose), files=files)


def _dose(charge: Delivered, settings: IrradiationSettings) -> Dose:
    likeliest_uc = max(charge.likeliest_uc, 0.0)
    dose = settings.dose_1e27(likeliest_uc)
    sd = math.hypot(settings.dose_1e27(charge.sd_uc), dose * settings.scale_sd_percent / 100)
    return Dose(dose, sd, likeliest_uc, charge.sd_uc, sum(gap.to_s - gap.from_s for gap in charge.gaps))


def _compared(bench: Bench, settings: IrradiationSettings, dose: Dose) -> tuple[Compared, ...]:
    """The wafer's dose beside the project's; of sections of another thickness, their own."""
    project = f"{bench.plan.project.milling.irradiation_1e27_ev_per_cm3:g}"
    found, sd = dose.dose_1e27_ev_per_cm3, dose.sd_1e27_ev_per_cm3
    rows = [
        Compared("charge", "", f"{dose.charge_uc:.6g} uC", f"\u00b1 {dose.charge_sd_uc:.2g} uC"),
        Compared("irradiation dose [10^27 eV/cm^3]", project, f"{found:.4g}", f"\u00b1 {sd:.2g}"),
    ]
    for thickness_nm in sorted({s.thickness_nm for s in bench.plan.wafer.sections}):
        if thickness_nm != settings.thickness_nm:
            of_these = found * settings.thickness_nm / thickness_nm
            rows.append(Compared(f"of sections of {thickness_nm:g} nm", project, f"{of_these:.4g}"))
    return tuple(rows)


def _verdict(dose: Dose, settings: IrradiationSettings) -> Verdict:
    found, sd = dose.dose_1e27_ev_per_cm3, dose.sd_1e27_ev_per_cm3
    said = [f"The sections were given {found:.4g} \u00b1 {sd:.2g} x 10^27 eV/cm^3."]
    if found + 2 * sd < settings.target_1e27_ev_per_cm3:
        said.append(f"It was ended before its target of {settings.target_1e27_ev_per_cm3:g}.")
    if dose.unread_s > 0:
        said.append(
            f"Over {dose.unread_s:.0f} s nothing was read: that charge is only known between bounds."
        )
    good = sd < LARGEST_UNCERTAINTY * found
    enter = (
        f"Enter {found:.4g} as the irradiation dose in the view Plan, under Milling, or as "
        "milling.irradiation_1e27_ev_per_cm3 in project.toml: mill rates go by it."
    )
    said.append(enter if good else "That is too uncertain to go by.")
    return Verdict(good=good, reasons=tuple(said))


PROCEDURE = Procedure(
    kind=CalibrationKind.IRRADIATION,
    title=NAME,
    about="Watches the irradiation gun's current and counts the energy it leaves in the sections, up to a "
    "target. The gun is ready and its beam off; preamplifier and multimeter are connected.",
    settings=IrradiationSettings,
    needs=frozenset({Need.METERS}),
    cost=cost,
    measure=measure,
    ends_early=True,
)
