"""What the irradiation monitor shows."""

from __future__ import annotations

import math

import numpy as np

from calibration.figures import Figure, Plot
from calibration.irradiation.dose import Floats
from calibration.irradiation.settings import IrradiationSettings
from calibration.irradiation.watch import Offsets, current_ua
from scopeacq.telling.svg import Axes, Mark, Series

MOST_POINTS = 400
"""More would not be told apart on a screen."""


def current_figure(
    times_s: Floats, volts: Floats, settings: IrradiationSettings, offsets: Offsets
) -> Figure:
    """The beam's current over time."""
    series = _series("beam current", times_s, current_ua(times_s, volts, settings, offsets), 0)
    return Plot("Beam current", (series,), Axes("time [min]", "current [uA]"))


def dose_figure(times_s: Floats, dose_1e27: Floats, settings: IrradiationSettings) -> Figure:
    """The irradiation dose over time, with the target as a line."""
    series = _series("irradiation dose", times_s, dose_1e27, 1, Mark.LINE)
    target = settings.target_1e27_ev_per_cm3
    axes = Axes("time [min]", "irradiation dose [10^27 eV/cm^3]", target, f"target {target:g}")
    return Plot("Irradiation dose", (series,), axes)


def offset_figure(volts: Floats, offsets: Offsets) -> Figure:
    """Readings with the beam off, each less the offset that they gave: first, on going on, at the end."""
    series = []
    for colour, offset in enumerate(offsets):
        readings_mv = 1e3 * (volts[offset.first : offset.first + offset.readings] - offset.volts)
        name = f"offset {1e3 * offset.volts:.2f} mV"
        series.append(Series(name, tuple(enumerate(readings_mv.tolist())), Mark.DOTS, colour))
    return Plot(
        "Residuals of the offset, with the beam off", tuple(series), Axes("reading", "voltage [mV]")
    )


def _series(label: str, times_s: Floats, values: Floats, colour: int, mark: Mark = Mark.DOTS) -> Series:
    minutes = (times_s - times_s[0]) / 60 if len(times_s) else times_s
    kept = np.s_[:: max(math.ceil(len(minutes) / MOST_POINTS), 1)]
    return Series(
        label, tuple(zip(minutes[kept].tolist(), values[kept].tolist(), strict=True)), mark, colour
    )
