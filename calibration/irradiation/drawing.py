"""What the irradiation monitor shows."""

from __future__ import annotations

import math

import numpy as np

from calibration.figures import Figure, Plot
from calibration.irradiation.dose import Floats
from calibration.irradiation.settings import IrradiationSettings
from calibration.irradiation.watch import Offset, current_ua
from scopeacq.telling.svg import Axes, Mark, Series

MOST_POINTS = 400
"""More would not be told apart on a screen."""


def current_figure(
    times_s: Floats,
    volts: Floats,
    settings: IrradiationSettings,
    before: Offset,
    after: Offset | None = None,
) -> Figure:
    """The beam's current over time."""
    flows_ua = current_ua(times_s, volts, settings, before, after)
    series = _series("beam current", times_s, flows_ua, 0)
    return Plot("Beam current", (series,), Axes("time [min]", "current [uA]"))


def dose_figure(times_s: Floats, dose_1e27: Floats, settings: IrradiationSettings) -> Figure:
    """The irradiation dose over time, with the target as a line."""
    series = _series("irradiation dose", times_s, dose_1e27, 1, Mark.LINE)
    target = settings.target_1e27_ev_per_cm3
    axes = Axes("time [min]", "irradiation dose [10^27 eV/cm^3]", target, f"target {target:g}")
    return Plot("Irradiation dose", (series,), axes)


def offset_figure(times_s: Floats, volts: Floats, offsets: tuple[Offset, Offset]) -> Figure:
    """What is left of readings with the beam off, before and after, less the offset that was taken off."""
    middles_s, means_v = [o.at_s for o in offsets], [o.volts for o in offsets]
    left_mv = 1e3 * (volts - np.interp(times_s, middles_s, means_v))
    series = tuple(
        _series(name, times_s[part], left_mv[part], colour)
        for colour, (name, part) in enumerate(
            (("before", np.s_[: offsets[0].readings]), ("after", np.s_[-offsets[1].readings :]))
        )
    )
    return Plot("Residuals of the offset, with the beam off", series, Axes("time [min]", "voltage [mV]"))


def _series(label: str, times_s: Floats, values: Floats, colour: int, mark: Mark = Mark.DOTS) -> Series:
    minutes = (times_s - times_s[0]) / 60 if len(times_s) else times_s
    kept = np.s_[:: max(math.ceil(len(minutes) / MOST_POINTS), 1)]
    return Series(
        label, tuple(zip(minutes[kept].tolist(), values[kept].tolist(), strict=True)), mark, colour
    )
