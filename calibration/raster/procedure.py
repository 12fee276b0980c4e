"""What a volt of the ion raster is on the wafer, from a picture of a target whose diameter is known.

The gun's raster takes the picture: each column stands for a share of the x sawtooth, each row for one of
the y sawtooth. So a round target is an ellipse, and its diameter over its axes is the scale of each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.bench import Bench
from calibration.comparing import calibrated, compared
from calibration.figures import Picture, Plot
from calibration.procedure import Compared, Cost, Procedure, Result
from calibration.raster.ellipse_fit import Ellipse, NoTarget, fit_ellipse
from calibration.raster.settings import RasterSettings
from scopeacq.plan.calibrations import CalibratedValue, CalibrationKind, Verdict
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.pyramid_tiff import UnreadablePicture
from scopeacq.storage.source_pictures import read_source
from scopeacq.telling.svg import Axes, Mark, Series

MOST_SD = 0.02
"""Of a scale: one that is known worse is refused."""
SHOWN_PX = 800
KEYS = ("mill.raster_um_per_volt", "mill.raster_y_um_per_volt")


def measure(bench: Bench, settings: RasterSettings) -> Result:
    """Raises ``SettingsError`` for a picture that cannot be read."""
    bench.tell(0.0, "Looking for the target")
    grey = _read(bench, settings)
    shown = _shown(grey)
    try:
        ellipse = fit_ellipse(grey)
    except NoTarget as reason:
        sentence = f"No target was measured: {reason}."
        return Result((), Verdict(good=False, reasons=(sentence,)), (Picture("The picture", shown),))
    values = tuple(_values(ellipse, grey.shape, settings))
    problems = tuple(_problems(values))
    figures = (_residuals(ellipse), Picture("The border that was found", shown, _marks(ellipse, grey)))
    bench.show("residuals", figures[0])
    return Result(
        values=() if problems else values,
        verdict=Verdict(good=not problems, reasons=problems or (_said(ellipse),)),
        residuals=figures,
        comparison=tuple(_comparison(bench.plan.instrument, values)),
    )


def _read(bench: Bench, settings: RasterSettings) -> NDArray[np.float64]:
    """The picture in grey (h, w)."""
    path, advice = Path(settings.picture), "Name the file of the target's picture in the setting picture."
    if not settings.picture:
        raise SettingsError(bench.plan.folder.root, ["no picture of the target is named"], advice)
    if not path.is_file():
        raise SettingsError(path, ["there is no such picture"], advice)
    try:
        pixels = read_source(path).pixels
    except UnreadablePicture as error:
        raise SettingsError(path, [str(error)], "Save it as TIFF or PNG.") from error
    return np.asarray(pixels if pixels.ndim == 2 else pixels.mean(axis=2), np.float64)


def _values(
    ellipse: Ellipse, shape: tuple[int, ...], settings: RasterSettings
) -> tuple[CalibratedValue, CalibratedValue]:
    """Um per Vpp: diameter over the share of the amplitude that it takes up.

    A target that does not face the gun is seen shorter along the beam's slope, which are the rows.
    """
    seen_um = settings.diameter_um, settings.diameter_um * math.sin(math.radians(settings.facing_deg))
    shares = [settings.x_shown / shape[1], settings.y_shown / shape[0]]
    volts = [settings.x_vpp, settings.y_vpp]
    relative_sd = settings.diameter_sd_um / settings.diameter_um
    values = []
    for axis, key in enumerate(KEYS):
        diameter_v = 2 * ellipse.half_axes[axis] * shares[axis] * volts[axis]
        value = seen_um[axis] / diameter_v
        sd = value * math.hypot(relative_sd, ellipse.half_axes_sd[axis] / ellipse.half_axes[axis])
        values.append(calibrated(key, value, sd))
    return values[0], values[1]


def _problems(values: tuple[CalibratedValue, ...]) -> Iterator[str]:
    for value in values:
        assert isinstance(value.value, float) and value.sd is not None
        if not value.sd <= MOST_SD * value.value:
            yield f"{value.key} is known to {100 * value.sd / value.value:.1f} % only."


def _said(ellipse: Ellipse) -> str:
    rms = float(np.sqrt(np.mean(ellipse.residuals**2)))
    return f"The border of the target lies within {rms:.2f} pixels (rms) of an ellipse."


def _comparison(instrument: Instrument, values: tuple[CalibratedValue, ...]) -> list[Compared]:
    mill = instrument.mill.model_copy(update={"raster_y_um_per_volt": instrument.mill.raster_um_per_vpp[1]})
    with_both = instrument.model_copy(update={"mill": mill})
    return [compared(with_both, value) for value in values]


def _residuals(ellipse: Ellipse) -> Plot:
    away = ellipse.border - np.array(ellipse.middle)
    degrees = np.degrees(np.arctan2(-away[:, 1], away[:, 0])) % 360
    points = sorted((float(a), float(r)) for a, r in zip(degrees, ellipse.residuals, strict=True))
    series = Series("off the ellipse", points, Mark.DOTS)
    return Plot("Border off the ellipse", (series,), Axes("direction [degrees]", "outwards [px]"))


def _step(grey: NDArray[np.float64]) -> int:
    longer: int = max(grey.shape)
    return max(longer // SHOWN_PX, 1)


def _shown(grey: NDArray[np.float64]) -> NDArray[np.uint8]:
    small = grey[:: _step(grey), :: _step(grey)]
    low, high = np.percentile(small, (0.5, 99.5))
    return np.asarray(255 * np.clip((small - low) / max(high - low, 1e-9), 0, 1), np.uint8)


def _marks(ellipse: Ellipse, grey: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    step = _step(grey)
    return tuple((float(column) / step, float(row) / step) for column, row in ellipse.border[::10])


def cost(_: Plan, __: RasterSettings) -> Cost:
    """Nothing of the instrument."""
    return Cost(5.0, said=("It reads a file; no beam is opened and nothing is moved.",))


PROCEDURE = Procedure(
    kind=CalibrationKind.RASTER,
    title="Ion raster",
    about=(
        "Measures what a volt of the ion raster scans, in both directions, from a picture of a round "
        "target. Scan the target with the gun's raster first; note both amplitudes and its diameter."
    ),
    settings=RasterSettings,
    needs=frozenset(),
    cost=cost,
    measure=measure,
)
