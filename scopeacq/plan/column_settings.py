"""The electron column and its scan, as calibrated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from hardware.optics import StigmatorFrame
from scopeacq.plan.bounds import Angle, NonNegative, Place, Positive
from scopeacq.plan.settings import MEASURED, Settings


class ElectronSettings(Settings):
    """The electron column as calibrated."""

    eht_kv: Positive = Field(1.5, description="Acceleration voltage.")
    probe_current_na: Positive = Field(1.8, description="Of the electron probe; dose is counted by it.")
    aperture_um: Positive | None = Field(
        None, description="Of the aperture in use, where it can be chosen: calibrations depend on it."
    )
    convergence_mrad: Annotated[Positive, MEASURED] = Field(
        8.9,
        title="Convergence angle",
        description="Half angle of the probe's cone: how fast blur grows with defocus.",
    )
    probe_floor_nm: Annotated[Positive, MEASURED] = Field(
        4.5, description="Rms width of the probe in perfect focus."
    )
    wd_at_z0_um: Annotated[Positive, MEASURED] = Field(
        30_000.0,
        description="Working distance of a flat wafer at stage z = 0.",
        title="Working distance at z = 0",
    )
    stigmator_um_per_unit: Annotated[Positive, MEASURED] = Field(
        4.0, title="Stigmator strength", description="Focal shift of one unit of a stigmator."
    )
    stigmator_rotation_deg: Annotated[Angle, MEASURED] = Field(
        0.0, description="Of the stigmators' axes in the lab."
    )
    stigmator_y_ratio: Annotated[Positive, MEASURED] = Field(
        1.0,
        title="Stigmator y over x",
        description="How many times as strongly stigmator y acts as stigmator x.",
    )
    stigmator_skew_deg: Annotated[Angle, MEASURED] = Field(
        0.0,
        title="Stigmator skew",
        description="Of the axes of stigmator y, beyond the 45 degrees to those of stigmator x.",
    )
    stigmator_x_shift_x_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0,
        title="Shift by stigmator x: x",
        description="Shift of the image along x per unit of stigmator x, in the lab.",
    )
    stigmator_x_shift_y_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0, title="Shift by stigmator x: y", description="Shift along y per unit of stigmator x."
    )
    stigmator_y_shift_x_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0, title="Shift by stigmator y: x", description="Shift along x per unit of stigmator y."
    )
    stigmator_y_shift_y_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0, title="Shift by stigmator y: y", description="Shift along y per unit of stigmator y."
    )
    image_shift_x_um_per_um: Annotated[Place, MEASURED] = Field(
        0.0, description="Shift of the image per um of wd, in the lab."
    )
    image_shift_y_um_per_um: Annotated[Place, MEASURED] = 0.0
    deepfocus_weights: Annotated[str, MEASURED] = Field(
        "",
        title="Weights of DeepFocus",
        description="Recalibrated on this microscope, from the run's folder on; empty for those shipped.",
    )
    max_beam_shift_um: NonNegative = Field(15.0, description="Beyond it the stage moves instead.")

    @model_validator(mode="after")
    def _two_stigmators(self) -> ElectronSettings:
        _ = self.stigmator_frame  # raises where both act alike
        return self

    @property
    def stigmator_frame(self) -> StigmatorFrame:
        return StigmatorFrame(
            self.stigmator_um_per_unit,
            self.stigmator_rotation_deg,
            self.stigmator_y_ratio,
            self.stigmator_skew_deg,
        )


class ScanSettings(Settings):
    """How frames truly lie on the specimen, over what the scanner was told; the stage is the ruler."""

    pixel_size_factor: Annotated[float, Field(ge=0.5, le=2), MEASURED] = Field(
        1.0, description="True size of a pixel over the size that the scanner was told."
    )
    rotation_deg: Annotated[float, Field(ge=-180, le=180), MEASURED] = Field(
        0.0,
        title="Scan rotation: offset",
        description="How far rows are turned beyond what the scanner was told, counter-clockwise.",
    )
    shear: Annotated[float, Field(ge=-0.2, le=0.2), MEASURED] = Field(
        0.0, description="How far columns lean: pixels to the right per row upwards."
    )
    aspect: Annotated[float, Field(ge=0.8, le=1.25), MEASURED] = Field(
        1.0, title="Aspect of pixels", description="Height of a pixel over its width."
    )
    magnification_per_um: Annotated[float, Field(ge=-0.002, le=0.002), MEASURED] = Field(
        0.0,
        title="Pixel size per um of wd",
        description="Share by which pixels grow per um of working distance.",
    )
    rotation_deg_per_um: Annotated[float, Field(ge=-1, le=1), MEASURED] = Field(
        0.0,
        title="Scan rotation per um of wd",
        description="How far the image turns per um of working distance.",
    )
