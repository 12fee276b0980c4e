"""Where on the wafer a frame lies, given where the stage truly stands and what the lenses do."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hardware.simulator.config import ColumnSettings
from hardware.simulator.mounted import Mounted
from hardware.types import FrameSettings, StagePose

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScanGeometry:
    """``to_wafer`` maps (col, row, 1) to um of a wafer that is mounted straight, shape (2, 3).
    ``plane_z_um`` is the height of the tilted wafer's plane under the frame's centre."""

    to_wafer: Floats
    centre_um: tuple[float, float]
    plane_z_um: float

    def under(self, mounted: Mounted) -> ScanGeometry:
        """The same frame on a wafer that is mounted like this."""
        to_wafer = mounted.on_wafer(self.to_wafer)
        x_um, y_um = mounted.on_wafer(np.array([self.centre_um]).T)[:, 0]
        return ScanGeometry(to_wafer, (float(x_um), float(y_um)), self.plane_z_um)


def as_scanned(told: FrameSettings, column: ColumnSettings) -> FrameSettings:
    """What the scanner makes of a frame that it is told to scan: other pixels, turned otherwise."""
    return replace(
        told,
        pixel_size_nm=told.pixel_size_nm * column.pixel_size_factor,
        scan_rot_deg=told.scan_rot_deg + column.scan_rotation_deg,
    )


def scan_geometry(
    frame: FrameSettings,
    pose: StagePose,
    wd_um: float,
    beam_shift_um: tuple[float, float],
    column: ColumnSettings,
    wd_reference_um: float,
    rotation_centre_um: tuple[float, float],
) -> ScanGeometry:
    """The frame as it truly lies, ``pose`` being the true one, and ``frame`` :func:`as_scanned`.

    Conventions of :mod:`hardware.types`. Pixels are sheared and no squares as ``column`` says. Away from
    ``wd_reference_um`` the lens shifts, turns and magnifies the image.
    """
    assert pose.tilt_deg is not None and pose.rotation_deg is not None and pose.z_um is not None
    dwd_um = wd_um - wd_reference_um
    lens = (1 + column.image_magnification_per_um * dwd_um) * _rotation(
        column.image_rotation_deg_per_um * dwd_um
    )
    pixel_um = frame.pixel_size_nm * 1e-3
    edge = math.sqrt(column.pixel_aspect)
    pixel = np.array([[1 / edge, column.scan_shear], [0.0, edge]])
    to_lab = lens @ _rotation(frame.scan_rot_deg) @ pixel @ np.diag([pixel_um, -pixel_um])
    lab_centre = lens @ np.array(beam_shift_um) + np.array(column.image_shift_um_per_um) * dwd_um
    tilt = math.radians(pose.tilt_deg)
    onto_plane = np.diag([1.0, 1.0 / math.cos(tilt)])
    back = _rotation(-pose.rotation_deg)
    pivot = np.array(rotation_centre_um)
    linear = back @ onto_plane @ to_lab
    on_plane = onto_plane @ lab_centre
    centre = back @ (on_plane + np.array([pose.x_um, pose.y_um]) - pivot) + pivot
    middle_px = np.array([(frame.width_px - 1) / 2, (frame.height_px - 1) / 2])
    to_wafer = np.column_stack([linear, centre - linear @ middle_px])
    plane_z_um = pose.z_um + float(on_plane[1]) * math.sin(tilt)
    return ScanGeometry(to_wafer, (float(centre[0]), float(centre[1])), plane_z_um)


def _rotation(angle_deg: float) -> Floats:
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array([[c, -s], [s, c]])
