"""What operators choose on the page besides the plan: kept while the window is open, in no file."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field

from scopeacq.plan.instrument import Fraction
from scopeacq.plan.settings import Settings


class Way(Enum):
    """How sections are told from the wafer; ``value`` stands in the list."""

    GREYS = "By their grey"
    NETWORK = "By the network"
    EXAMPLE = "Like the chosen one"


class FindChoice(Settings):
    """How sections are looked for."""

    way: Way = Field(
        Way.GREYS,
        title="Find them",
        description="By their grey needs no training. The network is surer where sections touch and greys "
        "are uneven; it learns from what you outline. Like the chosen one takes grey and size from the "
        "section that is chosen on the map.",
    )


class AcceptChoice(Settings):
    """Which sections are accepted together."""

    confidence: Fraction = Field(
        0.5,
        title="Accept from",
        description="Found sections at least this sure become sections of the plan; doubtful ones wait.",
    )


class TrainChoice(Settings):
    """How long the network learns."""

    limit_s: Annotated[float, Field(gt=0, le=14_400)] = Field(
        300.0, title="Train for", description="It may be stopped at any time; the best so far is kept."
    )


class FiducialChoice(Settings):
    """How many marks are looked for."""

    count: Annotated[int, Field(ge=3, le=12)] = Field(
        5, title="How many", description="Three find the wafer; more let one of them fail."
    )


class RouteChoice(Settings):
    """How long a shorter way is looked for."""

    limit_s: Annotated[float, Field(gt=0, le=600)] = Field(
        5.0, title="Look for", description="The way through all sections is made shorter for so long."
    )
