"""What an operator chooses of the scan's calibration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from calibration.watching import WHERE
from hardware.types import FrameSettings
from scopeacq.plan.settings import Settings

ScanRotation = Annotated[float, Field(ge=0, lt=360)]


class ScanCalibrationSettings(Settings):
    """Frames, how far the stage moves between them, and how precise the result is to be."""

    section: str = Field("", description=WHERE)
    pixel_size_nm: Annotated[float, Field(ge=5, le=500)] = Field(
        100.0, description="Of the frames: large ones need fewer moves, but they have to show structure."
    )
    width_px: Annotated[int, Field(ge=256, le=8192)] = Field(1536, description="Of the frames.")
    height_px: Annotated[int, Field(ge=256, le=8192)] = Field(1536, description="Of the frames.")
    dwell_ns: Annotated[float, Field(ge=10, le=1e5)] = Field(200.0, description="Of the frames.")
    scan_rot_deg: tuple[ScanRotation, ScanRotation] = Field(
        (0.0, 90.0),
        title="Scan rotations",
        description="Two that differ much: what turns with the scan is told from the stage by them.",
    )
    farthest_share: Annotated[float, Field(ge=0.2, le=0.75)] = Field(
        0.6, title="Farthest move", description="Share of a frame's shorter edge."
    )
    most_moves: Annotated[int, Field(ge=48, le=2000)] = Field(
        192, title="Most moves", description="It ends earlier, once it is as precise as wanted."
    )
    pixel_size_sd_percent: Annotated[float, Field(gt=0, le=0.05)] = Field(
        0.025, title="Wanted for pixels", description="Standard deviation of the pixel size."
    )
    rotation_sd_deg: Annotated[float, Field(gt=0, le=0.03)] = Field(
        0.015, title="Wanted for rotation", description="Standard deviation of the scan rotation."
    )
    wd_reach_um: Annotated[float, Field(ge=2, le=200)] = Field(
        30.0,
        title="Through working distances",
        description="How far on either side of the present one; frames must stay recognisable.",
    )

    @model_validator(mode="after")
    def _tell_scan_from_stage(self) -> ScanCalibrationSettings:
        first, second = self.scan_rot_deg
        if abs((second - first + 90) % 180 - 90) < 30:
            raise ValueError("the scan rotations differ by less than 30 degrees: choose 0 and 90")
        return self

    @property
    def farthest_um(self) -> float:
        """How far the stage moves from its place."""
        return self.farthest_share * min(self.width_px, self.height_px) * self.pixel_size_nm * 1e-3

    def frame(self, scan_rot_deg: float) -> FrameSettings:
        """The frames at a scan rotation."""
        return FrameSettings(self.width_px, self.height_px, self.pixel_size_nm, self.dwell_ns, scan_rot_deg)
