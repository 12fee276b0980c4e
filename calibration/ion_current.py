"""The current of the ion beam, by the Faraday cup behind its blanker: mean, noise and drift.

Both beams are blanked and read back as blanked before the first reading and before each further one, so
that no ion reaches the wafer and no electron falsifies the current.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from calibration.bench import Bench
from calibration.figures import Plot
from calibration.procedure import Compared, Cost, Need, Procedure, Result
from hardware.errors import Interlocked
from hardware.types import Blanker, CurrentReading
from scopeacq.manual import Manual
from scopeacq.plan.bounds import NonNegative, Positive
from scopeacq.plan.calibrations import CalibratedValue, CalibrationKind, Verdict
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings
from scopeacq.telling.svg import Axes, Mark, Series

Floats = NDArray[np.float64]

METER_S = 1.0
"""What a reading of a Faraday cup takes, for the estimate of time."""


class IonCurrentSettings(Settings):
    """How often the cup is read, and what is allowed."""

    readings: Annotated[int, Field(ge=5, le=10_000)] = Field(30, description="Of the Faraday cup.")
    interval_s: NonNegative = Field(5.0, title="Interval", description="Between two readings.")
    noise_max_percent: Positive = Field(
        3.0, title="Largest scatter", description="Of single readings about their trend."
    )
    drift_max_percent_per_h: Positive = Field(
        10.0, title="Largest drift", description="A gun that drifts faster is not warm yet."
    )


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through readings: the mean with its uncertainty, the drift with its own.

    ``noise_na``: standard deviation of one reading about the line.
    """

    mean_na: float
    mean_sd_na: float
    noise_na: float
    drift_na_per_h: float
    drift_sd_na_per_h: float
    middle_s: float

    def at(self, times_s: Floats) -> Floats:
        """The line [nA] at some times, float64 (n,)."""
        return self.mean_na + self.drift_na_per_h * (times_s - self.middle_s) / 3600

    @property
    def drifts(self) -> bool:
        """Whether the drift is more than what noise makes of a current that does not drift."""
        return abs(self.drift_na_per_h) > 3 * self.drift_sd_na_per_h


def fit_trend(times_s: Floats, currents_na: Floats) -> Trend:
    """Least squares over readings, float64 (n,). Raises ``ValueError`` for fewer than three times."""
    count = len(times_s)
    if count < 3 or np.ptp(times_s) == 0:
        raise ValueError("a trend needs three readings at different times")
    middle_s = float(times_s.mean())
    hours = (times_s - middle_s) / 3600
    spread = float((hours**2).sum())
    slope = float((hours * currents_na).sum()) / spread
    rest = currents_na - currents_na.mean() - slope * hours
    noise = math.sqrt(float((rest**2).sum()) / (count - 2))
    return Trend(
        float(currents_na.mean()),
        noise / math.sqrt(count),
        noise,
        slope,
        noise / math.sqrt(spread),
        middle_s,
    )


def cost(plan: Plan, settings: IonCurrentSettings) -> Cost:
    """The readings; nothing reaches the wafer."""
    said = ("Both beams stay blanked; no image is taken and nothing is moved.",)
    return Cost(settings.readings * (settings.interval_s + METER_S), said=said)


def measure(bench: Bench, settings: IonCurrentSettings) -> Result:
    """Read the cup. Raises ``Halted``, ``Interlocked``, and what the meter raises."""
    readings = []
    for number in range(settings.readings):
        bench.tell(number / settings.readings, f"Reading {number + 1} of {settings.readings}")
        readings.append(
            bench.once(
                f"reading {number}", CurrentReading, lambda: _read(bench.manual, settings.interval_s)
            )
        )
        if number >= 1:
            bench.show("current", _current_figure(*_arrays(readings)))
    times_s, currents_na = _arrays(readings)
    trend = fit_trend(times_s, currents_na)
    profile = bench.plan.instrument.mill
    value = CalibratedValue(
        key="mill.ion_current_na",
        value=round(trend.mean_na, 4),
        before=profile.ion_current_na,
        sd=trend.mean_sd_na,
    )
    residuals = _residual_figure(times_s, currents_na - trend.at(times_s))
    figures = (residuals, _current_figure(times_s, currents_na, trend))
    allowed = profile.interlocks.current_na
    return Result((value,), _verdict(trend, settings, allowed), figures, _compared(bench.plan, trend))


