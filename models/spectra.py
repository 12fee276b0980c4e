"""From images to what the networks see: binned patches and their log power spectra."""

from __future__ import annotations

import math
from typing import TypeVar

import cv2
import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor

Pixel = TypeVar("Pixel", bound=np.generic)

FLOOR = 1e-7  # of the mean power: keeps the logarithm of a constant patch finite


def binned(image: NDArray[np.generic], factor: int) -> NDArray[np.float32]:
    """The image averaged over ``factor`` x ``factor`` pixels; a remainder at the far edges is left out."""
    height, width = (n // factor * factor for n in image.shape)
    whole = np.asarray(image[:height, :width], dtype=np.float32)
    if factor == 1:
        return whole
    size = (width // factor, height // factor)
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def patch_corners(shape: tuple[int, ...], edge: int, most: int) -> list[tuple[int, int]]:
    """Corners (row, column) of at most ``most`` disjoint squares spread evenly over an image."""
    rows, columns = (n // edge for n in shape)
    while rows * columns > most:
        rows, columns = (rows - 1, columns) if rows >= columns else (rows, columns - 1)
    tops, lefts = (
        [round((i + 0.5) * n / k - edge / 2) for i in range(k)]
        for n, k in ((shape[0], rows), (shape[1], columns))
    )
    return [(top, left) for top in tops for left in lefts]


def overlapping_corners(shape: tuple[int, ...], edge: int, most: int) -> list[tuple[int, int]]:
    """Corners (row, column) of at most ``most`` squares that overlap by half or more, from edge to edge.

    Windowed squares make little of their rims; overlapping ones lose little of an image.
    """
    rows, columns = (1 + math.ceil(2 * (n - edge) / edge) for n in shape)
    while rows * columns > most:
        rows, columns = (rows - 1, columns) if rows >= columns else (rows, columns - 1)
    tops, lefts = (np.linspace(0, n - edge, k).round() for n, k in ((shape[0], rows), (shape[1], columns)))
    return [(int(top), int(left)) for top in tops for left in lefts]


def patches(image: NDArray[Pixel], corners: list[tuple[int, int]], edge: int) -> NDArray[Pixel]:
    """Squares at ``corners``, shape (n, edge, edge)."""
    return np.stack([image[top : top + edge, left : left + edge] for top, left in corners])


def tiles(images: Tensor, edge: int) -> Tensor:
    """All disjoint squares of images (n, m, h, w), shape (n, m, k, edge, edge)."""
    squares = images.unfold(2, edge, edge).unfold(3, edge, edge)
    return squares.reshape(*images.shape[:2], -1, edge, edge)


class PowerSpectra(torch.nn.Module):
    """Power spectra of Hann-windowed patches: low frequencies only, neighbours averaged.

    Averaging before the logarithm tames speckle.

    Args:
        patch_px: edge of the patches.
        band: highest frequency kept [cycles per patch].
        stride: of the averages, which are over ``stride + 1`` frequencies along each axis.
    """

    window: Tensor
    k: Tensor

    def __init__(self, patch_px: int, band: int, stride: int = 2) -> None:
        super().__init__()
        self.band, self.stride = band, stride
        hann = torch.hann_window(patch_px, periodic=True)
        self.register_buffer("window", hann[:, None] * hann[None, :], persistent=False)
        steps = 2 * math.pi / patch_px * torch.arange(-band, band + 1, dtype=torch.float32)
        ky, kx = torch.meshgrid(steps, steps[band:], indexing="ij")
        axes = self._pooled(torch.stack([kx, ky])[None])[0]
        k = torch.cat([axes, torch.linalg.vector_norm(axes, dim=0, keepdim=True)])
        self.register_buffer("k", k, persistent=False)

    def _pooled(self, maps: Tensor) -> Tensor:
        return nnf.avg_pool2d(maps, self.stride + 1, self.stride)

    def transform(self, images: Tensor) -> Tensor:
        """Spectra of (n, m, s, s) within the band, rows from -band to band, columns from 0."""
        centred = images - images.mean((-2, -1), keepdim=True)
        spectra = torch.fft.rfft2(centred * self.window, norm="ortho")[..., : self.band + 1]
        return torch.cat([spectra[..., -self.band :, :], spectra[..., : self.band + 1, :]], -2)

    def power(self, spectra: Tensor) -> Tensor:
        """|F|^2, neighbours averaged."""
        return self._pooled(spectra.real.square() + spectra.imag.square())

    def coherent_power(self, one: Tensor, other: Tensor) -> Tensor:
        """|<F1 F2*>| of two images, neighbours averaged: white noise averages away in it."""
        a, b, c, d = one.real, one.imag, other.real, other.imag
        # in separate products, so that swapping the images negates the imaginary part exactly
        real, imaginary = self._pooled(a * c + b * d), self._pooled(b * c - a * d)
        return torch.sqrt(real.square() + imaginary.square())
