"""Structures and errors of AutoScript's package. SI units, radians."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from numpy.typing import NDArray


class ApplicationServerException(Exception):
    """The server refused."""


class ApiException(Exception):
    """The client refused."""


@dataclass
class Point:
    x: float = 0.0
    y: float = 0.0


@dataclass
class Limits:
    min: float
    max: float


@dataclass
class LimitsXY:
    limits_x: Limits
    limits_y: Limits


@dataclass
class StagePosition:
    """As a target, ``None`` leaves that axis where it is."""

    x: float | None = None
    y: float | None = None
    z: float | None = None
    t: float | None = None
    r: float | None = None
    coordinate_system: str | None = None


@dataclass
class MoveSettings:
    rotate_compucentric: bool | None = None
    link_z_y: bool | None = None


@dataclass
class GrabFrameSettings:
    resolution: str | None = None
    dwell_time: float | None = None
    bit_depth: int | None = None


@dataclass
class ScanSettings:
    dwell_time: float | None = None


@dataclass
class BinaryResult:
    pixel_size: Point


@dataclass
class AdornedImageMetadata:
    scan_settings: ScanSettings
    binary_result: BinaryResult


@dataclass
class AdornedImage:
    data: NDArray[Any]
    metadata: AdornedImageMetadata

    @property
    def width(self) -> int:
        return int(self.data.shape[1])

    @property
    def height(self) -> int:
        return int(self.data.shape[0])


IMAGING_DEVICE = SimpleNamespace(ELECTRON_BEAM=1, ION_BEAM=2, CCD_CAMERA=3)
RAW, SPECIMEN = "Raw", "Specimen"
