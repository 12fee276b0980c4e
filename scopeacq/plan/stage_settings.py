"""Poses, tolerances and errors of the stage, as calibrated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from scopeacq.plan.bounds import NonNegative, Place, Positive
from scopeacq.plan.settings import MEASURED, Settings

Backlash = Annotated[float, Field(ge=-100, le=100)]
RUN_UP_UM = 5.0
"""The least that a stage with backlash goes beyond a target to come back."""


class StageSettings(Settings):
    """Poses and tolerances of the stage."""

    imaging_z_um: Place = Field(
        25_500.0, description="Height of imaging: working distance 4.5 mm.", title="Imaging height"
    )
    safe_z_um: Place = Field(
        6_000.0, description="Height at which the stage may tilt and rotate.", title="Safe height"
    )
    rotation_centre_x_um: Annotated[Place, MEASURED] = Field(
        0.0, description="Stage x of the rotation axis."
    )
    rotation_centre_y_um: Annotated[Place, MEASURED] = Field(
        0.0, description="Stage y of the rotation axis."
    )
    tolerance_um: Positive = Field(2.0, description="A move that ends farther from its target is an error.")
    tolerance_deg: Positive = Field(
        0.05,
        title="Tolerance of angles",
        description="A turn that ends farther from its target is an error.",
    )
    settle_s: Annotated[NonNegative, MEASURED] = Field(
        0.3, title="Settling time", description="Wait after a move."
    )
    reach_x_um: tuple[Place, Place] = Field(
        (-30_000.0, 30_000.0), title="Reach along x", description="How far the stage goes."
    )
    reach_y_um: tuple[Place, Place] = Field(
        (-30_000.0, 30_000.0), title="Reach along y", description="How far the stage goes."
    )
    speed_x_um_per_s: Annotated[Positive, MEASURED] = Field(
        2_000.0, title="Speed along x", description="Of a long move."
    )
    speed_y_um_per_s: Annotated[Positive, MEASURED] = Field(
        2_000.0, title="Speed along y", description="Of a long move."
    )
    move_s: Annotated[NonNegative, MEASURED] = Field(
        0.2,
        title="Time of a tiny move",
        description="What the stage takes for each move beside its travel: speeding up, slowing down.",
    )
    backlash_um: NonNegative = Field(
        0.0,
        title="Backlash approach",
        description="How far the stage overshoots and comes back when x or y falls; 0 where it does not.",
    )
    backlash_x_um: Annotated[Backlash, MEASURED] = Field(
        0.0,
        title="Backlash along x",
        description="How far it stands off when x has fallen, over where it stands when x has risen.",
    )
    backlash_y_um: Annotated[Backlash, MEASURED] = Field(
        0.0, title="Backlash along y", description="Likewise along y."
    )
    repeat_short_um: Annotated[NonNegative, MEASURED] = Field(
        0.0,
        title="Repeatability, short moves",
        description="Standard deviation along an axis of where it stands after moves within a section.",
    )
    repeat_long_um: Annotated[NonNegative, MEASURED] = Field(
        0.0,
        title="Repeatability, long moves",
        description="Likewise after it went centimetres away and came back.",
    )

    @property
    def run_up_um(self) -> tuple[float, float]:
        """How far x and y go beyond a target that they would reach by falling, to arrive by rising.

        0 where backlash does not stand out of how moves scatter: there a second move gains nothing.
        """
        x_um, y_um = (
            3 * abs(lash_um) + RUN_UP_UM if abs(lash_um) > self.repeat_short_um else 0.0
            for lash_um in (self.backlash_x_um, self.backlash_y_um)
        )
        return x_um, y_um
