"""From images to patches: binned, disjoint or overlapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Pixel = TypeVar("Pixel", bound=np.generic)


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
    """Corners (row, column) of at most ``most`` squares that overlap by about half, from edge to edge.

    Windowed squares make little of their rims; overlapping ones lose little of an image.
    """
    rows, columns = (1 + round(2 * (n - edge) / edge) for n in shape)
    while rows * columns > most:
        rows, columns = (rows - 1, columns) if rows >= columns else (rows, columns - 1)
    tops, lefts = (_spread(n - edge, k) for n, k in ((shape[0], rows), (shape[1], columns)))
    return [(top, left) for top in tops for left in lefts]


def boxes_of(corners: list[tuple[int, int]], edge: int, factor: int = 1) -> NDArray[np.float64]:
    """Left, top, width, height of squares on an image binned by ``factor``, in its own pixels, (n, 4)."""
    rows = [(factor * left, factor * top, factor * edge, factor * edge) for top, left in corners]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _spread(room: int, count: int) -> list[int]:
    """Offsets from 0 to ``room``; a single one lies in the middle."""
    return [round(room * (i / (count - 1) if count > 1 else 0.5)) for i in range(count)]


def patches(image: NDArray[Pixel], corners: list[tuple[int, int]], edge: int) -> NDArray[Pixel]:
    """Squares at ``corners``, shape (n, edge, edge)."""
    return np.stack([image[top : top + edge, left : left + edge] for top, left in corners])


def tiles(images: Tensor, edge: int) -> Tensor:
    """All disjoint squares of images (n, m, h, w), shape (n, m, k, edge, edge)."""
    squares = images.unfold(2, edge, edge).unfold(3, edge, edge)
    return squares.reshape(*images.shape[:2], -1, edge, edge)
