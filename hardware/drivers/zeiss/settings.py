"""What a laboratory says of its Zeiss SEM. The tables of a Merlin are the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hardware.drivers.zeiss.parameters import Analogue
from hardware.parts import DeviceSettings

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Sign = Literal[-1, 1]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _not_zero(value: float) -> float:
    if value == 0:
        raise ValueError("0 would mean that it moves nothing")
    return value


NotZero = Annotated[float, AfterValidator(_not_zero)]


Size = Annotated[str, Field(pattern=r"^[1-9]\d{0,5} ?\* ?[1-9]\d{0,5}$")]


@dataclass(frozen=True, slots=True)
class ImageStore:
    """A size that frames may have, and its place in SmartSEM's list."""

    index: int
    width_px: int
    height_px: int

    def __str__(self) -> str:
        return f"{self.width_px} * {self.height_px}"


@dataclass(frozen=True, slots=True)
class ScanRate:
    """A scan speed, and the dwell time that it means on this instrument."""

    rate: int
    dwell_ns: float


class StageFrame(_Table):
    """How SmartSEM's stage axes lie in ours: ``ours = sign * (SmartSEM's - zero)``, axis by axis.

    Ours: the stage at (x, y) and rotation 0 shows the wafer point (x, y); z points up towards the pole
    piece; a positive tilt raises the wafer's far edge (+y); rotation is counter-clockwise from above.
    SmartSEM's x and y run from 0 to 130 mm on a Merlin, and its z grows upwards.
    """

    x_sign: Sign = Field(
        1, title="Sense of x", description="1 where the image shows what lies right at a larger x."
    )
    y_sign: Sign = Field(
        1, title="Sense of y", description="1 where the image shows what lies up at a larger y."
    )
    z_sign: Sign = Field(1, title="Sense of z", description="1 where a larger z raises the stage.")
    tilt_sign: Sign = Field(
        1, title="Sense of tilt", description="1 where a positive one raises the wafer's far edge."
    )
    rotation_sign: Sign = Field(
        1, title="Sense of rotation", description="1 where it counts counter-clockwise from above."
    )
    x_zero_mm: float = Field(65.0, title="Zero of x", description="SmartSEM's x where ours is 0.")
    y_zero_mm: float = Field(65.0, title="Zero of y", description="SmartSEM's y where ours is 0.")
    z_zero_mm: float = Field(0.0, title="Zero of z", description="SmartSEM's z where ours is 0.")
    tilt_zero_deg: float = Field(0.0, title="Zero of tilt", description="SmartSEM's tilt where ours is 0.")
    rotation_zero_deg: float = Field(
        0.0, title="Zero of rotation", description="SmartSEM's rotation where ours is 0."
    )


class StageSpeeds(_Table):
    """How fast the axes go. Only deadlines and estimates follow from it."""

    xy_um_per_s: Positive = Field(2_000.0, title="Speed of x and y", description="As SmartSEM shows it.")
    z_um_per_s: Positive = Field(500.0, title="Speed of z", description="As SmartSEM shows it.")
    tilt_deg_per_s: Positive = Field(2.0, title="Speed of tilt", description="As SmartSEM shows it.")
    rotation_deg_per_s: Positive = Field(
        10.0, title="Speed of rotation", description="As SmartSEM shows it."
    )


_STORES = (
    "1024 * 768",
    "512 * 384",
    "2048 * 1536",
    "3072 * 2304",
    "4096 * 3072",
    "5120 * 3840",
    "6144 * 4608",
    "8192 * 6144",
    "12288 * 9216",
    "16384 * 12288",
    "24576 * 18432",
    "32768 * 24576",
)
_DWELLS_NS = (50.0, 100.0, 200.0, 400.0, 800.0, 1_600.0, 3_200.0, 6_400.0, 12_800.0)
"""Of a Merlin, by the presets of SBEMimage."""


