"""What operators choose on the page besides the plan: kept while the window is open, in no file."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field

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


class TrainChoice(Settings):
    """How long the network learns."""

    limit_s: Annotated[float, Field(gt=0, le=14_400)] = Field(
        300.0, title="Train for", description="It may be stopped at any time; the best so far is kept."
    )


class GridArea(Enum):
    """What of each section is imaged; ``value`` stands in the list."""

    MIDDLE = "Its middle"
    WHOLE = "All of it"
    INNER = "All but a rim"
    CHOSEN = "As on the chosen one"


class GridChoice(Settings):
    """What of each section is imaged."""

    area: GridArea = Field(
        GridArea.MIDDLE,
        title="Image",
        description="Its middle: as many rows and columns as below. All of it, or all but a rim: as many "
        "tiles as that takes. As on the chosen one: ROI and tiles lie on all as on the section that "
        "is chosen on the map.",
    )
    rim_um: Annotated[float, Field(ge=0, le=10_000)] = Field(
        20.0, title="Rim", description="How much is left out all around, of all but a rim."
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
