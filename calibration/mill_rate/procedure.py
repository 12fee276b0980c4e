"""The mill rate as a calibration: look through slices, weigh sections, replace one row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from calibration.bench import Bench
from calibration.figures import Figure
from calibration.mill_rate.drawing import deviation_figure, first_wafer_figure, table_figure, wafer_map
from calibration.mill_rate.rates import Cut, Rate, combined, rate_of, with_row
from calibration.mill_rate.settings import MillRateSettings, StackSettings, cost
from calibration.milled.sections import Broken, Looked, MilledRun, fallen_at, slice_at
from calibration.procedure import Compared, Procedure, Result
from scopeacq.plan.calibrations import CalibratedValue, CalibrationKind, Verdict
from scopeacq.plan.mill_rate import rate_m3_per_c
from scopeacq.plan.settings import SettingsError
from scopeacq.telling.wording import counted

THROUGH = 0.95
"""A section counts where the wafer came through at so much of it."""
LARGEST_UNCERTAINTY = 0.15
"""A rate that is known less well than this share of it is no better than the table."""
DEBRIS = 0.05
"""Where the two rules for the first wafer differ by more, debris lies on it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The sections that count, with their own rates, and what they come to together."""

    broken: tuple[Broken, ...]
    rates: tuple[Rate, ...]
    rate: Rate
    by_source_1e_8_m3_per_c: float

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Of each section from all together, as shares."""
        return np.array([r.rate_1e_8_m3_per_c for r in self.rates]) / self.rate.rate_1e_8_m3_per_c - 1


def measure(bench: Bench, settings: MillRateSettings) -> Result:
    """Read a run's slices. Raises ``Halted``, ``SettingsError``, ``JournalError``, ``StorageError``."""
    run = MilledRun.of(bench.plan, settings.run)
    seen = look_through(bench, run, settings)
    if settings.final_slice is not None:
        seen = (by_eye(run, seen[0], settings.final_slice),)
    counting = [b for b in seen if counts(b)]
    if not counting:
        return Result((), _not_through(seen), (first_wafer_figure(seen),))
    measured = weigh(counting, settings)
    given = settings.irradiation_1e27_ev_per_cm3
    irradiation = run.plan.project.milling.irradiation_1e27_ev_per_cm3 if given is None else given
    return _result(bench, measured, irradiation, skipped=len(seen) - len(counting))


def look_through(bench: Bench, run: MilledRun, settings: StackSettings) -> tuple[Broken, ...]:
    """Every section of the run that can be looked through. Raises ``SettingsError`` where none can."""
    sections = run.sections(settings.sections)
    found: list[Broken] = []
    for number, section in enumerate(sections):
        bench.tell(number / len(sections), f"Looking through section {section.id}")
        look = partial(run.look, section, settings.square_px, settings.dark_below)
        looked = bench.once(f"section {section.id}", Looked, look)
        if looked.broken is not None:
            found.append(looked.broken)
            bench.show("first wafer", first_wafer_figure(found))
    if not found:
        problem = "no section has two slices that show the same place"
        raise SettingsError(run.plan.folder.root, [problem], "Choose a run that was milled through.")
    return tuple(found)


def counts(broken: Broken) -> bool:
    """Whether a section was milled through, and not from the start."""
    return broken.through >= THROUGH and min(broken.fallen.uc_per_um2, broken.by_source_uc_per_um2) > 0


def by_eye(run: MilledRun, broken: Broken, final_slice: int) -> Broken:
    """The same section, milled through behind a slice that somebody chose (counted from 1)."""
    before = run.history.before_slices(final_slice + 2)
    fallen = fallen_at(before, final_slice)
    return replace(
        broken,
        through=1.0,
        mean=float(final_slice),
        sd=0.0,
        fallen=fallen,
        spread_uc_per_um2=0.0,
        slice_uc_per_um2=slice_at(before, final_slice),
        by_source_uc_per_um2=fallen.uc_per_um2,
    )


def weigh(broken: Sequence[Broken], settings: MillRateSettings) -> Measured:
    """The rates of sections and of all together."""
    rates = tuple(rate_of(_cut(b, settings.thickness_sd_nm)) for b in broken)
    by_source = [b.thickness_nm / b.by_source_uc_per_um2 * 1e-7 for b in broken]
    together = combined(rates, settings.common_relative_sd)
    return Measured(tuple(broken), rates, together, float(np.mean(by_source)))


