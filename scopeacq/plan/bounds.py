"""Numbers as settings hold them, each within what can be meant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

# Bounds are far beyond any instrument: what lies outside is a slip of the finger, and would only
# make arithmetic overflow.
Positive = Annotated[float, Field(gt=0, le=1e9)]
NonNegative = Annotated[float, Field(ge=0, le=1e9)]
Place = Annotated[float, Field(ge=-1e6, le=1e6)]
Angle = Annotated[float, Field(ge=-360, le=360)]
Pixels = Annotated[int, Field(ge=16, le=32768)]
PixelSize = Annotated[float, Field(ge=0.01, le=10_000)]
Fraction = Annotated[float, Field(ge=0, le=1)]
