"""The 2D U-Net that tells sections from wafer (Ronneberger et al. 2015; Schubert 2022, section 2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class UNetSize:
    """``width``: filters of the first of ``depth`` blocks, each of which has twice those before it.

    ``classes``: background and section, and where there is a third one the seam between touching sections.
    """

    width: int = 16
    depth: int = 5
    classes: int = 3

    @property
    def architecture(self) -> str:
        """How files of weights name a network of this size."""
        return f"section-unet-1-{self.width}x{self.depth}-{self.classes}"

    @property
    def multiple_px(self) -> int:
        """Images must be multiples of this along each axis."""
        return int(2 ** (self.depth - 1))

    @staticmethod
    def of(architecture: str) -> UNetSize | None:
        """The size that :attr:`architecture` names, None where it is no section U-Net."""
        found = re.fullmatch(r"section-unet-1-([1-9]\d{0,2})x([1-7])-([23])", architecture)
        return UNetSize(*map(int, found.groups())) if found else None


class SectionUNet(nn.Module):
    """Logits of the classes for every pixel: from greys (n, 1, h, w) to (n, classes, h, w)."""

    def __init__(self, size: UNetSize = UNetSize()) -> None:
        super().__init__()
        widths = [size.width * 2**level for level in range(size.depth)]
        self.size = size
        self.down = nn.ModuleList(_block(a, b) for a, b in zip([1, *widths], widths, strict=False))
        pairs = list(pairwise(widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(wide, narrow, 2, 2) for narrow, wide in pairs)
        self.merge = nn.ModuleList(_block(2 * narrow, narrow) for narrow, _ in pairs)
        self.head = nn.Conv2d(size.width, size.classes, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast

    def forward(self, greys: Tensor) -> Tensor:
        levels = [self.down[0](greys)]
        for block in self.down[1:]:
            levels.append(block(nn.functional.max_pool2d(levels[-1], 2)))
        features = levels.pop()
        for up, merge in zip(reversed(self.up), reversed(self.merge), strict=True):
            features = merge(torch.cat([levels.pop(), up(features)], 1))
        logits: Tensor = self.head(features)
        return logits


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Twice convolution, batch norm and ReLU, in the size of its input."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
