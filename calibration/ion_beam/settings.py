"""What an operator chooses and agrees to before marks are burned."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from calibration.procedure import CONSENT
from hardware.types import FrameSettings
from scopeacq.burning import Agreed
from scopeacq.plan.bounds import Place
from scopeacq.plan.settings import Settings

FIELD_PX = 256
"""Edge of the frames by which marks are seen."""

Volts = Annotated[float, Field(ge=0.5, le=20)]


class IonBeamSettings(Settings):
    """The place on bare wafer, the marks, and what they may cost."""

    consent: Annotated[bool, CONSENT] = Field(
        False,
        title="Only bare wafer lies there",
        description="I have looked: there is nothing but bare wafer around this place.",
    )
    x_um: Place | None = Field(
        None, title="Place on the wafer: x", description="Middle of a row of four marks on bare wafer."
    )
    y_um: Place | None = Field(
        None, title="Place on the wafer: y", description="Middle of a row of four marks on bare wafer."
    )
    small_vpp: Volts = Field(
        0.6, title="Small raster", description="Amplitude of both plates for two of the marks."
    )
    large_vpp: Volts = Field(
        0.9, title="Large raster", description="Amplitude of both plates for the two others."
    )
    dz_um: Annotated[float, Field(ge=50, le=490)] = Field(
        400.0,
        title="Change of height",
        description="Two marks are burned so far above the mill height, two below: that tells the angle.",
    )
    charge_uc_per_mm2: Annotated[float, Field(gt=0, le=100)] = Field(
        0.4,
        title="Charge per area",
        description="Across the beam. Enough to go just through the coating: more blurs what is measured.",
    )
    charge_limit_uc: Annotated[float, Field(gt=0, le=1000)] = Field(
        4.0, title="Charge limit", description="All marks together never get more."
    )
    clearance_um: Annotated[float, Field(ge=100, le=5000)] = Field(
        500.0,
        title="Clearance",
        description="How much farther than the profile says ions may come: nothing may lie nearer.",
    )
    pixel_size_nm: Annotated[float, Field(ge=500, le=8000)] = Field(
        4000.0, description="Of the frames by which the marks are seen."
    )
    dwell_ns: Annotated[float, Field(ge=50, le=1e5)] = Field(4000.0, description="Of these frames.")
    take_raster: bool = Field(
        True,
        title="Raster's scale as well",
        description="Take what a volt scans from the marks; a target of known diameter tells it better.",
    )

    @model_validator(mode="after")
    def _differ(self) -> IonBeamSettings:
        if self.large_vpp < 1.2 * self.small_vpp:
            raise ValueError("large_vpp must be at least 1.2 times small_vpp")
        return self

    @property
    def agreed(self) -> Agreed:
        return Agreed(self.consent, self.charge_limit_uc, self.clearance_um)

    @property
    def frame(self) -> FrameSettings:
        return FrameSettings(FIELD_PX, FIELD_PX, self.pixel_size_nm, self.dwell_ns)
