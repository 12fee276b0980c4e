"""What tissue looks like: textures over the volume of a section.

A texture has mean 0 and standard deviation 1; negative is stained, which is dark. Its
coordinates are um within the block of tissue, z going down.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.simulator.fields import Floats
from hardware.simulator.stack_file import read_volume
from hardware.simulator.ultrastructure import Grid, Ultrastructure


class Texture(Protocol):
    """A volume of stained tissue."""

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> Floats:
        """Texture at the points of a regular, possibly turned grid.

        ``x_um`` and ``y_um`` have shape (h, w) with w >= 2, ``z_um`` is broadcast to it.
        Returns float32 (h, w) of mean about 0 and standard deviation about 1.
        """
        ...


SWEEP_UM = 0.25
"""The beam sweeps along the rows of pixels: of larger ones the mean of places this far apart is seen."""
MOST_PLACES = 16


def swept(texture: Texture, x_um: Floats, y_um: Floats, z_um: ArrayLike) -> Floats:
    """What the beam sees of a texture while it sweeps over each pixel; see :meth:`Texture.sample`."""
    step_um = float(x_um[0, 1] - x_um[0, 0]), float(y_um[0, 1] - y_um[0, 0])
    places = min(max(round(math.hypot(*step_um) / SWEEP_UM), 1), MOST_PLACES)
    if places == 1:
        return texture.sample(x_um, y_um, z_um)
    mean = np.zeros_like(x_um)
    for along in (np.arange(places, dtype=np.float32) + 0.5) / places - 0.5:
        mean += texture.sample(x_um + along * step_um[0], y_um + along * step_um[1], z_um)
    mean /= places
    return mean


def _grid(x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> tuple[Floats, Floats, Floats]:
    x, y, z = np.broadcast_arrays(
        np.asarray(x_um, np.float32), np.asarray(y_um, np.float32), np.asarray(z_um, np.float32)
    )
    return x, y, z


class ProceduralTexture:
    """Procedural ultrastructure that resembles neuropil and never repeats within a section."""

    def __init__(self, seed: int, size_px: int = 1024) -> None:
        """``size_px`` trades the area without repetition against memory: 1024 needs 60 MB."""
        self._tissue = Ultrastructure(seed, size_px)
        probe = np.arange(256, dtype=np.float32) * 0.02
        x, y = np.meshgrid(probe, probe)
        windows = [self._paint(x + shift, y, 0.1) for shift in (0.0, 20.0, 50.0, 90.0)]
        self._mean, self._sd = np.mean(windows, dtype=np.float32), np.std(windows, dtype=np.float32)

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> Floats:
        """See :meth:`Texture.sample`."""
        return (self._paint(x_um, y_um, z_um) - self._mean) / self._sd

    def _paint(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> Floats:
        return self._tissue.paint(Grid(*_grid(x_um, y_um, z_um)))


def _mirrored(position: Floats, size: int) -> Floats:
    """Positions [px] folded into 0 ... size - 1, back and forth."""
    if size == 1:
        return np.zeros_like(position)
    period = 2.0 * (size - 1)
    turned = position - period * np.floor(position / period)
    folded: Floats = np.minimum(turned, period - turned)
    return folded


# wavelength [um], direction of the wave [deg], phase [rad]: incommensurate, tens of um long
_WAVES = ((23.0, 20.0, 0.3), (31.0, 95.0, 1.9), (43.0, 160.0, 4.1), (67.0, 60.0, 5.2))
_WANDER = 0.02  # displacement per wave as a fraction of its wavelength: strains of about 20 % rms


def _wandering(x_um: Floats, y_um: Floats) -> tuple[Floats, Floats, Floats]:
    """Coordinates displaced by a smooth warp of some um, and a slowly varying contrast.

    A small stack that is mirrored and tiled repeats every two edges (8 um), well inside the
    reach of a registration search, which could lock on to the neighbour. The displacement
    differs between neighbours and changes across a tile by much more than the size of a
    membrane, so that they agree in small spots only.
    """
    warped_x, warped_y = x_um.copy(), y_um.copy()
    contrast = np.ones_like(x_um)
    for wavelength, direction, phase in _WAVES:
        k = 2 * math.pi / wavelength
        c, s = math.cos(math.radians(direction)), math.sin(math.radians(direction))
        wave = np.sin((k * c) * x_um + (k * s) * y_um + phase)
        # half along the wave, half across it: stretches and shears
        warped_x += (_WANDER * wavelength * (c - s)) * wave
        warped_y += (_WANDER * wavelength * (s + c)) * wave
        contrast += 0.06 * wave
    return warped_x, warped_y, contrast


class StackTexture:
    """A real image stack, mirrored and tiled without seams in x, y and z."""

    def __init__(self, volume: NDArray[np.number], pixel_size_nm: float, slice_nm: float) -> None:
        """``volume`` has shape (slices, rows, columns) and any real dtype; it is normalised."""
        mean, sd = volume.mean(dtype=np.float64), volume.std(dtype=np.float64)
        self._slices = np.stack([((one - mean) / sd).astype(np.float32) for one in volume])
        self._pixel_um, self._slice_um = pixel_size_nm * 1e-3, slice_nm * 1e-3

    @classmethod
    def load(cls, path: Path, pixel_size_nm: float = 8.0, slice_nm: float = 8.0) -> StackTexture:
        """Read a greyscale TIFF image or stack.

        Raises :class:`~hardware.simulator.stack_file.BadSpecimen` when the file cannot serve.
        """
        return cls(read_volume(path), pixel_size_nm, slice_nm)

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> Floats:
        """See :meth:`Texture.sample`. Cubic in x and y, linear in z."""
        x, y, z = _grid(x_um, y_um, z_um)
        x, y, contrast = _wandering(x, y)
        n, rows, columns = self._slices.shape
        column = _mirrored(x / self._pixel_um, columns)
        row = _mirrored(y / self._pixel_um, rows)
        depth = _mirrored(z / self._slice_um, n)
        result = np.zeros_like(x)
        for k in range(int(depth.min()), min(math.ceil(float(depth.max())), n - 1) + 1):
            weight = np.maximum(1 - np.abs(depth - k), 0)
            result += weight * cv2.remap(
                self._slices[k], column, row, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
            )
        return result * contrast
