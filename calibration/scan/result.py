"""What the scan's calibration came to: values, comparison, residuals, and whether to trust it. Pure."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace

from calibration.comparing import calibrated, compared
from calibration.figures import Figure, Plot
from calibration.procedure import Compared, Result
from calibration.robust_fits import Estimate
from calibration.scan.fit import ScanFit
from calibration.scan.lens_fit import LensFit
from calibration.scan.through_wd import LensSeries
from calibration.watching import Home
from hardware.types import PixelShape
from scopeacq.plan.calibrations import CalibratedValue, Verdict
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.profiles import conditions_of
from scopeacq.plan.scan_law import ScanLaw, scan_law
from scopeacq.telling.svg import Axes, Mark, Series

WORST_PIXEL_SIZE_SD = 5e-4
"""Half of the 0.1 % within which pixels are to be known."""
WORST_ROTATION_SD_DEG = 0.025
WORST_STAGE_SHEAR = 2e-3
"""A stage whose axes are so little square misses by 2 um per millimetre."""
WORST_NOISE_UM = 2.0
WANDER_UM = 50.0
"""So far focus wanders over a wafer and from cycle to cycle: there, too, frames must lie as is believed."""
WORST_LENS_SD = 2e-3
"""Of pixel sizes, as a share, and of turns [rad] so far off."""
WORST_LENS_SHIFT_SD_UM = 0.5
FEWEST_KEPT = 0.7
"""Share of all moves that must fit together."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured, and where. ``moves``: how many there were, seen or not."""

    scan: ScanFit
    lens: LensFit
    moves: int
    home: Home

    def law(self, gone_by: ScanLaw) -> ScanLaw:
        """The scanner's law, when frames were scanned by ``gone_by``: what that left adds to it."""
        per_um = gone_by.magnification_per_um + self.lens.magnification_per_um.value
        deg_per_um = gone_by.rotation_deg_per_um + self.lens.rotation_deg_per_um.value
        wd_um = self.home.optics.wd_um
        off_um = wd_um - gone_by.nominal_wd_um
        factor = gone_by.factor_at(wd_um) * self.scan.pixel_size_factor.value
        turned_deg = gone_by.rotation_deg_at(wd_um) + self.scan.rotation_deg.value
        return replace(
            gone_by,
            pixel_size_factor=factor / (1 + per_um * off_um),
            rotation_deg=turned_deg - deg_per_um * off_um,
            shape=PixelShape(self.scan.shear.value, self.scan.aspect.value),
            magnification_per_um=per_um,
            rotation_deg_per_um=deg_per_um,
        )

    def image_shift_um_per_um(self) -> tuple[float, float]:
        """How the lens moves the field of view in the lab, by the scan as it truly lies."""
        seen = complex(self.lens.shift_x_um_per_um.value, self.lens.shift_y_um_per_um.value)
        turn = math.radians(self.scan.rotation_deg.value)
        true = cmath.rect(self.scan.pixel_size_factor.value, turn) * seen
        return true.real, true.imag


def result_of(found: Found, series: LensSeries, instrument: Instrument, arrows: Figure) -> Result:
    """The result of a calibration that has measured everything."""
    values = _values(found, instrument)
    return Result(
        values,
        _verdict(found),
        (arrows, lens_plot(series, found.lens)),
        (*(compared(instrument, value) for value in values), *_stage_rows(found.scan), found.home.row()),
        conditions_of(instrument),
    )


def _values(found: Found, instrument: Instrument) -> tuple[CalibratedValue, ...]:
    law, scan, lens = found.law(scan_law(instrument)), found.scan, found.lens
    shift_x, shift_y = found.image_shift_um_per_um()
    return (
        calibrated("scan.pixel_size_factor", law.pixel_size_factor, scan.pixel_size_factor.sd),
        calibrated("scan.rotation_deg", law.rotation_deg, scan.rotation_deg.sd),
        calibrated("scan.shear", law.shape.shear, scan.shear.sd),
        calibrated("scan.aspect", law.shape.aspect, scan.aspect.sd),
        calibrated("scan.magnification_per_um", law.magnification_per_um, lens.magnification_per_um.sd),
        calibrated("scan.rotation_deg_per_um", law.rotation_deg_per_um, lens.rotation_deg_per_um.sd),
        calibrated("electron.image_shift_x_um_per_um", shift_x, lens.shift_x_um_per_um.sd),
        calibrated("electron.image_shift_y_um_per_um", shift_y, lens.shift_y_um_per_um.sd),
    )


