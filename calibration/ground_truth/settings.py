"""What an operator chooses of a ground truth: where, how many, how far from focus, at what dose."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from hardware.types import FrameSettings
from scopeacq.plan.bounds import Angle, Positive
from scopeacq.plan.project import FocusSettings
from scopeacq.plan.settings import Settings

Dwell = Annotated[float, Field(ge=10, le=10_000)]


class GroundTruthSettings(Settings):
    """Pairs of images at known aberrations, at places whose focus is searched first."""

    places: Annotated[int, Field(ge=1, le=1000)] = Field(
        10, title="Places", description="On tissue, in a regular grid over all sections."
    )
    aberrations: Annotated[int, Field(ge=1, le=1000)] = Field(
        10, title="Aberrations per place", description="Pairs of images that are taken at each place."
    )
    reach_wd_um: Annotated[float, Field(gt=0, le=200)] = Field(
        20.0, title="Reach of defocus", description="Drawn evenly up to so far above and below focus."
    )
    reach_astig_um: Annotated[float, Field(gt=0, le=200)] = Field(
        20.0,
        title="Reach of astigmatism",
        description="The same for both stigmators, as focal shift: 5 units of 4 um each.",
    )
    dwell_ns: Annotated[tuple[Dwell, ...], Field(min_length=1, max_length=10)] = Field(
        (100.0, 200.0), title="Dwell times", description="Of the pairs; drawn for each."
    )
    search_dwell_ns: Dwell = Field(
        100.0, title="Dwell time of the search", description="Of single images while focus is searched."
    )
    spare_tiles: bool = Field(
        True,
        title="Spare the run's tiles",
        description="No place lies on a tile that the run images: a place gets the dose of many images.",
    )
    scan_rot_deg: Angle = Field(0.0, title="Scan rotation", description="Of all images taken.")

    @field_validator("dwell_ns", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, int | float) else value

    def search_focus(self, focus: FocusSettings) -> FocusSettings:
        """The project's focus with the dwell time of searches."""
        return focus.model_copy(update={"dwell_ns": self.search_dwell_ns})

    def pair_focus(self, focus: FocusSettings, dwell_ns: float) -> FocusSettings:
        """The project's focus with the dwell time of a pair."""
        return focus.model_copy(update={"dwell_ns": dwell_ns})

    def frame(self, focus: FocusSettings) -> FrameSettings:
        """Of the longest images."""
        return self.pair_focus(focus, max(self.dwell_ns)).frame(self.scan_rot_deg)


LONGEST_SEARCH_IMAGES, USUAL_SEARCH_IMAGES = 60, 20
FIRST_FOCUS_IMAGES = 28


class Spend(Settings):
    """Frames that a number of places take, and the most that one of them is laid down."""

    frames: int
    dose_per_nm2: float
    duration_s: Positive


def spend(
    settings: GroundTruthSettings, focus: FocusSettings, current_na: float, overhead_s: float
) -> Spend:
    """What the ground truth costs; ``overhead_s``: what a frame takes beside its dwell times."""
    search = settings.search_focus(focus).frame(0.0)
    pair = settings.frame(focus)
    searched = FIRST_FOCUS_IMAGES + USUAL_SEARCH_IMAGES * settings.places
    paired = 2 * settings.places * settings.aberrations
    at_most = FIRST_FOCUS_IMAGES + LONGEST_SEARCH_IMAGES
    return Spend(
        frames=searched + paired,
        dose_per_nm2=at_most * search.electron_dose_per_nm2(current_na)
        + 2 * settings.aberrations * pair.electron_dose_per_nm2(current_na),
        duration_s=searched * (search.duration_s + overhead_s) + paired * (pair.duration_s + overhead_s),
    )
