"""What an operator chooses of the stage's calibration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calibration.watching import WHERE
from hardware.types import FrameSettings
from scopeacq.plan.settings import Settings


class StageCalibrationSettings(Settings):
    """Frames, and how far and how often the stage goes away and comes back."""

    section: str = Field("", description=WHERE)
    pixel_size_nm: Annotated[float, Field(ge=5, le=200)] = Field(
        50.0, description="Of the frames, which have to show structure."
    )
    width_px: Annotated[int, Field(ge=256, le=4096)] = Field(1024, description="Of the frames.")
    height_px: Annotated[int, Field(ge=256, le=4096)] = Field(1024, description="Of the frames.")
    dwell_ns: Annotated[float, Field(ge=10, le=1e5)] = Field(100.0, description="Of the frames.")
    short_move_um: Annotated[float, Field(ge=20, le=500)] = Field(
        60.0, title="Short moves", description="As between the tiles of a section."
    )
    repeats: Annotated[int, Field(ge=4, le=100)] = Field(
        10, description="Arrivals from each side along each axis, after short moves."
    )
    long_move_um: Annotated[float, Field(ge=500, le=50_000)] = Field(
        10_000.0, title="Long moves", description="As to the other end of the wafer and back."
    )
    long_repeats: Annotated[int, Field(ge=3, le=50)] = Field(
        5, title="Repeats of long moves", description="Along each axis, there and back."
    )
    most_off_um: Annotated[float, Field(ge=1, le=20)] = Field(
        10.0, title="Search", description="How far off the stage may come back."
    )
    settling_moves: Annotated[int, Field(ge=2, le=20)] = Field(
        4, description="Moves after which the image is watched coming to rest."
    )
    settled_within_nm: Annotated[float, Field(ge=1, le=1000)] = Field(
        20.0, title="At rest within", description="The stage counts as settled once the image moves less."
    )

    @property
    def frame(self) -> FrameSettings:
        """The frames by which places are compared."""
        return FrameSettings(self.width_px, self.height_px, self.pixel_size_nm, self.dwell_ns)

    @property
    def quick_frame(self) -> FrameSettings:
        """Frames that take milliseconds, to watch the stage settle."""
        return FrameSettings(self.width_px // 2, self.height_px // 2, self.pixel_size_nm, self.dwell_ns)