def _read(manual: Manual, wait_s: float) -> CurrentReading:
    manual.devices.clock.sleep(wait_s)
    _require_blanked(manual)
    return manual.devices.ion_current.measure()


def _require_blanked(manual: Manual) -> None:
    """Blank the electrons, and raise ``Interlocked`` unless both beams read back as blanked."""
    manual.imager.blank()
    reasons = []
    if not manual.devices.column.state().blanked:
        reasons.append("The electron beam does not read back as blanked")
    if manual.ions() is not Blanker.BLANKED:
        reasons.append("The ion beam does not read back as blanked: press gun off")
    if reasons:
        raise Interlocked("ion current meter", reasons)


def _arrays(readings: list[CurrentReading]) -> tuple[Floats, Floats]:
    pairs = np.array([(r.at_s, r.current_na) for r in readings], np.float64)
    return pairs[:, 0], pairs[:, 1]


def _verdict(trend: Trend, settings: IonCurrentSettings, allowed_na: tuple[float, float]) -> Verdict:
    wrong = []
    if not allowed_na[0] <= trend.mean_na <= allowed_na[1]:
        wrong.append(
            f"The current of {trend.mean_na:.2f} nA lies outside its interlock limits of {allowed_na[0]:g} "
            f"to {allowed_na[1]:g} nA: tune the gun."
        )
    per_cent = 100 / max(abs(trend.mean_na), 1e-9)
    if trend.noise_na * per_cent > settings.noise_max_percent:
        wrong.append(
            f"Readings scatter by {trend.noise_na * per_cent:.1f} %: look at the cup and its cable."
        )
    if trend.drifts and abs(trend.drift_na_per_h) * per_cent > settings.drift_max_percent_per_h:
        wrong.append(
            f"The current drifts by {trend.drift_na_per_h * per_cent:+.1f} % per hour: let the gun warm up."
        )
    good = f"The current is {trend.mean_na:.2f} nA, known to {trend.mean_sd_na:.2f} nA."
    return Verdict(good=not wrong, reasons=tuple(wrong) or (good,))


def _compared(plan: Plan, trend: Trend) -> tuple[Compared, ...]:
    before_na = plan.instrument.mill.ion_current_na
    change = f"{100 * (trend.mean_na / before_na - 1):+.1f} %"
    drift = f"{trend.drift_na_per_h:+.2f} \u00b1 {trend.drift_sd_na_per_h:.2f} nA/h"
    return (
        Compared("ion current", f"{before_na:.2f} nA", f"{trend.mean_na:.2f} nA", change),
        Compared("scatter of one reading", "", f"{trend.noise_na:.2f} nA"),
        Compared("drift", "", drift),
    )


def _current_figure(times_s: Floats, currents_na: Floats, trend: Trend | None = None) -> Plot:
    minutes = (times_s - times_s[0]) / 60
    series = [Series("readings", _points(minutes, currents_na))]
    if trend is not None:
        series.append(Series("trend", _points(minutes, trend.at(times_s)), Mark.LINE, 1))
    return Plot("Ion current", tuple(series), Axes("time [min]", "ion current [nA]"))


def _residual_figure(times_s: Floats, rest_na: Floats) -> Plot:
    series = Series("readings less trend", _points((times_s - times_s[0]) / 60, rest_na))
    return Plot(
        "Residuals of the ion current", (series,), Axes("time [min]", "current less trend [nA]", 0.0)
    )


def _points(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


PROCEDURE = Procedure(
    kind=CalibrationKind.ION_CURRENT,
    title="Ion current",
    about="Reads the ion beam's current by the Faraday cup, again and again, with both beams blanked. "
    "The gun is up and warm before.",
    settings=IonCurrentSettings,
    needs=frozenset({Need.METERS}),
    cost=cost,
    measure=measure,
)
