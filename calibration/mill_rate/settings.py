"""What the measurement of a mill rate is told, and what it costs."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from calibration.procedure import Cost
from scopeacq.plan.bounds import NonNegative
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings

PerCent = Annotated[float, Field(ge=0, le=100)]


class StackSettings(Settings):
    """Which slices are looked at, and how the wafer is told from tissue."""

    run: str = Field("", description="Folder of the run that milled sections through; empty is this one.")
    sections: tuple[str, ...] = Field((), description="Names of the sections that are used; empty is all.")
    square_px: Annotated[int, Field(ge=32, le=8192)] = Field(
        1000, title="Square", description="Edge of what is looked at, in the middle of each section."
    )
    dark_below: Annotated[int, Field(ge=1, le=255)] = Field(
        10, description="Grey level (of 255) below which a pixel shows the wafer."
    )


class MillRateSettings(StackSettings):
    """How well is known what the rate follows from."""

    irradiation_1e27_ev_per_cm3: NonNegative | None = Field(
        None, description="That these sections were given; empty is what their run's project says."
    )
    thickness_sd_nm: NonNegative = Field(
        5.0, title="Uncertainty of thickness", description="Of sections as they were cut."
    )
    current_sd_percent: PerCent = Field(
        1.0, title="Uncertainty of current", description="Of the Faraday cup."
    )
    raster_sd_percent: PerCent = Field(
        1.0, title="Uncertainty of raster", description="Of the micrometres per volt."
    )
    final_slice: Annotated[int, Field(ge=1)] | None = Field(
        None,
        title="Last slice, by eye",
        description="Number of the last slice with tissue, counted from 1; for a single section, "
        "where the wafer is not dark.",
    )

    @model_validator(mode="after")
    def _one_section_by_eye(self) -> MillRateSettings:
        if self.final_slice is not None and len(self.sections) != 1:
            raise ValueError("final_slice is of one section: name it in sections")
        return self

    @property
    def common_relative_sd(self) -> float:
        """What is uncertain of all sections alike; the raster counts with both of its edges."""
        return math.hypot(self.current_sd_percent, 2 * self.raster_sd_percent) / 100


SECONDS_PER_PLANE = 0.05
"""To read a square of it and look at it."""


def cost(plan: Plan, settings: StackSettings) -> Cost:
    """Files are read; nothing is asked of the instrument."""
    sections = len(settings.sections) or len(plan.wafer.sections)
    said = ("Files alone are read; the instrument is not needed.",)
    return Cost(sections * plan.project.cycles * SECONDS_PER_PLANE, said=said)
