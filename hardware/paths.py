"""Planned paths of the stage, as pure functions: legs to be driven one after the other.

A leg is a partial pose. An axis that a target does not name is never driven. Tilt and
rotation are only driven at or below the safe plane, and z is raised last.
"""

from __future__ import annotations

import math

from hardware.types import StagePose

Path = tuple[StagePose, ...]


def _down_to(safe_z_um: float, current: StagePose) -> list[StagePose]:
    """The leg down to the safe plane; none from below it, since rising is what may collide."""
    if current.z_um is None:
        raise ValueError("The current pose does not say z.")
    return [StagePose(z_um=safe_z_um)] if current.z_um > safe_z_um else []


def _named(*legs: StagePose) -> list[StagePose]:
    """The legs that drive anything."""
    return [leg for leg in legs if leg != StagePose()]


def _needs_z(target: StagePose) -> None:
    if target.z_um is None:
        raise ValueError("A path through the safe plane needs to know z at its end.")


def path_to_mill(current: StagePose, mill_pose: StagePose, safe_z_um: float) -> Path:
    """Legs to the mill pose: safe plane, x and y, tilt, rotation, mill height.

    Also from one azimuth to the next. Raises ``ValueError`` when ``mill_pose`` names no z.
    """
    _needs_z(mill_pose)
    return tuple(
        _down_to(safe_z_um, current)
        + _named(
            StagePose(x_um=mill_pose.x_um, y_um=mill_pose.y_um),
            StagePose(tilt_deg=mill_pose.tilt_deg),
            StagePose(rotation_deg=mill_pose.rotation_deg),
            StagePose(z_um=mill_pose.z_um),
        )
    )


def path_to_imaging(current: StagePose, imaging_pose: StagePose, safe_z_um: float) -> Path:
    """Legs back under the pole piece: safe plane, rotation, tilt, x and y, z last.

    Raises ``ValueError`` when ``imaging_pose`` names no z.
    """
    _needs_z(imaging_pose)
    return tuple(
        _down_to(safe_z_um, current)
        + _named(
            StagePose(rotation_deg=imaging_pose.rotation_deg),
            StagePose(tilt_deg=imaging_pose.tilt_deg),
            StagePose(x_um=imaging_pose.x_um, y_um=imaging_pose.y_um),
            StagePose(z_um=imaging_pose.z_um),
        )
    )


def path_between_imaging(current: StagePose, target: StagePose) -> Path:
    """Legs of a short move under the pole piece: falling before, rising after x and y.

    Raises ``ValueError`` when tilt or rotation is named: those need the safe plane.
    """
    if target.tilt_deg is not None or target.rotation_deg is not None:
        raise ValueError("Tilt and rotation are driven at the safe plane only: plan a path to imaging.")
    across, height = StagePose(x_um=target.x_um, y_um=target.y_um), StagePose(z_um=target.z_um)
    falls = target.z_um is not None and current.z_um is not None and target.z_um < current.z_um
    return tuple(_named(height, across) if falls else _named(across, height))


def centred_xy(
    wafer_point_um: tuple[float, float], rotation_deg: float, rotation_centre_um: tuple[float, float]
) -> tuple[float, float]:
    """Stage x, y [um] that bring a wafer point onto the beam axis at this stage rotation.

    ``R(rotation) @ (p - c) + c``, see :mod:`hardware.types`.
    """
    cx, cy = rotation_centre_um
    dx, dy = wafer_point_um[0] - cx, wafer_point_um[1] - cy
    c, s = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    return c * dx - s * dy + cx, s * dx + c * dy + cy
