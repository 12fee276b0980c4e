"""Specimens from real images that the caller has, beside or instead of procedural ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor

from models.training.ranges import Span, chosen
from models.training.textures import TextureSource, standardised, turned


class RealTextures:
    """A :class:`~models.training.textures.TextureSource` of windows of real images.

    Windows are shrunk, which averages the images' own noise and blur away, turned and mirrored,
    and made periodic by fading their ends into each other.

    Args:
        images: grey images (h, w) of any real dtype, in focus.
        size_px: edge of the periodic squares.
        zoom: pixels of the images to one of the textures; at least 1.5 hides their own blur.

    Raises:
        ValueError: an image is not 2-D, holds NaN, or is too small.
    """

    def __init__(self, images: Sequence[NDArray[np.generic]], size_px: int, zoom: Span) -> None:
        self._size_px, self._seam_px = size_px, max(8, size_px // 8)
        self._zoom = zoom
        least = _ceil((size_px + self._seam_px) * zoom.high)
        if not images:
            raise ValueError("no image to take textures from; give at least one")
        for number, image in enumerate(images):
            if image.ndim != 2 or min(image.shape) < least:
                raise ValueError(
                    f"image {number} of shape {image.shape} cannot give textures of {size_px} px at a "
                    f"zoom of {zoom.high:g}; give grey images of at least {least} x {least} px"
                )
            if not np.isfinite(image).all():
                raise ValueError(f"image {number} holds NaN or infinite values; leave it out")
        self._images = [torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)) for image in images]

    @property
    def size_px(self) -> int:
        return self._size_px

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """See :meth:`~models.training.textures.TextureSource.draw`."""
        return torch.stack([self._window(rng) for _ in range(count)])

    def _window(self, rng: torch.Generator) -> Tensor:
        numbers = torch.rand(3, generator=rng, device=rng.device).tolist()
        image = self._images[int(numbers[0] * len(self._images))]
        whole = self._size_px + self._seam_px
        edge = min(_ceil(whole * float(self._zoom.draw(1, rng))), *image.shape)
        top, left = (
            int(n * (length - edge + 1)) for n, length in zip(numbers[1:], image.shape, strict=True)
        )
        cut = image[top : top + edge, left : left + edge]
        shrunk = nnf.interpolate(cut[None, None], (whole, whole), mode="bilinear", antialias=True)[0, 0]
        periodic = _faded(_faded(shrunk - shrunk.mean(), self._seam_px).T, self._seam_px).T
        return standardised(turned(periodic, rng))


class MixedTextures:
    """A :class:`~models.training.textures.TextureSource` that draws a share from another one.

    Raises:
        ValueError: their textures differ in size.
    """

    def __init__(self, usual: TextureSource, other: TextureSource, share: float) -> None:
        if usual.size_px != other.size_px:
            raise ValueError(
                f"textures of {usual.size_px} and {other.size_px} px do not mix; make them alike"
            )
        self._usual, self._other, self._share = usual, other, share

    @property
    def size_px(self) -> int:
        return self._usual.size_px

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """See :meth:`~models.training.textures.TextureSource.draw`."""
        drawn = self._usual.draw(count, rng)
        places = chosen(self._share, count, rng).to(drawn.device)
        if len(places):
            drawn[places] = self._other.draw(len(places), rng).to(drawn.device)
        return drawn


def _ceil(length: float) -> int:
    return -int(-length // 1)


def _faded(field: Tensor, seam_px: int) -> Tensor:
    """The last rows blended into the first ones and cut off; square roots keep the contrast."""
    share = torch.linspace(0.0, 1.0, seam_px)[:, None]
    head = share.sqrt() * field[:seam_px] + (1 - share).sqrt() * field[-seam_px:]
    return torch.cat([head, field[seam_px:-seam_px]])
