"""What an operator says of a microscope with AutoScript."""

from __future__ import annotations

from enum import Enum

from pydantic import Field

from hardware.parts import DeviceSettings
from hardware.types import Range

AS_SHOWN = "As the microscope's own software shows it."


class StageFrame(Enum):
    """Which of its two stage coordinate systems the microscope is asked in, and which way z points there.

    ``RAW``: the encoders'; z points up, towards the pole piece, and nothing shifts it. ``LINKED``: the
    specimen's; z is the distance below the pole piece, so it points down, and only counts while the
    stage is linked to the working distance; linking it again shifts it.
    """

    RAW = "Raw"
    LINKED = "Specimen"


class Bias(Enum):
    """The voltage that draws electrons into the detector."""

    SUCTION_TUBE = "suction_tube_voltage"
    GRID = "grid_voltage"
    MIRROR = "mirror_voltage"


class AutoScriptSettings(DeviceSettings):
    """The table of a microscope with AutoScript in ``instruments.toml``."""

    host: str = Field(
        "localhost", title="Host", description="The computer on which AutoScript's server runs."
    )
    port: int = Field(7520, title="Port", description="AutoScript's own is 7520.", gt=0, lt=65536)
    view: int = Field(
        1, title="View", description="Quadrant of the microscope's window to scan in.", ge=1, le=4
    )
    detector: str = Field(
        "", title="Detector", description="TLD, ICD, ETD. Left empty: the one that is in use."
    )
    bias: Bias = Field(
        Bias.SUCTION_TUBE, title="Detector bias", description="What is taken down before ions are let in."
    )
    bias_v: float = Field(
        70.0, title="Bias for imaging", description="Of the detector while it images.", ge=-1e4, le=1e4
    )
    lens_settle_s: float = Field(
        0.3,
        title="Settling of lenses",
        description="After working distance or stigmators were set.",
        ge=0,
        le=60,
    )
    stage_frame: StageFrame = Field(
        StageFrame.RAW,
        title="Stage coordinates",
        description="Raw: z points up. Specimen: z is linked to the working distance, and points down.",
    )
    x_inverted: bool = Field(
        False, title="x inverted", description="Stage x falls where the wafer's rises."
    )
    y_inverted: bool = Field(
        False, title="y inverted", description="Stage y falls where the wafer's rises."
    )
    rotation_inverted: bool = Field(False, title="Rotation inverted", description="It counts clockwise.")
    scan_rotation_inverted: bool = Field(
        False, title="Scan rotation inverted", description="The frame turns clockwise on the specimen."
    )
    x_limits_um: tuple[float, float] = Field((-55e3, 55e3), title="Limits of x", description=AS_SHOWN)
    y_limits_um: tuple[float, float] = Field((-55e3, 55e3), title="Limits of y", description=AS_SHOWN)
    z_limits_um: tuple[float, float] = Field(
        (0.0, 65e3),
        title="Limits of z",
        description="Upwards. Of linked z, which points down, they are negative.",
    )
    tilt_limits_deg: tuple[float, float] = Field(
        (-10.0, 60.0), title="Limits of tilt", description=AS_SHOWN
    )
    rotation_limits_deg: tuple[float, float] = Field(
        (-360.0, 360.0), title="Limits of rotation", description=AS_SHOWN
    )
    xy_um_per_s: float = Field(2_000.0, title="Speed of x and y", description=AS_SHOWN, gt=0)
    z_um_per_s: float = Field(1_000.0, title="Speed of z", description=AS_SHOWN, gt=0)
    tilt_deg_per_s: float = Field(3.0, title="Speed of tilt", description=AS_SHOWN, gt=0)
    rotation_deg_per_s: float = Field(12.0, title="Speed of rotation", description=AS_SHOWN, gt=0)
    stage_settle_s: float = Field(
        0.5,
        title="Settling of the stage",
        description="What a move takes beside its travel.",
        ge=0,
        le=60,
    )

    def stage_limits(self) -> dict[str, Range]:
        """By the field names of :class:`~hardware.types.StagePose`."""
        return {
            "x_um": Range(*self.x_limits_um),
            "y_um": Range(*self.y_limits_um),
            "z_um": Range(*self.z_limits_um),
            "tilt_deg": Range(*self.tilt_limits_deg),
            "rotation_deg": Range(*self.rotation_limits_deg),
        }
