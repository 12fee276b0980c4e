"""What an operator chooses of a recalibration, beside its ground truth."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calibration.ground_truth.settings import GroundTruthSettings


class DeepFocusSettings(GroundTruthSettings):
    """A ground truth, what is learned of it, and how that is tried."""

    places: Annotated[int, Field(ge=3, le=1000)] = Field(
        10, title="Places", description="On tissue, in a regular grid over all sections."
    )
    trial_places: Annotated[int, Field(ge=1, le=100)] = Field(
        2, title="Places of trials", description="More places, at which focusing is tried before and after."
    )
    trials: Annotated[int, Field(ge=1, le=100)] = Field(
        2,
        title="Trials per place",
        description="Each begins far from focus and corrects three times, twice.",
    )
    most_steps: Annotated[int, Field(ge=50, le=50_000)] = Field(
        50_000,
        title="Most steps",
        description="Of the training; it ends where places that are kept back are read no better.",
    )
