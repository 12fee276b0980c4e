"""How a mosaic of the wafer is acquired: ``[overview]`` of ``project.toml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from hardware.types import FrameSettings
from scopeacq.plan.bounds import Pixels, PixelSize, Positive
from scopeacq.plan.settings import Settings

MAX_TILES_PER_EDGE = 200
LEAST_OVERLAP_PX = 8
"""Less is too narrow to find one tile in another."""

_Tiles = Annotated[int, Field(ge=1, le=MAX_TILES_PER_EDGE)]
_Place = Annotated[float, Field(ge=-1e6, le=1e6)]


class OverviewSettings(Settings):
    """The mosaic of the wafer on which sections are found. Defaults: Schubert 2022, chapter 2."""

    columns: _Tiles = Field(14, title="Columns of tiles", description="Tiles along the wafer's x.")
    rows: _Tiles = Field(19, title="Rows of tiles", description="Tiles along the wafer's y.")
    tile_width_px: Pixels = Field(1024, description="Columns of a tile.")
    tile_height_px: Pixels = Field(768, description="Rows of a tile.")
    pixel_size_nm: PixelSize = Field(1000.0, description="Edge of a pixel on the wafer.")
    overlap_px: Annotated[int, Field(ge=LEAST_OVERLAP_PX)] = Field(
        32, description="How much neighbouring tiles share; they are fitted together by it."
    )
    dwell_ns: Positive = Field(200.0, title="Dwell time", description="How long the beam stays on a pixel.")
    centre_x_um: _Place = Field(0.0, description="Middle of the mosaic on the wafer.")
    centre_y_um: _Place = Field(0.0, description="Middle of the mosaic on the wafer.")

    @model_validator(mode="after")
    def _overlap_fits(self) -> OverviewSettings:
        if self.overlap_px >= min(self.tile_width_px, self.tile_height_px) // 2:
            raise ValueError("overlap_px must be smaller than half a tile")
        return self

    def frame(self, scan_rot_deg: float) -> FrameSettings:
        """How each tile is scanned."""
        return FrameSettings(
            self.tile_width_px, self.tile_height_px, self.pixel_size_nm, self.dwell_ns, scan_rot_deg
        )
