"""Where sections lie in a picture of a wafer: the probability of every pixel, by the section U-Net."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.processor import fastest_products
from models.section_network import SectionUNet, UNetSize
from models.threads import threads
from models.weights import SHIPPED, Weights, WeightsError, load_into

SHIPPED_SECTIONS = SHIPPED / "sections.safetensors"
SECTION = 1
CORE_PX, MARGIN_PX = 200, 28
"""What is kept of each tile of the inference, and what it sees beyond: 256 px together."""
TILES_AT_ONCE = 8
USUAL_EDGE_PX = 60.0
"""The root of a section's area that the shipped weights know best; a picture is best resized to it."""

Probability = NDArray[np.float32]
"""Shape (y, x), 0..1."""


def as_greys(picture: NDArray[np.uint8]) -> Tensor:
    """What the network sees of 8-bit greys: float32 from -0.5 to 0.5, of the same shape."""
    return torch.from_numpy(np.ascontiguousarray(picture)).float() / 255 - 0.5


class SectionFinder:
    """A trained section U-Net. Deterministic; one picture at a time."""

    def __init__(self, network: SectionUNet) -> None:
        self._network = network.eval()

    @classmethod
    def load(cls, path: Path | None = None) -> SectionFinder:
        """From a file of weights; the shipped ones by default. Raises ``WeightsError``."""
        return cls(network_of(path or SHIPPED_SECTIONS))

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
        found = np.empty(picture.shape, np.float32)
        products = fastest_products()
        height, width = picture.shape
        corners = list(itertools.product(range(0, height, CORE_PX), range(0, width, CORE_PX)))
        with (
            threads(cores),
            torch.inference_mode(),
            torch.autocast("cpu", products, enabled=products is not torch.float32),
        ):
            for start in range(0, len(corners), TILES_AT_ONCE):
                some = corners[start : start + TILES_AT_ONCE]
                tiles = torch.stack([as_greys(tile) for tile in _tiles(picture, some)])[:, None]
                logits = self._network(tiles.to(memory_format=torch.channels_last)).float()
                _put(found, some, torch.softmax(logits, 1)[:, SECTION].numpy())
                progress((start + len(some)) / len(corners))
        return found


def network_of(path: Path) -> SectionUNet:
    """The network in a file of weights, of the size that these say. Raises ``WeightsError``."""
    weights = Weights.load(path)
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
