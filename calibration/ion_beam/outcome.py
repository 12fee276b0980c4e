"""What the marks come to: values, figures of what is left, and whether they may be used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.bench import Bench
from calibration.comparing import calibrated, compared
from calibration.figures import Arrows, Plot
from calibration.ion_beam.gun_fit import Found, GunFit, fit_gun
from calibration.ion_beam.layout import Planned
from calibration.ion_beam.look import Picture, Placed
from calibration.ion_beam.mark_fit import Burned, Edges, MarksFit, Profile, Values, fit_marks
from calibration.ion_beam.settings import IonBeamSettings
from calibration.procedure import Compared, Result
from scopeacq.burning import Burnt
from scopeacq.plan.calibrations import CalibratedValue, Verdict
from scopeacq.plan.instrument import Instrument
from scopeacq.telling.svg import Axes, Mark, Series

MOST_RESIDUAL_UM = 8.0
"""Marks that lie farther from where the fit has them were not burned as believed."""
RETURN_SD_UM = 5.0
"""How far off a stage goes to the gun and comes back, all marks alike: what no mark tells."""
UNEVENNESS = 0.04
"""A raster that is uneven along the beam shifts both edges of a mark by some such share of the spot."""
MODEL_SD, MODEL_SPOT_SD = 0.004, 0.02
"""Of a scale and of the spot: what random guns show that the noise of the pictures does not explain
(``python -m benchmarks.calibration_ions``)."""
MOST_ELEVATION_SD_DEG = 0.2
MOST_SPOT_SD = 0.25
"""Of its width: beyond it nothing is said of the spot."""
MOST_POINTS = 400
"""Of a curve that is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A mark's surroundings and where they lie."""

    picture: Picture
    placed: Placed


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """All that the marks say. ``glancing_deg``: the angle under which they were burned."""

    marks: MarksFit
    gun: GunFit
    glancing_deg: float


def outcome(
    bench: Bench,
    settings: IonBeamSettings,
    marks: Sequence[Planned],
    burnt: Sequence[Burnt],
    burned: Sequence[Burned],
) -> Result:
    """The result of marks that were all seen. Raises ``NotSeen``."""
    instrument, fit = bench.plan.instrument, fit_marks(burned)
    found = _found(instrument, burnt, fit)
    try:
        gun = fit_gun(found, instrument.mill.glancing_deg, instrument.mill.z_um)
    except ValueError as reason:
        return _refused(
            str(reason), (_profiles("Across the beam", [b.across for b in burned], fit.across),)
        )
    tilt_deg = float(np.mean([mark.tilt_deg for mark in found]))
    measured = Measured(fit, gun, tilt_deg + gun.elevation_deg)
    values = tuple(_values(measured, settings))
    problems = tuple(_problems(measured))
    figures = (
        _profiles("Across the beam", [b.across for b in burned], fit.across),
        _profiles("Along the beam", [b.along for b in burned], fit.along),
        _residuals(found, gun),
    )
    return Result(
        values=() if problems else values,
        verdict=Verdict(good=not problems, reasons=problems or tuple(_said(measured, marks, settings))),
        residuals=figures,
        comparison=tuple(_comparison(instrument, measured, values)),
    )


def not_seen(bench: Bench, reason: str, sights: Sequence[Sight]) -> Result:
    """The result where a mark cannot be told from the wafer."""
    means = [
        Series(
            f"mark {n}",
            _points(s.placed.columns_um(s.picture), np.nanmean(s.picture, axis=0, dtype=np.float64)),
            Mark.LINE,
            n,
        )
        for n, s in enumerate(sights, 1)
    ]
    figure = Plot("Mean grey values across the beam", tuple(means), Axes("stage x [µm]", "grey value"))
    return _refused(f"{reason}; look at the pictures, and try more charge or another place", (figure,))


def _refused(reason: str, figures: tuple[Plot, ...]) -> Result:
    sentence = f"Nothing was measured: {reason}."
    return Result((), Verdict(good=False, reasons=(sentence,)), figures)


def _found(instrument: Instrument, burnt: Sequence[Burnt], fit: MarksFit) -> list[Found]:
    """Places with what is known of them: by the fit, and by the stage that comes back from the gun."""
    stage_sd_um, marks = instrument.stage.tolerance_um, []
    for n, mark in enumerate(burnt):
        pose = mark.stage
        assert pose.x_um is not None and pose.y_um is not None
        assert pose.z_um is not None and pose.tilt_deg is not None
        sd = tuple(math.hypot(e.centres_sd_um[n], stage_sd_um) for e in (fit.across, fit.along))
        at = float(fit.across.centres_um[n]), float(fit.along.centres_um[n])
        marks.append(Found((pose.x_um, pose.y_um), pose.z_um, pose.tilt_deg, at, (sd[0], sd[1])))
    return marks