def _cut(broken: Broken, thickness_sd_nm: float) -> Cut:
    return Cut(
        broken.thickness_nm,
        thickness_sd_nm,
        broken.fallen.uc_per_um2,
        broken.fallen.sd_uc_per_um2,
        broken.spread_uc_per_um2,
        broken.slice_uc_per_um2,
    )


def _result(bench: Bench, measured: Measured, irradiation: float, skipped: int) -> Result:
    table = bench.plan.instrument.mill.rates
    rate = measured.rate
    after = with_row(table, irradiation, rate)
    value = CalibratedValue(
        key="mill.rates",
        value=tuple(row.model_dump() for row in after),
        before=tuple(row.model_dump() for row in table),
        sd=rate.sd_1e_8_m3_per_c,
    )
    figures: tuple[Figure, ...] = (_deviations(measured), first_wafer_figure(measured.broken))
    return Result(
        (value,),
        _verdict(measured, irradiation, skipped),
        (*figures, _map(measured), table_figure(table, after)),
        _compared(bench, measured, irradiation),
    )


def _deviations(measured: Measured) -> Figure:
    sds = np.array([r.sd_1e_8_m3_per_c / r.rate_1e_8_m3_per_c for r in measured.rates])
    return deviation_figure(100 * measured.deviations, 100 * sds)


def _map(measured: Measured) -> Figure:
    at_um = np.array([b.at_um for b in measured.broken])
    return wafer_map("Mill rate over the wafer", at_um, 100 * measured.deviations, "rate less the mean [%]")


def _compared(bench: Bench, measured: Measured, irradiation: float) -> tuple[Compared, ...]:
    before = rate_m3_per_c(bench.plan.instrument.mill, irradiation) * 1e8
    rate, sd = measured.rate.rate_1e_8_m3_per_c, measured.rate.sd_1e_8_m3_per_c
    current_na = float(np.mean([b.fallen.mean_current_na for b in measured.broken]))
    cubed = [r * 1e-8 * current_na * 1e-9 * 1e18 for r in (before, rate, sd)]
    slices = ", ".join(f"{b.section}: {b.mean:.1f} \u00b1 {b.sd:.1f}" for b in measured.broken[:8])
    change = f"{100 * (rate / before - 1):+.1f} %"
    return (
        Compared(
            f"rate per current at {irradiation:g} x 10^27 eV/cm^3 [10^-8 m^3/C]",
            f"{before:.3f}",
            f"{rate:.3f} \u00b1 {sd:.3f}",
            change,
        ),
        Compared(
            f"rate at {current_na:.1f} nA [um^3/s]",
            f"{cubed[0]:.0f}",
            f"{cubed[1]:.0f} \u00b1 {cubed[2]:.0f}",
            change,
        ),
        Compared("the same by the last slice with tissue", "", f"{measured.by_source_1e_8_m3_per_c:.3f}"),
        Compared("slices until the wafer shows", "", slices),
    )


def _verdict(measured: Measured, irradiation: float, skipped: int) -> Verdict:
    rate, sd = measured.rate.rate_1e_8_m3_per_c, measured.rate.sd_1e_8_m3_per_c
    said = [
        f"At {irradiation:g} x 10^27 eV/cm^3 the mill rate is {rate:.3f} \u00b1 {sd:.3f} x 10^-8 m^3/C, by "
        f"{counted(len(measured.broken), 'section')}."
    ]
    if skipped:
        said.append(f"{counted(skipped, 'section')} not milled through, and left out.")
    if abs(measured.by_source_1e_8_m3_per_c / rate - 1) > DEBRIS:
        said.append("Bright pixels on wafer that showed before, by debris or noise, were not counted.")
    good = sd <= LARGEST_UNCERTAINTY * rate
    if not good:
        said.append("That is too uncertain: use thinner slices or more sections.")
    return Verdict(good=good, reasons=tuple(said))


def _not_through(seen: Sequence[Broken]) -> Verdict:
    best = max(seen, key=lambda b: b.through)
    return Verdict(
        good=False,
        reasons=(
            f"No section is milled through: of {best.section} {best.through:.0%} shows the wafer, "
            f"{THROUGH:.0%} is needed.",
            "Mill on, or give the last slice by eye where the wafer is not dark.",
        ),
    )


PROCEDURE = Procedure(
    kind=CalibrationKind.MILL_RATE,
    title="Mill rate",
    about="Measures how fast sections are milled, by the slices of a run that went through them. Their "
    "thickness and irradiation are known.",
    settings=MillRateSettings,
    needs=frozenset(),
    cost=cost,
    measure=measure,
)
