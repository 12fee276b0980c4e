"""Evenness as a calibration: look through slices, fit how speeds change over the wafer, advise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field
from shapely.geometry import MultiPoint

from calibration.bench import Bench
from calibration.evenness.tilt import (
    ONE_SIDED,
    Floats,
    Tilt,
    across,
    ahead,
    fit_tilt,
    gradient_along_beam_per_um,
    mean_direction,
)
from calibration.figures import Figure, Plot
from calibration.mill_rate.drawing import wafer_map
from calibration.mill_rate.procedure import counts, look_through
from calibration.mill_rate.rates import UNIFORM_SD
from calibration.mill_rate.settings import StackSettings, cost
from calibration.milled.sections import Broken, MilledRun
from calibration.procedure import Compared, Procedure, Result
from scopeacq.plan.bounds import Positive
from scopeacq.plan.calibrations import CalibrationKind, Verdict
from scopeacq.plan.mill_rate import evenly_milled
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.telling.svg import Axes, Mark, Series
from scopeacq.telling.wording import counted

MOST_VPP, STEP_VPP = 20.0, 0.1


class EvennessSettings(StackSettings):
    """What may remain uneven."""

    allowed_percent: Positive = Field(
        5.0,
        title="Allowed unevenness",
        description="Of the depth between the sections that are milled fastest and slowest.",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Evenness:
    """How evenly sections were milled. Shares of the mean, places (n, 2) in um of the stage frame.

    ``direction``: mean of the beam's directions by charge. ``noise``: standard deviation of a section's
    speed that the thickness of slices and pixels alone explain.
    """

    sections: tuple[Broken, ...]
    at_um: Floats
    speeds: Floats
    tilt: Tilt
    direction: Floats
    noise: float

    @property
    def one_azimuth(self) -> float | None:
        """From one side of the sections to the other along the beam, by one azimuth alone."""
        per_um = gradient_along_beam_per_um(self.tilt, self.direction)
        return None if per_um is None else abs(per_um) * across(self.at_um)

    @property
    def tilted(self) -> float:
        """From the slowest side of the sections to the fastest one."""
        return self.tilt.peak_to_peak(self.at_um)

    @property
    def rest(self) -> float:
        """Standard deviation of what is neither tilt nor noise."""
        return math.sqrt(max(self.tilt.rest_sd**2 - self.noise**2, 0.0))


def measure(bench: Bench, settings: EvennessSettings) -> Result:
    """Read a run's slices. Raises ``Halted``, ``SettingsError``, ``JournalError``, ``StorageError``."""
    run = MilledRun.of(bench.plan, settings.run)
    seen = look_through(bench, run, settings)
    through = [b for b in seen if counts(b)]
    try:
        found = evenness(run, through)
    except ValueError as error:
        advice = "Mill more sections through that lie far apart, and measure again."
        raise SettingsError(run.plan.folder.root, [str(error)], advice) from error
    figures = (_along_figure(found), _map_figure(found), _rest_figure(found))
    return Result((), _verdict(found, run.plan, settings), figures, _compared(found, run.plan))


def evenness(run: MilledRun, sections: Sequence[Broken]) -> Evenness:
    """Raises ``ValueError`` where sections are too few or lie on a line."""
    mount = run.plan.wafer.mount
    at_um = np.array([mount.apply(b.at_um) for b in sections], np.float64).reshape(-1, 2)
    rates = np.array([b.thickness_nm / b.fallen.uc_per_um2 for b in sections])
    speeds = rates / rates.mean()
    tilt = fit_tilt(at_um, speeds)
    last = math.ceil(max(b.mean for b in sections))
    direction = mean_direction(run.history.by_azimuth(last))
    noises = [
        math.hypot(UNIFORM_SD * b.slice_uc_per_um2, b.spread_uc_per_um2) / b.fallen.uc_per_um2
        for b in sections
    ]
    return Evenness(
        tuple(sections), at_um, speeds, tilt, direction, float(np.sqrt(np.mean(np.square(noises))))
    )


def _compared(found: Evenness, plan: Plan) -> tuple[Compared, ...]:
    one, planned = found.one_azimuth, _by_plan(found, plan)
    spread = f"{100 * float(found.speeds.std(ddof=1)):.1f} %"
    return (
        Compared("spread of the mill rate over the sections (sd)", "", spread),
        Compared("tilt over the sections, as milled", "", f"{100 * found.tilted:.1f} %"),
        Compared("tilt by one azimuth alone", "", _percent(one)),
        Compared("tilt by the azimuths of the plan", "", _percent(planned)),
        Compared("what is neither tilt nor slice thickness (sd)", "", f"{100 * found.rest:.1f} %"),
    )