def _values(measured: Measured, settings: IonBeamSettings) -> Iterator[CalibratedValue]:
    gun, across, along = measured.gun, measured.marks.across, measured.marks.along
    yield calibrated("mill.x_um", gun.x_um, math.hypot(gun.x_sd_um, RETURN_SD_UM))
    yield calibrated(
        "mill.y_um", gun.y_um, math.hypot(gun.y_sd_um, RETURN_SD_UM, UNEVENNESS * along.spot_um)
    )
    yield calibrated("mill.gun_elevation_deg", gun.elevation_deg, gun.elevation_sd_deg)
    if across.spot_sd_um < MOST_SPOT_SD * across.spot_um:
        spot_sd_um = math.hypot(across.spot_sd_um, MODEL_SPOT_SD * across.spot_um)
        yield calibrated("mill.spot_um", across.spot_um, spot_sd_um)
    if settings.take_raster:
        x_sd_um = math.hypot(across.um_per_vpp_sd, MODEL_SD * across.um_per_vpp)
        yield calibrated("mill.raster_um_per_volt", across.um_per_vpp, x_sd_um)
        yield calibrated("mill.raster_y_um_per_volt", *_across_of(along, measured))


def _across_of(along: Edges, measured: Measured) -> tuple[float, float]:
    """What a volt scans along the beam, seen across it, with its standard deviation [um/Vpp]."""
    angle = math.radians(measured.glancing_deg)
    value = along.um_per_vpp * math.sin(angle)
    by_angle = value / math.tan(angle) * math.radians(measured.gun.elevation_sd_deg)
    return value, math.hypot(along.um_per_vpp_sd * math.sin(angle), by_angle, MODEL_SD * value)


def _problems(measured: Measured) -> Iterator[str]:
    gun = measured.gun
    residual_um = float(np.abs(gun.residuals_um).max())
    if residual_um > MOST_RESIDUAL_UM:
        yield f"A mark lies {residual_um:.0f} um from where the others have it: burn them anew."
    if gun.elevation_sd_deg > MOST_ELEVATION_SD_DEG:
        yield f"The angle is known to {gun.elevation_sd_deg:.2f} degrees only: change the height by more."


def _said(measured: Measured, marks: Sequence[Planned], settings: IonBeamSettings) -> Iterator[str]:
    gun, across, along = measured.gun, measured.marks.across, measured.marks.along
    yield (
        f"The marks were burned under {measured.glancing_deg:.2f} degrees, known to "
        f"{gun.elevation_sd_deg:.2f}, and lie within {np.abs(gun.residuals_um).max():.1f} um of the fit."
    )
    for edges, axis, name in ((across, 0, "across"), (along, 1, "along")):
        reached_um = edges.um_per_vpp * settings.large_vpp / 2 + edges.spot_um
        agreed_um = max(mark.half_um[axis] for mark in marks)
        if not reached_um <= agreed_um:
            yield (
                f"Ions reached {reached_um:.0f} um from the middle of a mark {name} the beam, farther than "
                f"the {agreed_um:.0f} um agreed to: the profile had raster or spot wrong, so look there."
            )


def _comparison(
    instrument: Instrument, measured: Measured, values: Sequence[CalibratedValue]
) -> Iterator[Compared]:
    mill, along, across = instrument.mill, measured.marks.along, measured.marks.across
    filled = _with_both_plates(instrument)
    for value in values:
        yield compared(filled, value)
    yield Compared(
        "Glancing angle of these marks",
        f"{mill.glancing_deg:.2f} degrees",
        f"{measured.glancing_deg:.2f} ± {measured.gun.elevation_sd_deg:.2f} degrees",
        f"{measured.glancing_deg - mill.glancing_deg:+.2f} degrees",
    )
    x_um, y_um = mill.raster_um_per_vpp
    yield Compared(
        "Length of the marks over their width",
        f"{y_um / x_um / math.sin(math.radians(mill.glancing_deg)):.3f}",
        f"{along.um_per_vpp / across.um_per_vpp:.3f}",
        "tells the same angle where both plates' scales are known",
    )


def _with_both_plates(instrument: Instrument) -> Instrument:
    """The profile with what it says of the plates along the beam, also where that is what x is."""
    mill = instrument.mill.model_copy(update={"raster_y_um_per_volt": instrument.mill.raster_um_per_vpp[1]})
    return instrument.model_copy(update={"mill": mill})


def _profiles(title: str, profiles: Sequence[Profile], edges: Edges) -> Plot:
    """What was seen, and the fit, each about the middle of its mark."""
    series = []
    for n, (raw, fitted, centre_um) in enumerate(
        zip(profiles, edges.fitted, edges.centres_um, strict=True)
    ):
        profile = raw.known()
        series.append(
            Series(f"mark {n + 1}", _points(profile.at_um - centre_um, profile.grey), Mark.DOTS, n)
        )
        series.append(Series("", _points(profile.at_um - centre_um, fitted), Mark.LINE, n))
    axes = Axes("from the middle [µm]; lines are fitted", "grey value")
    return Plot(title, tuple(series), axes)


def _points(x: Values, y: Values) -> list[tuple[float, float]]:
    step = max(len(x) // MOST_POINTS, 1)
    return [(float(a), float(b)) for a, b in zip(x[::step], y[::step], strict=True)]


def _residuals(found: Sequence[Found], gun: GunFit) -> Arrows:
    by = tuple((float(u), float(v)) for u, v in gun.residuals_um)
    return Arrows("Marks off the fit", "µm", tuple(mark.at_um for mark in found), by, factor=50.0)
