"""Pairs of images that obey the likelihood's model exactly: disk probes, white noise, any texture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

EDGE, MARGIN = 240, 60
SIZE = EDGE + 2 * MARGIN
BLUR_PX = 2.2
NOISE = 0.1  # variance per pixel; the texture has 1


def wave_numbers(size: int) -> tuple[Floats, Floats]:
    k = 2 * np.pi * np.fft.fftfreq(size)
    return k[None, :] + 0 * k[:, None], k[:, None] + 0 * k[None, :]


def texture_power(size: int) -> Floats:
    kx, ky = wave_numbers(size)
    power = (kx**2 + ky**2 + 0.1**2) ** -1.2
    return power / power.mean()


def disk(aberration: Floats, sign: float, size: int) -> Floats:
    """2 J1(u) / u of the probe at one perturbation more or less."""
    kx, ky = wave_numbers(size)
    z, ax, ay = aberration[0] + sign, aberration[1], aberration[2]
    u = BLUR_PX * np.hypot((z + ax) * kx + ay * ky, ay * kx + (z - ax) * ky) + 1e-9
    return np.asarray(2 * special.j1(u) / u)


def pair(
    aberration: Floats, seed: int, shift: tuple[float, float] = (0.0, 0.0)
) -> list[NDArray[np.float32]]:
    """Patches (1, EDGE, EDGE) of one random texture; the second moved by ``shift`` (columns, rows)."""
    rng = np.random.default_rng(seed)
    texture = np.fft.fft2(rng.normal(size=(SIZE, SIZE))) * np.sqrt(texture_power(SIZE))
    return seen(texture, aberration, rng, shift)


def pair_of_lines(aberration: Floats, seed: int, lines: int = 24) -> list[NDArray[np.float32]]:
    """The same of a texture that is a few plane waves: gratings in several directions."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    texture = np.zeros((SIZE, SIZE))
    for length, angle, phase in zip(
        rng.uniform(8, 40, lines), rng.uniform(0, np.pi, lines), rng.uniform(0, 6.28, lines), strict=True
    ):
        along = np.cos(angle) * x + np.sin(angle) * y
        texture += np.cos(2 * np.pi * along / length + phase)
    return seen(np.fft.fft2(texture / texture.std()), aberration, rng)


def seen(
    texture: NDArray[np.complexfloating],
    aberration: Floats,
    rng: np.random.Generator,
    shift: tuple[float, float] = (0.0, 0.0),
) -> list[NDArray[np.float32]]:
    """Both images of a texture, given by its spectrum."""
    kx, ky = wave_numbers(SIZE)
    moved = np.exp(-1j * (kx * shift[0] + ky * shift[1]))
    images = []
    for sign, phase in ((1.0, 1.0), (-1.0, moved)):
        blurred = np.fft.ifft2(texture * disk(aberration, sign, SIZE) * phase).real
        noisy = blurred + np.sqrt(NOISE) * rng.normal(size=blurred.shape)
        images.append(noisy[None, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.float32))
    return images
