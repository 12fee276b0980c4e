"""What the network finds so far, on a piece of the wafer: shown while it learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIKELY = 0.5
"""From here on the network takes a pixel for a section."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A piece of the wafer: ``greys`` uint8, and how probable a section is, 0..1; both (y, x)."""

    greys: NDArray[np.uint8]
    probability: NDArray[np.float32]
    words: str

    def painted(self, colour: tuple[int, int, int], strength: float = 0.45) -> NDArray[np.uint8]:
        """The greys with what is found tinted, shape (y, x, 3), RGB."""
        found = (self.probability >= LIKELY)[..., np.newaxis] * strength
        rgb = self.greys[..., np.newaxis] * (1 - found) + np.array(colour) * found
        return np.ascontiguousarray(rgb, np.uint8)