class ZeissSettings(DeviceSettings):
    """A Zeiss SEM under SmartSEM (Merlin, GeminiSEM, Sigma, Ultra Plus, Crossbeam)."""

    program_id: str = Field(
        "CZ.EMApiCtrl.1",
        title="COM class",
        description="SmartSEM's remote control as Windows knows it. "
        "module:function names a stand-in in Python, which is called with the address.",
    )
    address: str = Field("", title="Address of a stand-in", description="Not used with a COM class.")
    answer_s: Positive = Field(
        5.0, le=18.0, title="Deadline of a call", description="Then SmartSEM counts as hung."
    )
    urgent_answer_s: Positive = Field(
        0.7, le=0.7, title="Deadline of an urgent call", description="Of blanking, stopping and aborting."
    )
    grab_folder: Path | None = Field(
        None,
        title="Folder for images",
        description="Where SmartSEM may write the image of a frame, which is removed after reading. "
        "Left out: the run's own folder.",
    )
    grab_s: Positive = Field(
        15.0, title="Deadline of an image", description="For SmartSEM to write the largest one."
    )
    bit_depth: Literal[8, 16] = Field(
        8, title="Bits per pixel", description="Of the TIFF files that this SmartSEM writes."
    )
    image_stores: tuple[Size, ...] = Field(
        _STORES,
        title="Store resolutions",
        min_length=1,
        description="The sizes of frames that SmartSEM offers, in the order of its list.",
    )
    dwell_times_ns: tuple[Positive, ...] = Field(
        _DWELLS_NS,
        title="Dwell times",
        min_length=1,
        max_length=16,
        description="Of the scan speeds 0, 1, 2 and so on; SmartSEM shows it when a speed is chosen.",
    )
    scan_settling_s: NotNegative = Field(
        0.5,
        title="Settling of the scan",
        description="After a change of frame size, pixel size or rotation.",
    )
    scan_rotation_sign: Sign = Field(
        1,
        title="Sense of scan rotation",
        description="1 where SmartSEM's turns the scan counter-clockwise.",
    )
    scan_rotation_zero_deg: float = Field(
        0.0, title="Zero of scan rotation", description="SmartSEM's angle at which the image is upright."
    )
    lens_settling_s: NotNegative = Field(
        0.2, title="Settling of lenses", description="After working distance or stigmators were set."
    )
    beam_shift_x_um: NotZero = Field(
        11.5,
        title="Reach of beam shift x",
        description="How far 100 % moves the beam, negative where to the left. Measure it: the default is "
        "of a Sigma.",
    )
    beam_shift_y_um: NotZero = Field(
        11.5,
        title="Reach of beam shift y",
        description="How far 100 % moves the beam, negative where towards the operator.",
    )
    eht_s: Positive = Field(
        15.0, le=18.0, title="Deadline of the EHT", description="For running up and down."
    )
    valve_s: Positive = Field(
        10.0, le=18.0, title="Deadline of the column valve", description="For opening and shutting."
    )
    detector: str = Field(
        "InLens", title="Detector", description="The signal of which frames are made, as SmartSEM calls it."
    )
    collector_bias_v: float | None = Field(
        None,
        title="Collector bias",
        description="Of an SE2 detector while it images; 0 V is its safe state. Left out: not touched.",
    )
    meter_settling_s: NotNegative = Field(
        1.0, title="Settling of the current meter", description="Of the specimen current monitor."
    )
    pressure_from: Literal[Analogue.CHAMBER_PRESSURE, Analogue.SYSTEM_VACUUM] = Field(
        Analogue.CHAMBER_PRESSURE,
        title="Pressure gauge",
        description="AP_CHAMBER_PRESSURE [Pa], or AP_SYSTEM_VAC [mbar] where the first reads 0.",
    )
    stage_frame: StageFrame = Field(
        StageFrame(), title="Stage axes", description="How SmartSEM's lie in ours."
    )
    stage_speeds: StageSpeeds = Field(
        StageSpeeds(), title="Stage speeds", description="Only deadlines and estimates follow from them."
    )
    stage_settling_s: NotNegative = Field(0.5, title="Settling of the stage", description="After a move.")
    stage_tolerance_um: Positive = Field(
        10.0, title="Tolerance of the stage", description="How far an axis may end from where it was sent."
    )
    stage_tolerance_deg: Positive = Field(
        0.1, title="Tolerance of tilt and rotation", description="How far they may end from where sent."
    )

    def stores(self) -> list[ImageStore]:
        """What frames may be."""
        sizes = [tuple(map(int, size.split("*"))) for size in self.image_stores]
        return [ImageStore(index, width_px, height_px) for index, (width_px, height_px) in enumerate(sizes)]

    def scan_rates(self) -> list[ScanRate]:
        """How fast they may be scanned."""
        return [ScanRate(rate, dwell_ns) for rate, dwell_ns in enumerate(self.dwell_times_ns)]
