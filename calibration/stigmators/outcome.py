"""What a measured stigmator frame is shown as: values of the profile, comparison, figures. Pure."""

from __future__ import annotations

import numpy as np

from calibration.figures import Arrows, Figure, Plot
from calibration.procedure import Compared, Result
from calibration.stigmators.beam_angle import BeamAngle
from calibration.stigmators.fit import Floats, Response
from calibration.stigmators.series import Measured
from calibration.stigmators.verdict import verdict_on
from hardware.optics import StigmatorFrame, half_turn_deg
from scopeacq.plan.calibrations import CalibratedValue, Conditions
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.telling.svg import Axes, Mark, Series

ENLARGED = 5.0
"""Arrows of residuals are drawn so many times as long."""


def outcome(measured: Measured, before: ElectronSettings) -> Result:
    """The result of a measurement, beside the profile in use."""
    return Result(
        values=(
            *_frame_values(measured, before),
            *_shift_values(measured.shift),
            _angle_value(measured.angle),
        ),
        verdict=verdict_on(measured.offsets, measured.frame, measured.angle),
        residuals=tuple(_figures(measured)),
        comparison=tuple(_compared(measured, before)),
        conditions=Conditions(
            landing_energy_kv=before.eht_kv, wd_um=measured.centre.wd_um, aperture_um=before.aperture_um
        ),
    )


def _value(key: str, value: float, sd: float) -> CalibratedValue:
    return CalibratedValue(key=f"electron.{key}", value=_rounded(value), sd=_rounded(sd))


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _frame_values(measured: Measured, before: ElectronSettings) -> list[CalibratedValue]:
    """Axes are the same after half a turn: of both angles the one nearer to what is in use."""
    fitted, used_deg = measured.frame, half_turn_deg(before.stigmator_rotation_deg)
    frame = fitted.frame
    rotation_deg = used_deg + half_turn_deg(frame.rotation_deg - used_deg)
    return [
        _value("stigmator_um_per_unit", frame.um_per_unit, fitted.sd_um_per_unit),
        _value("stigmator_rotation_deg", rotation_deg, fitted.sd_rotation_deg),
        _value("stigmator_y_ratio", frame.y_ratio, fitted.sd_y_ratio),
        _value("stigmator_skew_deg", frame.skew_deg, fitted.sd_skew_deg),
    ]


def _shift_values(shift: Response | None) -> list[CalibratedValue]:
    """None where images could not be registered: what is known then stays."""
    if shift is None:
        return []
    sds = np.sqrt(np.diag(shift.covariance)).reshape(2, 2)
    return [
        _value(f"stigmator_{by}_shift_{along}_um_per_unit", float(shift.matrix[i, j]), float(sds[i, j]))
        for j, by in enumerate("xy")
        for i, along in enumerate("xy")
    ]


def _angle_value(angle: BeamAngle) -> CalibratedValue:
    return _value("convergence_mrad", angle.convergence_mrad, angle.sd_mrad)


def _figures(measured: Measured) -> list[Figure]:
    astigmatism = _arrows("Astigmatism: what the frame leaves", measured.offsets, measured.frame.response)
    figures: list[Figure] = [astigmatism, _defocus_plot(measured.angle)]
    if measured.shift is not None:
        title = "Shift of the image: what the coupling leaves"
        figures.append(_arrows(title, measured.shift_offsets, measured.shift))
    return figures


def _arrows(title: str, offsets: Floats, response: Response) -> Arrows:
    """Residuals at what the fit says of each offset."""
    return Arrows(
        title,
        "um",
        tuple((float(x), float(y)) for x, y in offsets @ response.matrix.T),
        tuple((float(x), float(y)) for x, y in response.residuals),
        ENLARGED,
        response.left_out,
    )


def _defocus_plot(angle: BeamAngle) -> Plot:
    middle_um = float(np.mean([s.wd_um for s in angle.seen]))
    mean_um = float(np.mean([s.defocus_um for s in angle.seen]))
    points = sorted((s.wd_um - middle_um, s.defocus_um - mean_um) for s in angle.seen)
    ends = [(x, x) for x, _ in (points[0], points[-1])]
    series = (Series("set", ends, Mark.LINE, 1), Series("seen", points, Mark.DOTS, 0))
    title = f"Defocus as seen with a convergence angle of {angle.convergence_mrad:.2f} mrad"
    return Plot(title, series, Axes("working distance set [um]", "defocus seen [um]"))


def _compared(measured: Measured, electron: ElectronSettings) -> list[Compared]:
    old, new = electron.stigmator_frame, measured.frame.frame
    rows = [
        _stigmator("Stigmator x", old.um_per_unit, old.rotation_deg, new.um_per_unit, new.rotation_deg),
        _stigmator("Stigmator y", old.y_um_per_unit, _y_axes_deg(old), new.y_um_per_unit, _y_axes_deg(new)),
        Compared("Astigmatism left by one correction", _left(old, new), _left(new, new), ""),
        _changed("Convergence angle", electron.convergence_mrad, measured.angle.convergence_mrad, "mrad"),
    ]
    if measured.shift is None:
        return [*rows, Compared("Shift of the image by the stigmators", "", "could not be registered")]
    before = {key: getattr(electron, key) for key in _SHIFTS}
    after = dict(zip(_SHIFTS, measured.shift.matrix.T.ravel().tolist(), strict=True))
    return [*rows, *(_changed(_SHIFTS[key], before[key], after[key], "um per unit") for key in _SHIFTS)]


_SHIFTS = {
    "stigmator_x_shift_x_um_per_unit": "Shift along x by stigmator x",
    "stigmator_x_shift_y_um_per_unit": "Shift along y by stigmator x",
    "stigmator_y_shift_x_um_per_unit": "Shift along x by stigmator y",
    "stigmator_y_shift_y_um_per_unit": "Shift along y by stigmator y",
}


def _y_axes_deg(frame: StigmatorFrame) -> float:
    return frame.rotation_deg + frame.skew_deg + 45.0


def _stigmator(what: str, old_um: float, old_deg: float, um: float, deg: float) -> Compared:
    turned = half_turn_deg(deg - old_deg)
    return Compared(
        what,
        f"{old_um:.3g} um per unit, axes at {half_turn_deg(old_deg):.1f} degrees",
        f"{um:.3g} um per unit, axes at {half_turn_deg(deg):.1f} degrees",
        f"{100 * (um / old_um - 1):+.1f} %, turned by {turned:+.1f} degrees",
    )


def _changed(what: str, before: float, after: float, unit: str) -> Compared:
    return Compared(what, f"{before:.3g} {unit}", f"{after:.3g} {unit}", f"{after - before:+.2g} {unit}")


def _left(used: StigmatorFrame, true: StigmatorFrame) -> str:
    """The share of astigmatism that a correction with one frame leaves where another one is true."""
    left = np.eye(2) - true.matrix_um(0.0) @ np.linalg.inv(used.matrix_um(0.0))
    return f"{100 * float(np.linalg.norm(left, 2)):.0f} %"
