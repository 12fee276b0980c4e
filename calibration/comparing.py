"""Values of the profile beside those in use, with the digits that their spread allows."""

from __future__ import annotations

import math

from calibration.procedure import Compared
from scopeacq.plan.calibrations import CalibratedValue
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.profiles import value_at
from scopeacq.plan.templates import unit_of, without_unit

SIGNIFICANT = 2
"""Digits of the spread that are shown."""
MOST_DIGITS = 9


def calibrated(key: str, value: float, sd: float) -> CalibratedValue:
    """A value of the profile, without digits that mean nothing."""
    digits = min(_digits(sd) + 2, MOST_DIGITS)
    return CalibratedValue(key=key, value=round(value, digits), sd=round(sd, digits))


def compared(instrument: Instrument, measured: CalibratedValue) -> Compared:
    """The row of a number. ``measured`` has a standard deviation."""
    before, after, sd = value_at(instrument, measured.key), measured.value, measured.sd
    assert isinstance(before, float) and isinstance(after, float) and sd is not None
    digits, unit = _digits(sd), _unit(measured.key)
    return Compared(
        _title(measured.key),
        f"{before:.{digits}f}{unit}",
        f"{after:.{digits}f} ± {sd:.{digits}f}{unit}",
        f"{after - before:+.{digits}f}{unit}",
    )


def _digits(sd: float) -> int:
    """Digits behind the point."""
    if sd <= 0:
        return MOST_DIGITS
    return min(max(SIGNIFICANT - 1 - math.floor(math.log10(sd)), 0), MOST_DIGITS)


def _unit(key: str) -> str:
    name = key.split(".")[-1]
    return f" {unit}" if (unit := unit_of(name)) else ""


def _title(key: str) -> str:
    table, name = key.split(".")
    model = Instrument.model_fields[table].annotation
    assert model is not None
    title: str | None = model.model_fields[name].title
    words = title or without_unit(name).replace("_", " ")
    return words[0].upper() + words[1:]
