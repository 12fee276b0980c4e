"""Where sections lie in a picture of a wafer: the probability of every pixel, by the section U-Net.

The network knows sections that are darker than the wafer; where they are brighter it sees the negative.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.polygons import Polygon, area
from models.processor import fastest_products
from models.section_network import SectionUNet, UNetSize
from models.threads import threads
from models.weights import SHIPPED, Weights, WeightsError, load_into

SHIPPED_SECTIONS = SHIPPED / "sections.safetensors"
SECTION = 1
CORE_PX, MARGIN_PX = 200, 28
"""What is kept of each tile of the inference, and what it sees beyond: 256 px together."""
TILES_AT_ONCE = 8
USUAL_EDGE_PX = 32.0
"""The root of a section's area that the shipped weights know best; a picture is best resized to it."""

Probability = NDArray[np.float32]
"""Shape (y, x), 0..1."""


def as_greys(picture: NDArray[np.uint8]) -> Tensor:
    """What the network sees of 8-bit greys: float32 from -0.5 to 0.5, of the same shape."""
    return torch.from_numpy(np.ascontiguousarray(picture)).float() / 255 - 0.5


@dataclass(frozen=True, slots=True)
class KnownWafer:
    """What is known of the sections of the wafer that a network was tuned on.

    ``bright``: they are brighter than the wafer. ``corners``: those of a usual one, (column, row) about its
    centre, in pixels of what the network sees.
    """

    bright: bool
    corners: tuple[tuple[float, float], ...]

    @property
    def outline(self) -> Polygon:
        return np.array(self.corners)

    @classmethod
    def of(cls, card: dict[str, Any]) -> KnownWafer | None:
        """What the card of weights says, None where it knows no wafer. Raises ``ValueError``."""
        match card.get("wafer"):
            case None:
                return None
            case {"bright": bool(bright), "corners": [_, _, _, *_] as corners}:
                outline = np.array(corners, np.float64)
                if outline.shape[1:] == (2,) and np.isfinite(outline).all() and area(outline) > 0:
                    return cls(bright, tuple((float(x), float(y)) for x, y in outline))
        raise ValueError("its card does not say what sections of its wafer look like")


class SectionFinder:
    """A trained section U-Net. Deterministic; one picture at a time.

    ``wafer``: what it was tuned on, None where it knows no wafer. ``bright``: what it takes for sections is
    brighter than the wafer.
    """

    def __init__(
        self, network: SectionUNet, wafer: KnownWafer | None = None, *, bright: bool = False
    ) -> None:
        self._network = network.eval()
        self.wafer = wafer
        self.bright = bright if wafer is None else wafer.bright

    @classmethod
    def load(cls, path: Path | None = None) -> SectionFinder:
        """From a file of weights; the shipped ones by default. Raises ``WeightsError``."""
        path = path or SHIPPED_SECTIONS
        weights = Weights.load(path)
        try:
            known = KnownWafer.of(weights.card)
        except ValueError as error:
            raise WeightsError(path, str(error)) from error
        return cls(network_of(weights, path), known)

    def negative(self) -> SectionFinder:
        """The same network on an unknown wafer, looking for sections of the other brightness."""
        return SectionFinder(self._network, bright=not self.bright)

    def probability(
        self,
        picture: NDArray[np.uint8],
        progress: Callable[[float], None] = lambda _: None,
        cores: int = 1,
    ) -> Probability:
        """How probable a section is at each pixel; the seam between touching ones counts as none.

        Args:
            picture: greys, shape (y, x), uint8, of any size; memory beyond the answer is bounded.
            progress: is told the done share, on this thread; what it raises ends the work.
            cores: threads to take.

        Raises:
            ValueError: the picture is not grey, or empty.
        """
        if picture.ndim != 2 or not picture.size:
            raise ValueError(f"sections are sought in a grey picture, not in one of shape {picture.shape}")
        seen = 255 - picture if self.bright else picture
        found, products = np.empty(picture.shape, np.float32), fastest_products()
        height, width = picture.shape
        corners = list(itertools.product(range(0, height, CORE_PX), range(0, width, CORE_PX)))
        with (
            threads(cores),
            torch.inference_mode(),
            torch.autocast("cpu", products, enabled=products is not torch.float32),
        ):
            for start in range(0, len(corners), TILES_AT_ONCE):
                some = corners[start : start + TILES_AT_ONCE]
                _put(found, some, self._of_tiles(_tiles(seen, some)))
                progress((start + len(some)) / len(corners))
        return found

    def _of_tiles(self, tiles: Iterator[NDArray[np.uint8]]) -> Probability:
        """Of tiles of one shape, (n, y, x)."""
        greys = torch.stack([as_greys(tile) for tile in tiles])[:, None]
        logits = self._network(greys.to(memory_format=torch.channels_last)).float()
        return np.asarray(torch.softmax(logits, 1)[:, SECTION].numpy())


def network_of(weights: Weights, path: Path) -> SectionUNet:
    """The network of weights from a file, of the size that these say. Raises ``WeightsError``."""
    size = UNetSize.of(weights.architecture)
    if size is None:
        raise WeightsError(path, f"weights of {weights.architecture!r}, not of a section U-Net")
    network = SectionUNet(size)
    load_into(network, weights, path)
    return network


def _tiles(picture: NDArray[np.uint8], corners: list[tuple[int, int]]) -> Iterator[NDArray[np.uint8]]:
    """Tiles whose cores begin at the corners, mirrored at the borders of the picture."""
    reach = np.arange(-MARGIN_PX, CORE_PX + MARGIN_PX)
    for corner in corners:
        rows, columns = (
            _mirrored(start + reach, n) for start, n in zip(corner, picture.shape, strict=True)
        )
        yield picture[np.ix_(rows, columns)]


def _mirrored(places: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    """Places beyond 0 and ``length`` folded back, as often as it takes."""
    folded = places % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)


def _put(found: Probability, corners: list[tuple[int, int]], tiles: Probability) -> None:
    """The cores of the tiles into the whole."""
    for (y, x), tile in zip(corners, tiles, strict=True):
        part = found[y : y + CORE_PX, x : x + CORE_PX]
        height, width = part.shape
        part[:] = tile[MARGIN_PX : MARGIN_PX + height, MARGIN_PX : MARGIN_PX + width]
