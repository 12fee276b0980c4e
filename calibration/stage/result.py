"""What the stage's calibration came to: values, comparison, residuals, and whether to trust it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.comparing import calibrated, compared
from calibration.figures import Figure, Plot
from calibration.procedure import Compared, Result
from calibration.robust_fits import Complex, Estimate
from calibration.stage.fit import Scatter, Settling
from calibration.stage.resting import NM_PER_UM, Rest
from calibration.watching import Home
from scopeacq.plan.calibrations import CalibratedValue, Verdict
from scopeacq.plan.instrument import Instrument
from scopeacq.telling.svg import Axes, Mark, Series

WORST_BACKLASH_SD_UM = 0.3
WORST_BACKLASH_UM = 5.0
"""More than what the stage is made to come back by before it arrives."""
MOST_LOST = 0.25
"""Share of all arrivals at which the place may not be recognised."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured. ``lost`` of ``arrivals``: those at which the place was not recognised."""

    backlash_x_um: Estimate
    backlash_y_um: Estimate
    short: Scatter
    long: Scatter
    settling: Settling
    lost: int
    arrivals: int
    home: Home


def result_of(found: Found, instrument: Instrument, figures: tuple[Figure, ...]) -> Result:
    """The result of a calibration that has measured everything."""
    values = _values(found)
    rows = [compared(instrument, value) for value in values]
    for name, by in (("short", found.short), ("long", found.long)):
        for axis, sd in (("x", by.x_um), ("y", by.y_um)):
            after = f"{NM_PER_UM * sd.value:.0f} ± {NM_PER_UM * sd.sd:.0f} nm"
            rows.append(Compared(f"Scatter along {axis} after {name} moves", "", after))
    rows.append(Compared("Image counts as at rest within", "", f"{found.settling.within_nm:.0f} nm"))
    return Result(values, _verdict(found), figures, (*rows, found.home.row()))


def _values(found: Found) -> tuple[CalibratedValue, ...]:
    numbers = {
        "backlash_x_um": found.backlash_x_um,
        "backlash_y_um": found.backlash_y_um,
        "repeat_short_um": found.short.worse_um,
        "repeat_long_um": found.long.worse_um,
        "settle_s": found.settling.settled_s,
    }
    return tuple(
        calibrated(f"stage.{key}", number.value, number.sd)
        for key, number in numbers.items()
        if number is not None
    )


def _verdict(found: Found) -> Verdict:
    """Good unless something says that the values are not to be used."""
    axes = (found.backlash_x_um, found.backlash_y_um)
    sd_um = max(axis.sd for axis in axes)
    wrong = {
        f"The place was not recognised after {found.lost} of {found.arrivals} arrivals: choose one with "
        "more structure, or search farther.": found.lost > MOST_LOST * found.arrivals,
        f"Backlash is known to {sd_um:.2f} um only: repeat more often.": sd_um > WORST_BACKLASH_SD_UM,
        f"Backlash is beyond {WORST_BACKLASH_UM:g} um: have the stage looked at.": (
            max(abs(axis.value) for axis in axes) > WORST_BACKLASH_UM
        ),
        f"The stage did not come to rest within {found.settling.within_nm:.0f} nm, as far as images tell: "
        "look for what shakes it, or take smaller pixels.": found.settling.settled_s is None,
    }
    reasons = tuple(reason for reason, holds in wrong.items() if holds)
    good = f"{found.arrivals - found.lost} of {found.arrivals} arrivals were seen."
    return Verdict(good=not reasons, reasons=reasons or (good,))


def arrivals_plot(title: str, groups: Sequence[tuple[str, Complex]]) -> Plot:
    """Where the stage was seen to arrive, about the middle of the first group."""
    middle = groups[0][1].mean() if len(groups[0][1]) else 0.0
    return Plot(
        title,
        tuple(
            Series(
                label, [(float(z.real), float(z.imag)) for z in NM_PER_UM * (places - middle)], Mark.DOTS, n
            )
            for n, (label, places) in enumerate(groups)
        ),
        Axes("off along x [nm]", "off along y [nm]"),
    )


def rest_plot(series: Sequence[Rest], settling: Settling | None = None) -> Plot:
    """How far the image was from where it came to rest after each move."""
    return Plot(
        "The stage comes to rest",
        tuple(
            Series(f"move {n + 1}", list(zip(rest.times_s, rest.off_nm, strict=True)), Mark.LINE, n % 8)
            for n, rest in enumerate(series)
        ),
        Axes(
            "time after the stage has arrived [s]",
            "off [nm]",
            settling.within_nm if settling else None,
            "at rest",
        ),
    )
