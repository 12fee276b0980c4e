"""What an operator says of a picture that was taken with the ion beam's raster."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from scopeacq.plan.settings import Settings

Volts = Annotated[float, Field(gt=0, le=20)]


class RasterSettings(Settings):
    """The picture, the target in it, and what the generator put out."""

    picture: str = Field(
        "",
        title="Picture of the target",
        description="TIFF, PNG or JPEG of the target as the ion raster scanned it, its edges uncut.",
    )
    x_vpp: Volts = Field(10.0, title="Amplitude: x", description="Of the plates of the fast lines.")
    y_vpp: Volts = Field(10.0, title="Amplitude: y", description="Of the plates of the slow frames.")
    diameter_um: Annotated[float, Field(gt=0, le=100_000)] = Field(
        3000.0, title="Diameter of the target", description="Of a round aperture or disc that is uncut."
    )
    diameter_sd_um: Annotated[float, Field(ge=0, le=10_000)] = Field(
        10.0, title="Its uncertainty", description="Standard deviation of the diameter."
    )
    facing_deg: Annotated[float, Field(ge=10, le=90)] = Field(
        90.0,
        title="Angle of the target",
        description="Between the ion beam and the target's face; 90 where it faces the gun.",
    )
    x_shown: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, title="Part shown: x", description="Share of the sawtooth that the picture's columns show."
    )
    y_shown: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, title="Part shown: y", description="Share of the sawtooth that the picture's rows show."
    )