def _stage_rows(scan: ScanFit) -> tuple[Compared, ...]:
    """What the moves told of the stage itself; no value of the profile, since landmarks take it up."""
    square, alike = scan.stage_shear, scan.stage_y_factor
    return (
        Compared(
            "Stage: x along with y", "square", f"{1e3 * square.value:+.2f} ± {1e3 * square.sd:.2f} um/mm"
        ),
        Compared("Stage: unit of y over that of x", "1", f"{alike.value:.5f} ± {alike.sd:.5f}"),
        Compared("Stage: scatter of a move", "", f"{1e3 * scan.noise_um:.0f} nm along each axis"),
    )


def _verdict(found: Found) -> Verdict:
    """Good unless something says that the values are not to be used."""
    scan, kept = found.scan, int(found.scan.kept.sum())
    size_sd = scan.pixel_size_factor.sd / scan.pixel_size_factor.value
    wrong = {
        f"Only {kept} of {found.moves} moves fit together: choose a place with more structure.": (
            kept < FEWEST_KEPT * found.moves
        ),
        f"The pixel size is known to {100 * size_sd:.3f} % only: allow more moves.": (
            size_sd > WORST_PIXEL_SIZE_SD
        ),
        f"The scan rotation is known to {scan.rotation_deg.sd:.3f} degrees only: allow more moves.": (
            scan.rotation_deg.sd > WORST_ROTATION_SD_DEG
        ),
        f"Moves scatter by {scan.noise_um:.1f} um: look whether the stage is in order.": (
            scan.noise_um > WORST_NOISE_UM
        ),
        "What the lens does through working distances is not known: take a place with more structure.": (
            not _known_away(found.lens)
        ),
        "The stage's axes are not square or not alike by over 2 um per mm: have the stage looked at.": (
            _beyond(scan.stage_shear, 0.0) or _beyond(scan.stage_y_factor, 1.0)
        ),
    }
    reasons = tuple(reason for reason, holds in wrong.items() if holds)
    good = f"{kept} of {found.moves} moves fit together; each misses by {1e3 * scan.noise_um:.0f} nm."
    return Verdict(good=not reasons, reasons=reasons or (good,))


def _known_away(lens: LensFit) -> bool:
    """Whether frames lie as believed wherever focus may be; not where that is no number."""
    shift_sd = math.hypot(lens.shift_x_um_per_um.sd, lens.shift_y_um_per_um.sd)
    turn_sd = math.radians(lens.rotation_deg_per_um.sd)
    return (
        WANDER_UM * lens.magnification_per_um.sd <= WORST_LENS_SD
        and WANDER_UM * turn_sd <= WORST_LENS_SD
        and WANDER_UM * shift_sd <= WORST_LENS_SHIFT_SD_UM
    )


def _beyond(estimate: Estimate, ideal: float) -> bool:
    """Whether the stage is certainly worse than it may be."""
    return abs(estimate.value - ideal) > WORST_STAGE_SHEAR + 2 * estimate.sd


def nothing_seen(why: str, figure: Figure) -> Result:
    """The result where there was not enough to fit anything."""
    return Result((), Verdict(good=False, reasons=(why,)), (figure,))


def lens_plot(series: LensSeries, fit: LensFit) -> Plot:
    """What the lines through working distances leave, so that both fit into one plot."""
    wds = [wd for wd, _ in series.found]
    sizes = [(wd, 1e3 * float(r.real)) for wd, r in zip(wds, fit.turn_residuals, strict=True)]
    turns = [(wd, 1e2 * math.degrees(r.imag)) for wd, r in zip(wds, fit.turn_residuals, strict=True)]
    return Plot(
        "What the lines through working distances leave",
        (
            Series("pixel size, 0.1 %", sizes, Mark.DOTS, 0),
            Series("rotation, 0.01 deg", turns, Mark.DOTS, 1),
        ),
        Axes("change of working distance [um]", "left", 0.0),
    )
