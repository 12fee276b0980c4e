"""What moves during and between the images of a place, in pixels of the training image."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as nnf
from torch import Tensor

from models.training.probes import Frequencies
from models.training.ranges import Effects, chosen, evenly


def shift_ramp(k: Frequencies, shift_px: float, shape: tuple[int, int], rng: torch.Generator) -> Tensor:
    """Factors to spectra that shift each image at random, (n, m, size, size//2 + 1) complex."""
    x, y = (0.5 * shift_px * evenly((*shape, 1, 1), rng) for _ in range(2))
    return torch.exp(-1j * k.x * x) * torch.exp(-1j * k.y * y)


def drifted(images: Tensor, size: tuple[int, int], effects: Effects, rng: torch.Generator) -> Tensor:
    """The corner of size (h, w) of images (n, m, H, W), of a share of the places as drift bends it."""
    height, width = size
    places = chosen(effects.drifting, len(images), rng)
    result = images[..., :height, :width]
    if len(places):
        # a contiguous copy: the corner is a view of the images that the bent ones are read from
        result = result.clone()
        result[places] = _bent(images[places], size, effects, rng)
    return result


def _bent(images: Tensor, size: tuple[int, int], effects: Effects, rng: torch.Generator) -> Tensor:
    """Images read where the beam truly was."""
    n, m, full_height, full_width = images.shape
    x, y = _positions(n * m, size, effects, rng)
    # grid_sample counts from -1 at the outer edge of the first pixel to 1 at that of the last
    grid = torch.stack([(2 * x + 1) / full_width - 1, (2 * y + 1) / full_height - 1], -1)
    read = nnf.grid_sample(
        images.reshape(n * m, 1, full_height, full_width),
        grid,
        mode="bicubic",
        padding_mode="reflection",
        align_corners=False,
    )
    return read.view(n, m, *size)


def _positions(
    count: int, size: tuple[int, int], effects: Effects, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Where each pixel of ``count`` images of size (h, w) is read, x and y (count, h, w)."""
    height, width = size
    row = torch.arange(height, device=rng.device, dtype=torch.float32)[:, None]
    column = torch.arange(width, device=rng.device, dtype=torch.float32)[None, :]
    down, right = row - 0.5 * (height - 1), column - 0.5 * (width - 1)
    turn = math.radians(effects.turn_deg) * evenly((count, 1, 1), rng)
    zoom = effects.magnification * evenly((count, 1, 1), rng)
    shear_x, shear_y = (0.5 * effects.shear * evenly((count, 1, 1), rng) for _ in range(2))
    waver_x, waver_y = (_waver(count, height, effects.waver_px, rng) for _ in range(2))
    x = column + zoom * right + (shear_x - turn) * down + waver_x
    y = row + (zoom + shear_y) * down + turn * right + waver_y
    return x, y


def _waver(count: int, rows: int, largest_px: float, rng: torch.Generator) -> Tensor:
    """A smooth wandering of the rows by up to ``largest_px``, (count, rows, 1)."""
    phase = math.pi * evenly((count, 1, 1), rng)
    turns = 0.5 + 1.5 * torch.rand((count, 1, 1), generator=rng, device=rng.device)
    along = torch.linspace(0.0, 2 * math.pi, rows, device=rng.device)[:, None]
    return largest_px * evenly((count, 1, 1), rng) * (torch.sin(turns * along + phase) - torch.sin(phase))
