"""The stigmators' frame, how they move the image, and the angle of the beam: measured at one place."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calibration.bench import Bench
from calibration.procedure import Cost, Need, Procedure, Result
from calibration.stigmators.outcome import outcome
from calibration.stigmators.pairs import CannotMeasure, Sights, Station, go_to_place, sights_plot
from calibration.stigmators.search import find_centre
from calibration.stigmators.series import STAR, WD_STEPS, measure_series
from calibration.watching import WHERE
from scopeacq.plan.bounds import Positive
from scopeacq.plan.calibrations import CalibrationKind, Verdict
from scopeacq.plan.project import FocusSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings

USUAL_SEARCH_PAIRS = 7
PACE_S = 2.0
"""What a pair takes beside its dwell time: lens, fly-back, and reading it a few times."""


class StigmatorSettings(Settings):
    """Where and how the stigmators are tried out."""

    section: str = Field("", description=WHERE)
    scan_rot_deg: Annotated[float, Field(ge=-360, le=360)] = Field(
        0.0, title="Scan rotation", description="Of the images; the result holds for any."
    )
    offset_um: Annotated[float, Field(ge=1, le=20)] = Field(
        10.0,
        title="Size of offsets",
        description="Astigmatism that the stigmators are to give; twice the perturbation of focus is best.",
    )
    dwell_ns: Positive = Field(200.0, title="Dwell time", description="Of the images.")


def measure(bench: Bench, settings: StigmatorSettings) -> Result:
    """See :data:`PROCEDURE`. Raises ``HardwareError``, ``Halted``, ``SettingsError``."""
    sights: Sights = {}
    try:
        focus = _focus(bench.plan, settings)
        place = go_to_place(bench, settings.section, focus.frame(settings.scan_rot_deg))
        station = Station.at_place(bench, focus, settings.scan_rot_deg, sights)
        centre = find_centre(station, place.optics, settings.offset_um)
        measured = measure_series(station, centre, settings.offset_um)
    except CannotMeasure as why:
        return Result((), Verdict(good=False, reasons=(str(why),)), (sights_plot(sights),))
    return outcome(measured, bench.plan.instrument.electron)


def _focus(plan: Plan, settings: StigmatorSettings) -> FocusSettings:
    return plan.project.focus.model_copy(update={"dwell_ns": settings.dwell_ns})


def cost(plan: Plan, settings: StigmatorSettings) -> Cost:
    """All frames are taken at one place."""
    frame = _focus(plan, settings).frame(settings.scan_rot_deg)
    pairs = len(STAR) + len(WD_STEPS) + USUAL_SEARCH_PAIRS
    dose = frame.electron_dose_per_nm2(plan.instrument.electron.probe_current_na)
    return Cost(
        duration_s=pairs * (2 * frame.duration_s + PACE_S),
        frames=2 * pairs + 1,
        electron_dose_per_nm2=(2 * pairs + 1) * dose,
        said=("All images are taken at one place: choose one that may get this dose.",),
    )


PROCEDURE = Procedure(
    CalibrationKind.STIGMATORS,
    "Stigmators",
    "Finds how strongly and along what axes both stigmators act, how far they move the image, and the "
    "convergence angle, from pairs of images at offsets of the optics. "
    "Before: stand on tissue that is rich in structure, within some 20 um of focus.",
    StigmatorSettings,
    frozenset({Need.ELECTRONS, Need.STAGE}),
    cost,
    measure,
)
