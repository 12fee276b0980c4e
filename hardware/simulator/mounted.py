"""How the wafer truly lies on the stage: shifted and turned, as somebody put it there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Coordinate = TypeVar("Coordinate", float, Floats)


@dataclass(frozen=True, slots=True)
class Mounted:
    """``stage = R(rotation) @ wafer + (x, y)`` at stage rotation 0, counter-clockwise."""

    x_um: float = 0.0
    y_um: float = 0.0
    rotation_deg: float = 0.0

    def on_stage(self, x_um: Coordinate, y_um: Coordinate) -> tuple[Coordinate, Coordinate]:
        """Where points of the wafer lie in the stage frame [um]."""
        c, s = self._turn
        return c * x_um - s * y_um + self.x_um, s * x_um + c * y_um + self.y_um

    def on_wafer(self, to_stage: Floats) -> Floats:
        """An affine map to the stage frame, shape (2, n) with the shift last, as one to the wafer."""
        c, s = self._turn
        moved = to_stage.copy()
        moved[:, -1] -= (self.x_um, self.y_um)
        return np.asarray(np.array([[c, s], [-s, c]]) @ moved)

    @property
    def _turn(self) -> tuple[float, float]:
        angle = math.radians(self.rotation_deg)
        return math.cos(angle), math.sin(angle)
