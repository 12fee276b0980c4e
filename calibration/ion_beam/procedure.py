"""Burn four marks into bare wafer, look at them, and say where the ion beam truly ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.bench import Bench
from calibration.figures import Picture as Shown
from calibration.ion_beam.layout import Planned, planned
from calibration.ion_beam.look import Picture, Placed, frame_places, look
from calibration.ion_beam.mark_fit import Burned, NotSeen, Profile, rough_edges_um
from calibration.ion_beam.outcome import Sight, not_seen, outcome
from calibration.ion_beam.settings import IonBeamSettings
from calibration.procedure import Cost, Need, Procedure, Result
from scopeacq.burning import Burnt
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.geometry import Point
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError

TRIP_S = 60.0
"""About what the way to the gun takes, or the way back."""
BAND_UM = 80.0
"""Half the width of the band through the middle of a mark in which grey values are averaged."""
BURNED_SHARE = 0.4
"""Of the work, as it is told."""


@dataclass(frozen=True, slots=True)
class Middle:
    """Middle of the row in the stage frame [um]."""

    x_um: float
    y_um: float


def measure(bench: Bench, settings: IonBeamSettings) -> Result:
    """Raises ``SettingsError`` before anything is opened, and whatever burning and looking raise."""
    row = bench.once("middle", Middle, lambda: _middle(bench, settings))
    marks = planned(bench.plan.instrument.mill, (row.x_um, row.y_um), settings)
    bench.burner.require(tuple(m.mark for m in marks), settings.agreed)
    burnt = [_burned(bench, mark, settings) for mark in marks]
    sights = [_seen(bench, mark, settings) for mark in marks]
    try:
        burned = [_profiles(s, m, b) for s, m, b in zip(sights, marks, burnt, strict=True)]
        return outcome(bench, settings, marks, burnt, burned)
    except NotSeen as reason:
        return not_seen(bench, str(reason), sights)


def _middle(bench: Bench, settings: IonBeamSettings) -> Middle:
    if settings.x_um is None or settings.y_um is None:
        raise SettingsError(
            bench.measurements.folder, ["no place was chosen"], "Give x_um and y_um of bare wafer."
        )
    return Middle(*bench.manual.place.apply((settings.x_um, settings.y_um)))


def _burned(bench: Bench, mark: Planned, settings: IonBeamSettings) -> Burnt:
    number = mark.mark.number + 1
    bench.tell(BURNED_SHARE * mark.mark.number / 4, f"Burning mark {number} of 4")
    return bench.once(f"mark {number} burned", Burnt, lambda: bench.burner.burn(mark.mark, settings.agreed))


def _seen(bench: Bench, mark: Planned, settings: IonBeamSettings) -> Sight:
    number = mark.mark.number + 1
    name, share = f"mark-{number}", BURNED_SHARE + (1 - BURNED_SHARE) * mark.mark.number / 4

    def take() -> Placed:
        bench.tell(share, "Waiting until the gun's gas is pumped off")
        bench.manual.await_vacuum()
        picture, placed = look(
            bench.manual,
            mark.at_um,
            mark.half_um,
            settings.frame,
            lambda: bench.tell(share, f"Looking at mark {number} of 4"),
        )
        bench.measurements.keep_image(name, picture)
        return placed

    placed = bench.once(f"mark {number} seen", Placed, take)
    sight = Sight(bench.measurements.image(name), placed)
    bench.show(name, Shown(f"Mark {number}", _as_grey(sight.picture)))
    return sight


def _profiles(sight: Sight, mark: Planned, burnt: Burnt) -> Burned:
    """Grey values through the middle of a mark. Raises ``NotSeen``."""
    picture, placed = sight.picture, sight.placed
    x_um, y_um = placed.columns_um(picture), placed.rows_um(picture)
    try:
        middle_x = np.mean(rough_edges_um(Profile(x_um, _mean(picture, axis=0))))
        middle_y = np.mean(rough_edges_um(Profile(y_um, _mean(picture, axis=1))))
        across = Profile(x_um, _mean(picture[np.abs(y_um - middle_y) < BAND_UM], axis=0))
        along = Profile(y_um, _mean(picture[:, np.abs(x_um - middle_x) < BAND_UM], axis=1))
        for profile in (across, along):
            rough_edges_um(profile)
    except NotSeen as reason:
        raise NotSeen(f"mark {mark.mark.number + 1}: {reason}") from None
    return Burned(across, along, mark.mark.vpp, burnt.charge_uc)


def _mean(picture: Picture, axis: int) -> NDArray[np.float64]:
    """Of what was seen; NaN where nothing was."""
    seen = np.isfinite(picture)
    total, n = np.where(seen, picture, 0.0).sum(axis=axis, dtype=np.float64), seen.sum(axis=axis)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _as_grey(picture: Picture) -> NDArray[np.uint8]:
    """A quarter as many pixels each way, their contrast stretched."""
    small = picture[: picture.shape[0] // 4 * 4, : picture.shape[1] // 4 * 4]
    small = small.reshape(small.shape[0] // 4, 4, small.shape[1] // 4, 4).mean(axis=(1, 3))
    low, high = np.nanpercentile(small, (1, 99))
    stretched = (np.nan_to_num(small, nan=low) - low) / max(high - low, 1e-3)
    return np.asarray(255 * np.clip(stretched, 0, 1), np.uint8)


def cost(plan: Plan, settings: IonBeamSettings) -> Cost:
    """Ways to the gun and back, the marks, and the frames around each."""
    mill, stage, frame = plan.instrument.mill, plan.instrument.stage, settings.frame
    marks = planned(mill, (0.0, 0.0), settings)
    frames = sum(len(frame_places(m.at_um, m.half_um, frame)) for m in marks)
    charge_uc = sum(m.mark.charge_uc for m in marks)
    per_frame_s = stage.move_s + stage.settle_s + frame.duration_s + 1.0
    duration_s = 5 * TRIP_S + charge_uc * 1e3 / mill.ion_current_na + frames * per_frame_s
    dose = frame.electron_dose_per_nm2(plan.instrument.electron.probe_current_na)
    width_mm, height_mm = (edge * 1e-3 for edge in _room_um(marks))
    return Cost(
        duration_s,
        frames,
        dose,
        (
            f"The ion beam opens four times and lays down {charge_uc:.2f} uC.",
            f"It needs {width_mm:.1f} x {height_mm:.1f} mm of bare wafer, along the stage's x and y.",
        ),
    )


def _room_um(marks: tuple[Planned, ...]) -> Point:
    """Width and height of all that ions may reach."""
    left, right = marks[0].at_um[0] - marks[0].half_um[0], marks[-1].at_um[0] + marks[-1].half_um[0]
    return right - left, 2 * max(m.half_um[1] for m in marks)


PROCEDURE = Procedure(
    kind=CalibrationKind.ION_BEAM,
    title="Ion beam",
    about=(
        "Burns four marks into bare wafer and looks at them: where the beam ends, under which angle, how "
        "wide it is. Have the gun up, the wafer's landmarks measured, the raster's scale known within a "
        "fifth, and a place without anything that is still needed."
    ),
    settings=IonBeamSettings,
    needs=frozenset({Need.ELECTRONS, Need.STAGE, Need.IONS}),
    cost=cost,
    measure=measure,
)
