"""The physical vocabulary: what is asked of a GCIB-SEM and what it answers.

Everything here is immutable. Units stand in the names. Frames of reference:

* *lab*: fixed to the column. Origin on the beam axis, x to the right and y away from
  the operator in an unrotated image, z up. The tilt axis is the lab's x axis. The ion
  gun shoots from the lab's -y side towards +y, horizontally.
* *stage*: the pose of the stage. At tilt 0 the wafer point p lies in the lab at
  ``R(rotation) @ (p - c) + c - (x, y)`` with c the rotation centre, so that at
  rotation 0 a stage at (x, y) shows the wafer point (x, y).
* *image*: pixels, column to the right, row **down**. ``scan_rot_deg`` turns the scan
  counter-clockwise in the lab: the pixel (col, row) shows the lab point
  ``R(scan_rot) @ ((col - (w-1)/2) * px, -(row - (h-1)/2) * px) + beam_shift``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the guard process reads this vocabulary and stays without NumPy
    import numpy as np
    from numpy.typing import NDArray

Image: TypeAlias = "NDArray[np.uint8] | NDArray[np.uint16]"


@dataclass(frozen=True, slots=True)
class Optics:
    """What focusing controls: working distance [um] and stigmators [a.u. of the vendor]."""

    wd_um: float
    stig_x: float
    stig_y: float

    def shifted(self, wd_um: float = 0.0, stig_x: float = 0.0, stig_y: float = 0.0) -> Optics:
        """These optics with the given differences added."""
        return Optics(self.wd_um + wd_um, self.stig_x + stig_x, self.stig_y + stig_y)


@dataclass(frozen=True, slots=True)
class StagePose:
    """A pose of the stage. As a target, ``None`` leaves that axis alone."""

    x_um: float | None = None
    y_um: float | None = None
    z_um: float | None = None
    tilt_deg: float | None = None
    rotation_deg: float | None = None

    def over(self, current: StagePose) -> StagePose:
        """The complete pose that results when this target is reached from ``current``."""
        given = {f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None}
        return replace(current, **given)

    @property
    def complete(self) -> bool:
        """Whether every axis has a value."""
        return all(getattr(self, f.name) is not None for f in fields(self))


@dataclass(frozen=True, slots=True)
class PoseTolerance:
    """How far a pose read back may lie from the pose wanted."""

    x_um: float = 10.0
    y_um: float = 10.0
    z_um: float = 10.0
    tilt_deg: float = 0.1
    rotation_deg: float = 0.1


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval of allowed values."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class FrameSettings:
    """How one frame is scanned."""

    width_px: int
    height_px: int
    pixel_size_nm: float
    dwell_ns: float
    scan_rot_deg: float = 0.0
    bit_depth: int = 8

    @property
    def duration_s(self) -> float:
        """Bare dwell time of the frame, without flyback [s]."""
        return self.width_px * self.height_px * self.dwell_ns * 1e-9

    def electron_dose_per_nm2(self, probe_current_na: float) -> float:
        """Electrons per nm^2 that the frame lays down: I * dwell / (e * pixel area)."""
        per_pixel = probe_current_na * 1e-9 * self.dwell_ns * 1e-9 / 1.602176634e-19
        return per_pixel / self.pixel_size_nm**2


@dataclass(frozen=True, slots=True)
class PixelShape:
    """How pixels differ from squares of the same area: what no command to a scanner takes out.

    ``shear``: how far a column leans, pixels to the right per row upwards. ``aspect``: height over width.
    """

    shear: float = 0.0
    aspect: float = 1.0


SQUARE = PixelShape()


@dataclass(frozen=True, slots=True)
class Frame:
    """One complete scan: never partial, never stale.

    ``image`` has shape (height_px, width_px), uint8 or uint16, as the detector gave it.
    ``scanned_at_s`` is the instrument's clock at the first pixel. Scanners leave ``shape`` alone.
    """

    image: Image
    settings: FrameSettings
    optics: Optics
    stage: StagePose
    scanned_at_s: float
    shape: PixelShape = SQUARE


@dataclass(frozen=True, slots=True)
class BeamState:
    """Read-back of the electron column."""

    eht_on: bool
    eht_kv: float
    valve_open: bool
    probe_current_na: float
    blanked: bool


@dataclass(frozen=True, slots=True)
class DetectorState:
    """Read-back of the electron detector. ``safe``: bias and HV down, as milling needs it."""

    hv_on: bool
    gain: float
    offset: float

    @property
    def safe(self) -> bool:
        return not self.hv_on


@dataclass(frozen=True, slots=True)
class GunState:
    """Read-back of the ion gun (not of its blanker, which belongs to the guard)."""

    hv_kv: float
    hv_on: bool
    gas_bar: float
    pump_pressure_mbar: float


@dataclass(frozen=True, slots=True)
class CurrentReading:
    """An ion current by Faraday cup and when it was measured (instrument's clock)."""

    current_na: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Preamplifier:
    """How a current preamplifier makes volts of a current. ``inverted``: electrons read as positive."""

    sensitivity_a_per_v: float
    inverted: bool


@dataclass(frozen=True, slots=True)
class VoltReading:
    """What a multimeter read behind a preamplifier, and when (instrument's clock)."""

    volts: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Raster:
    """Ion raster: sawtooth on both plates, amplitudes into high impedance."""

    x_vpp: float
    y_vpp: float
    x_hz: float = 100.0
    y_hz: float = 1.0


@dataclass(frozen=True, slots=True)
class RasterState:
    """Read-back of the waveform generator. ``load_ohm`` is ``inf`` for high impedance."""

    raster: Raster
    running: bool
    load_ohm: float


class Blanker(Enum):
    """What the read-back of the ion blanker says."""

    BLANKED = "blanked"
    OPEN = "open"
    UNKNOWN = "unknown"