def _by_plan(found: Evenness, plan: Plan) -> float | None:
    """What the project's azimuths would leave of the tilt of one."""
    one, azimuths = found.one_azimuth, plan.project.milling.azimuths_deg
    return (
        None if one is None else one * float(np.linalg.norm(mean_direction(dict.fromkeys(azimuths, 1.0))))
    )


def _percent(share: float | None) -> str:
    return "not seen: the azimuths evened it out" if share is None else f"{100 * share:.1f} %"


def _verdict(found: Evenness, plan: Plan, settings: EvennessSettings) -> Verdict:
    allowed = settings.allowed_percent / 100
    good = found.tilted <= allowed and 2 * found.rest <= allowed
    depth = f"over {counted(len(found.sections), 'section')} the mill rate is tilted by"
    said = [
        f"{depth[0].upper()}{depth[1:]} {100 * found.tilted:.1f} %, {settings.allowed_percent:g} % is fine."
    ]
    return Verdict(good=good, reasons=(*said, *_advice(found, plan, allowed)))


def _advice(found: Evenness, plan: Plan, allowed: float) -> Iterator[str]:
    one_sided = float(np.linalg.norm(found.direction)) > ONE_SIDED
    if found.tilted > allowed and one_sided:
        yield "The ions came from one side: spread milling.azimuths_deg evenly around."
    if found.tilted > allowed and not one_sided:
        yield "The azimuths do not even it out: calibrate the mill pose, so that the beam meets the middle."
    if 2 * found.rest > allowed:
        yield "Single sections differ by more than a tilt: compare their thickness and irradiation."
    yield from _raster_advice(plan)


def _raster_advice(plan: Plan) -> Iterator[str]:
    """Whether the raster of the plan covers every section from all azimuths, and which would."""
    mill, milling, mount = plan.instrument.mill, plan.project.milling, plan.wafer.mount
    corners = [mount.apply(p) for section in plan.wafer.sections for p in section.outline_um]
    hull = MultiPoint(corners).convex_hull
    if evenly_milled(mill, milling).covers(hull):
        return
    for vpp in np.arange(milling.raster_vpp, MOST_VPP + STEP_VPP, STEP_VPP).round(2):
        wider = milling.model_copy(update={"raster_vpp": min(float(vpp), MOST_VPP)})
        if evenly_milled(mill, wider).covers(hull):
            yield f"The raster misses sections: set milling.raster_vpp to {wider.raster_vpp:g}."
            return
    yield "No raster covers every section evenly: leave out those farthest from the middle."


def _map_figure(found: Evenness) -> Figure:
    at_um = np.array([b.at_um for b in found.sections])
    deviations = 100 * (found.speeds - 1)
    return wafer_map("Depth over the wafer", at_um, deviations, "milled more than the mean [%]")


def _along_figure(found: Evenness) -> Figure:
    """Speeds along the direction in which they change most, with the tilt."""
    along_um, (x, y) = ahead(found.at_um, found.tilt)
    steepest = float(np.linalg.norm(found.tilt.gradient_per_um))
    ends = (float(along_um.min()), float(along_um.max()))
    dots = tuple(zip((1e-3 * along_um).tolist(), (100 * (found.speeds - 1)).tolist(), strict=True))
    line = tuple((1e-3 * at, 100 * steepest * at) for at in ends)
    heading = math.degrees(math.atan2(y, x))
    axes = Axes(f"place along {heading:.0f} degrees of the stage [mm]", "milled more than the mean [%]")
    return Plot(
        "Tilt of the mill rate", (Series("sections", dots), Series("tilt", line, Mark.LINE, 1)), axes
    )


def _rest_figure(found: Evenness) -> Figure:
    dots = tuple((float(n + 1), 100 * float(rest)) for n, rest in enumerate(found.tilt.rest))
    axes = Axes("section, by number", "rate less the tilt [%]", 0.0)
    return Plot("Residuals of the tilt", (Series("sections", dots),), axes)


PROCEDURE = Procedure(
    kind=CalibrationKind.EVENNESS,
    title="Evenness of milling",
    about="Measures how evenly the wafer is milled, by the slices of a run that went through its sections, "
    "and what the azimuths make of it. The sections are alike in irradiation.",
    settings=EvennessSettings,
    needs=frozenset(),
    cost=cost,
    measure=measure,
)
