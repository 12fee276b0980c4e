"""What a microscope does to an image, whatever the program believes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.signal import lfilter

from hardware.optics import StigmatorFrame, least_blur_um, probe_otf
from hardware.types import FrameSettings

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Reals = NDArray[np.floating]

TILE_NM = 10.0  # pixels of the tiles of texture that images are made from
QUANTA_PER_NA_NS = 0.127 * 6.2415  # detected; 0.127 per primary electron fits a real SEM pair
STREAK_LENGTH_PX, STREAKS_PER_PX = 120.0, 3e-4
TILT_LEVELS = 5  # a tilted tile is blended from images at so many heights


@dataclass(frozen=True, slots=True)
class Machine:
    """The truth about one microscope.

    ``spherical_um``, ``inner`` and ``falloff`` are those of :func:`hardware.optics.probe_otf`.
    ``contrast``: sd of the signal over its mean where the texture has sd 1. ``shift_px``: each image
    lies up to so far from where it should, along both axes; ``shear_px``: and drifts so far while it
    is scanned. ``charging``: height of streaks along the fast axis, ``vignetting``: loss of signal in
    the corners, in units of mean tissue. ``tilt_um``: the right edge lies so much lower than the left.
    ``grey_per_signal`` is negative for inverted contrast.
    """

    convergence_mrad: float = 8.9
    floor_um: float = 0.0045
    spherical_um: float = 0.0
    inner: float = 0.0
    falloff: float = 0.0
    current_na: float = 1.7
    contrast: float = 0.145
    lag_ns: float = 0.0
    shift_px: float = 10.0
    shear_px: float = 0.0
    charging: float = 0.0
    vignetting: float = 0.0
    tilt_um: float = 0.0
    grey_per_signal: float = 200.0
    stigmators: StigmatorFrame = field(default_factory=StigmatorFrame)

    def quanta(self, dwell_ns: float) -> float:
        """Detected quanta per pixel of mean tissue."""
        return QUANTA_PER_NA_NS * self.current_na * dwell_ns

    def transfer(self, kx: Reals, ky: Reals, aberration_um: Doubles) -> Reals:
        """Transfer function of the probe at ``kx``, ``ky`` [rad/um], which broadcast.

        ``aberration_um`` (3,): defocus from the least blur, astig x, astig y in the image frame.
        """
        z, ax, ay = (float(v) for v in aberration_um)
        if self.spherical_um != 0.0:
            z += least_blur_um(self.spherical_um, self.inner, self.falloff)
        alpha_rad = 1e-3 * self.convergence_mrad
        shape = (self.spherical_um, self.inner, self.falloff)
        otf = probe_otf(kx, ky, z, ax, ay, alpha_rad, self.floor_um, np, *shape)
        return np.asarray(otf, dtype=kx.dtype)


@dataclass(frozen=True)
class Specimen:
    """A periodic tile of texture (h, w), float32, in pixels of ``TILE_NM``, ready to be imaged."""

    tile: Floats
    spectrum: NDArray[np.complex64]
    kx: Floats
    ky: Floats

    @classmethod
    def of(cls, tile: Floats) -> Specimen:
        step_um = 1e-3 * TILE_NM
        height, width = tile.shape
        kx = 2 * math.pi * scipy.fft.rfftfreq(width, step_um)
        ky = 2 * math.pi * scipy.fft.fftfreq(height, step_um)
        spectrum = scipy.fft.rfft2(tile.astype(np.float32)).astype(np.complex64)
        return cls(tile, spectrum, kx.astype(np.float32)[None, :], ky.astype(np.float32)[:, None])

    def blurred(self, machine: Machine, aberration_um: Doubles) -> Floats:
        """The tile as the probe sees it, without noise."""
        transfer = machine.transfer(self.kx, self.ky, aberration_um)
        seen: Floats = scipy.fft.irfft2(self.spectrum * transfer, s=self.tile.shape, overwrite_x=True)
        return seen


def expose(
    specimen: Specimen,
    machine: Machine,
    settings: FrameSettings,
    aberration_um: Doubles,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """One scan (height_px, width_px) of the middle of the tile."""
    shape = (settings.height_px, settings.width_px)
    scan = _scan_of(specimen.tile.shape, machine, settings, rng)
    signal = 1 + machine.contrast * _seen(specimen, machine, aberration_um, scan, shape)
    signal *= _charging(machine, shape, rng) * _vignetting(machine, shape)
    quanta = machine.quanta(settings.dwell_ns)
    counts = rng.poisson(quanta * np.clip(signal, 0.02, None)) / quanta
    video = _lagged(counts, settings.dwell_ns, machine.lag_ns)
    return np.clip(np.rint(128 + machine.grey_per_signal * (video - 1)), 0, 255).astype(np.uint8)


def _scan_of(
    tile: tuple[int, ...], machine: Machine, settings: FrameSettings, rng: np.random.Generator
) -> Doubles:
    """Where on the tile the beam is: (2, 3), from pixels (column, row, 1) to tile pixels."""
    step = settings.pixel_size_nm / TILE_NM
    shift_x, shift_y = np.rint(rng.uniform(-machine.shift_px, machine.shift_px, 2))
    drift_x, drift_y = rng.uniform(-machine.shear_px, machine.shear_px, 2) / settings.height_px
    left = (tile[1] - step * settings.width_px) // 2 + shift_x
    top = (tile[0] - step * settings.height_px) // 2 + shift_y
    return np.array([[step, drift_x, left], [0.0, step + drift_y, top]])


def _seen(
    specimen: Specimen, machine: Machine, aberration_um: Doubles, scan: Doubles, shape: tuple[int, int]
) -> Floats:
    """Texture under the scanned beam, blurred (height, width)."""

    def at(height_um: float) -> Floats:
        blurred = specimen.blurred(machine, aberration_um + np.array([height_um, 0.0, 0.0]))
        flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
        size = (shape[1], shape[0])
        return np.asarray(
            cv2.warpAffine(blurred, scan, size, flags=flags, borderMode=cv2.BORDER_WRAP), np.float32
        )

    if machine.tilt_um == 0.0:
        return at(0.0)
    levels = np.linspace(-0.5, 0.5, TILT_LEVELS)
    across = np.arange(shape[1]) / (shape[1] - 1) - 0.5
    shares = np.maximum(0.0, 1 - np.abs(across - levels[:, None]) * (TILT_LEVELS - 1))
    images = (at(machine.tilt_um * level) for level in levels)
    return np.asarray(sum(s * image for s, image in zip(shares, images, strict=True)), np.float32)


def _charging(machine: Machine, shape: tuple[int, int], rng: np.random.Generator) -> Doubles:
    """Factors to the signal: bright and dark streaks that decay along the fast axis."""
    if machine.charging == 0.0:
        return np.ones((1, 1))
    streaks = np.zeros(shape)
    n = rng.poisson(STREAKS_PER_PX * streaks.size)
    streaks.flat[rng.integers(streaks.size, size=n)] = machine.charging * rng.standard_normal(n)
    return 1 + _decaying(streaks, math.exp(-1 / STREAK_LENGTH_PX))


def _vignetting(machine: Machine, shape: tuple[int, int]) -> Doubles:
    y, x = (np.linspace(-1, 1, n) for n in shape)
    return np.asarray(1 - machine.vignetting * 0.5 * (y[:, None] ** 2 + x[None, :] ** 2))


def _lagged(video: Doubles, dwell_ns: float, response_ns: float) -> Doubles:
    """Behind a detector with an exponential response along the fast axis."""
    keep = math.exp(-dwell_ns / response_ns) if response_ns > 0 else 0.0
    if keep == 0.0:
        return video
    lagging = (1 - keep) * video
    lagging[:, 0] = video[:, 0]  # as if the first pixel had been there for long
    return _decaying(lagging, keep)


def _decaying(values: Doubles, keep: float) -> Doubles:
    """Each pixel plus ``keep`` times the result of the pixel before it in its row."""
    return np.asarray(lfilter([1.0], [1.0, -keep], values, axis=1))
