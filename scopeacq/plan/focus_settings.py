"""How focus and places are found: the tables [focus] and [registration] of ``project.toml``."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Annotated

from pydantic import Field, field_validator

from hardware.types import FrameSettings
from scopeacq.plan.bounds import Fraction, NonNegative, Pixels, PixelSize, Positive
from scopeacq.plan.settings import Settings


class FocusPolicy(Enum):
    """Before which tiles a focus correction is made."""

    EVERY_TILE = "every tile"
    EVERY_NTH_TILE = "every n-th tile"
    FIRST_OF_SECTION = "first of section"
    BY_SCORE = "by score"


class EstimatorName(Enum):
    """Estimators that can be asked, in the order given by the project."""

    DEEPFOCUS = "deepfocus"
    MAPFOST = "mapfost"
    DEEPSCORE = "deepscore"
    VENDOR = "vendor"


class FocusSettings(Settings):
    """Autofocus before tiles."""

    policy: FocusPolicy = Field(
        FocusPolicy.EVERY_TILE, title="When to focus", description="Before which tiles focus is corrected."
    )
    every_n_tiles: Annotated[int, Field(ge=1, le=100_000)] = Field(
        1, title="Every n-th tile: n", description="The n of the policy 'every n-th tile'."
    )
    estimators: tuple[EstimatorName, ...] = Field(
        (EstimatorName.DEEPFOCUS, EstimatorName.DEEPSCORE),
        description="The first is asked; each next is the fallback of the one before.",
    )
    width_px: Pixels = Field(1024, title="Image width", description="Columns of a focus image.")
    height_px: Pixels = Field(768, title="Image height", description="Rows of a focus image.")
    pixel_size_nm: PixelSize = Field(10.0, description="Of focus images; that of the tiles is best.")
    dwell_ns: Positive = Field(
        50.0, title="Dwell time", description="Of focus images; 50 to 200 ns are enough."
    )
    perturbation_um: Positive = Field(
        5.0, description="The two images of a pair are taken so far above and below the working distance."
    )
    coarse_factor: Annotated[float, Field(ge=1, le=20)] = Field(
        3.0,
        description="Far from focus a second look is taken with perturbation and pixels so much larger.",
    )
    max_iterations: Annotated[int, Field(ge=1, le=20)] = Field(
        5, description="Corrections are repeated so often at most."
    )
    done_wd_um: Positive = Field(
        1.0,
        description="The loop ends when the predicted correction lies inside this and the depth of focus.",
        title="Done within (working distance)",
    )
    done_stig: Positive = Field(
        0.25,
        title="Done within (stigmators)",
        description="The same for stigmators, in units of the column.",
    )
    limit_wd_um: Positive = Field(
        80.0,
        description="A correction beyond this is refused.",
        title="Largest correction (working distance)",
    )
    limit_stig: Positive = Field(
        8.0,
        title="Largest correction (stigmators)",
        description="A correction of a stigmator beyond this is refused.",
    )
    max_sd_wd_um: Positive = Field(
        1.0,
        description="An estimate less certain than this is refused.",
        title="Largest uncertainty (working distance)",
    )
    max_sd_stig: Positive = Field(
        0.5,
        title="Largest uncertainty (stigmators)",
        description="The same for stigmators, in units of the column.",
    )
    score_trigger_um: Positive = Field(1.5, description="Policy 'by score': focus when a tile was worse.")
    surface_residual_um: Positive = Field(
        2.0, description="A focus surface that fits worse is not trusted."
    )
    search_images: Annotated[int, Field(ge=4, le=500)] = Field(
        60, description="Budget of the score search."
    )

    def most_dose_per_nm2(self, probe_current_na: float) -> float:
        """Upper bound of a correction's dose at one place: every estimator in turn, to its budget."""
        fine, coarse = (
            frame.electron_dose_per_nm2(probe_current_na)
            for frame in (self.frame(0.0), self.coarse_frame(0.0))
        )
        pairs = sum(e in (EstimatorName.DEEPFOCUS, EstimatorName.MAPFOST) for e in self.estimators)
        searches = sum(e in (EstimatorName.DEEPSCORE, EstimatorName.VENDOR) for e in self.estimators)
        return 2 * self.max_iterations * pairs * (fine + coarse) + self.search_images * searches * fine

    @field_validator("estimators")
    @classmethod
    def _some(cls, value: tuple[EstimatorName, ...]) -> tuple[EstimatorName, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name at least one estimator, each once")
        return value

    def frame(self, scan_rot_deg: float) -> FrameSettings:
        return FrameSettings(self.width_px, self.height_px, self.pixel_size_nm, self.dwell_ns, scan_rot_deg)

    def coarse_frame(self, scan_rot_deg: float) -> FrameSettings:
        """For large aberrations: a larger field of as many, larger pixels."""
        fine = self.frame(scan_rot_deg)
        return replace(fine, pixel_size_nm=self.coarse_factor * fine.pixel_size_nm)


class RegistrationSettings(Settings):
    """Finding the wafer and its sections again after each mill."""

    width_px: Pixels = Field(
        1024, title="Image width", description="Columns of images that places are found in."
    )
    height_px: Pixels = Field(
        1024, title="Image height", description="Rows of images that places are found in."
    )
    pixel_size_nm: PixelSize = Field(
        40.0, description="Of images of fiducials.", title="Pixel size (fiducials)"
    )
    dwell_ns: Positive = Field(100.0, title="Dwell time (fiducials)", description="Of images of fiducials.")
    section_pixel_size_nm: PixelSize = Field(
        20.0, title="Pixel size (sections)", description="Of the low-dose image of a section."
    )
    section_dwell_ns: Positive = Field(
        50.0, title="Dwell time (sections)", description="Of the low-dose image of a section."
    )
    min_correlation: Fraction = Field(
        0.15, description="What matches its earlier picture less is not taken for the same place."
    )
    max_residual_um: Positive = Field(3.0, description="Fiducials that fit together worse are refused.")
    max_shift_um: Positive = Field(15.0, description="What lies farther from where it was is refused.")
    tile_max_shift_um: Positive = Field(
        3.0, description="Tiles are looked for within this, without dose.", title="Max shift of tiles"
    )
    stage_above_um: NonNegative = Field(
        2.0,
        description="Larger corrections go by the stage, smaller ones by beam shift.",
        title="Correct by stage above",
    )
    fiducial_depth_nm: NonNegative = Field(
        0.0,
        title="Depth of fiducials",
        description="How deep the shallowest is cut; 0 when nobody knows.",
    )

    def frame(self, scan_rot_deg: float = 0.0) -> FrameSettings:
        """Of fiducials and landmarks."""
        return FrameSettings(self.width_px, self.height_px, self.pixel_size_nm, self.dwell_ns, scan_rot_deg)
