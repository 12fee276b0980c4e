"""From specimen to frame: probe, electrons, detector.

The optics are those of :mod:`hardware.optics`; here come sampling, noise and the detector.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from hardware.optics import probe_otf
from hardware.simulator.fields import Floats
from hardware.types import FrameSettings, Image

Doubles = NDArray[np.float64]

ELECTRON_C = 1.602176634e-19
NOMINAL_CURRENT_NA = 1.8
# grey values as fractions of full scale, at gain 1 and offset 0
MEAN_TISSUE = 140 / 255
BLACK_LEVEL = 3 / 255
READ_NOISE = 0.5 / 255
STREAK_LENGTH_PX = 120.0
STREAKS_PER_PX = 3e-4
LEAST_COLLECTED = 0.05


class Scene(Protocol):
    """What lies under the beam, in the wafer frame."""

    def signal(self, x_um: ArrayLike, y_um: ArrayLike, removed_nm: ArrayLike) -> Floats:
        """Detected signal relative to mean tissue, float32 (h, w)."""
        ...

    def charging(self, x_um: ArrayLike, y_um: ArrayLike) -> Doubles:
        """How strongly the surface charges, 0 ... 1."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """One frame as the beam truly scans it.

    ``to_wafer`` (2, 3) float64 maps pixels (column, row, 1) to wafer um. The aberration is in
    the image frame, as :mod:`hardware.optics` defines it.
    """

    settings: FrameSettings
    to_wafer: Doubles
    defocus_um: float
    astig_x_um: float
    astig_y_um: float
    probe_current_na: float


@dataclass(frozen=True, slots=True)
class ColumnPhysics:
    """Constants of column and detector.

    A convergence of 8.9 mrad, a floor of 4.5 nm rms and 0.127 detected quanta per primary
    electron fit a real SEM pair at 1.5 kV. ``spherical_um`` is that of
    :func:`hardware.optics.probe_otf`; any but 0 adds a tenth of a second per megapixel.
    ``detector_response_ns`` is the decay time of the video signal along the fast axis.
    ``charging_streak`` is the height of the streaks, in units of mean tissue, on a section that
    was never irradiated. ``falloff_per_mm2`` is the share of the signal that the detector misses, by the
    square of the distance from the beam axis: shading of overviews.
    """

    convergence_mrad: float = 8.9
    floor_um: float = 0.0045
    spherical_um: float = 0.0
    quanta_per_electron: float = 0.127
    detector_response_ns: float = 10.0
    charging_streak: float = 0.25
    falloff_per_mm2: float = 0.0

    def blur_radius_um(self, view: View) -> float:
        """How far the probe reaches: disk plus three times the rms width of the floor."""
        focal = abs(view.defocus_um) + math.hypot(view.astig_x_um, view.astig_y_um) + abs(self.spherical_um)
        return self.convergence_mrad * 1e-3 * focal + 3 * self.floor_um

    def quanta(self, current_na: float, dwell_ns: float) -> float:
        """Detected quanta per pixel of mean tissue."""
        return self.quanta_per_electron * current_na * dwell_ns * 1e-18 / ELECTRON_C


def expose(
    view: View,
    specimen: Scene,
    removed_nm_at: Callable[[Doubles, Doubles], ArrayLike],
    physics: ColumnPhysics,
    detector_gain: float,
    detector_offset: float,
    rng: np.random.Generator,
) -> Image:
    """One frame, uint8 or uint16 (height_px, width_px).

    The video chain integrates over each pixel and divides by the dwell time: at gain 1 and
    1.8 nA mean tissue is at 143 of 255 at any dwell time, with less noise at longer ones.
    ``detector_offset`` is in fractions of full scale.
    """
    settings = view.settings
    signal = _blurred_signal(view, specimen, removed_nm_at, physics)
    signal *= _charging(view, specimen, physics, rng)
    if physics.falloff_per_mm2 > 0:
        signal *= _collected(settings, physics.falloff_per_mm2)
    expected = physics.quanta(view.probe_current_na, settings.dwell_ns) * np.maximum(signal, 0)
    video = _lagged(
        rng.poisson(expected).astype(np.float32), settings.dwell_ns, physics.detector_response_ns
    )
    per_quantum = MEAN_TISSUE / physics.quanta(NOMINAL_CURRENT_NA, settings.dwell_ns)
    return _digitised(detector_gain * per_quantum * video, settings, detector_offset, rng)


def dark_frame(settings: FrameSettings, detector_offset: float, rng: np.random.Generator) -> Image:
    """A frame without a beam: offset and read noise."""
    nothing = np.zeros((settings.height_px, settings.width_px), np.float32)
    return _digitised(nothing, settings, detector_offset, rng)


def _blurred_signal(
    view: View,
    specimen: Scene,
    removed_nm_at: Callable[[Doubles, Doubles], ArrayLike],
    physics: ColumnPhysics,
) -> Floats:
    """Noise-free signal (height_px, width_px), from a window larger than the frame by the blur."""
    height, width = view.settings.height_px, view.settings.width_px
    pixel_um = view.settings.pixel_size_nm * 1e-3
    # far out of focus nothing is recognisable: there the window may wrap
    margin = min(math.ceil(physics.blur_radius_um(view) / pixel_um) + 2, max(height, width))
    shape = [scipy.fft.next_fast_len(n + 2 * margin, real=True) for n in (height, width)]
    rows, columns = (np.arange(n, dtype=np.float64) - margin for n in shape)
    x, y = (a * columns[None, :] + b * rows[:, None] + c for a, b, c in view.to_wafer)
    signal = specimen.signal(x, y, removed_nm_at(x, y))
    spectrum = scipy.fft.rfft2(signal)
    spectrum *= _transfer(view, physics, shape, pixel_um)
    blurred = scipy.fft.irfft2(spectrum, s=shape, overwrite_x=True)
    return np.ascontiguousarray(blurred[margin : margin + height, margin : margin + width])


def _transfer(view: View, physics: ColumnPhysics, shape: list[int], pixel_um: float) -> Floats:
    """The probe's transfer function on the grid of ``rfft2``, float32."""
    ky = (2 * math.pi * scipy.fft.fftfreq(shape[0], pixel_um)).astype(np.float32)[:, None]
    kx = (2 * math.pi * scipy.fft.rfftfreq(shape[1], pixel_um)).astype(np.float32)[None, :]
    otf: Floats = probe_otf(
        kx,
        ky,
        view.defocus_um,
        view.astig_x_um,
        view.astig_y_um,
        physics.convergence_mrad * 1e-3,
        physics.floor_um,
        np,
        physics.spherical_um,
    )
    return otf


def _charging(view: View, specimen: Scene, physics: ColumnPhysics, rng: np.random.Generator) -> Floats:
    """Factors to the signal: bright and dark streaks that decay along the fast axis."""
    height, width = view.settings.height_px, view.settings.width_px
    centre = view.to_wafer @ (0.5 * (width - 1), 0.5 * (height - 1), 1.0)
    strength = physics.charging_streak * float(specimen.charging(centre[0], centre[1]))
    if strength == 0.0:
        return np.ones((1, 1), np.float32)
    streaks = np.zeros((height, width), np.float32)
    n = rng.poisson(STREAKS_PER_PX * streaks.size)
    streaks.flat[rng.integers(streaks.size, size=n)] = strength * rng.standard_normal(n)
    return 1 + _decaying(streaks, math.exp(-1 / STREAK_LENGTH_PX))


def _collected(settings: FrameSettings, falloff_per_mm2: float) -> Floats:
    """The share of the signal that the detector collects from each pixel, float32 (height_px, width_px)."""
    pixel_mm = settings.pixel_size_nm * 1e-6
    rows, columns = (
        (np.arange(n, dtype=np.float32) - (n - 1) / 2) * pixel_mm
        for n in (settings.height_px, settings.width_px)
    )
    away_mm2 = rows[:, None] ** 2 + columns[None, :] ** 2
    return np.maximum(1 - falloff_per_mm2 * away_mm2, LEAST_COLLECTED).astype(np.float32)


def _lagged(video: Floats, dwell_ns: float, response_ns: float) -> Floats:
    """The video signal behind a detector with an exponential response along the fast axis."""
    keep = math.exp(-dwell_ns / response_ns) if response_ns > 0 else 0.0
    if keep < 1e-3:
        return video
    video *= 1 - keep
    video[:, 0] /= 1 - keep  # as if the first pixel had been there for long
    return _decaying(video, keep)


def _decaying(values: Floats, keep: float) -> Floats:
    """Each pixel plus ``keep`` times the result of the pixel before it in its row."""
    from scipy.signal import lfilter  # here, since it is half of the time in which a twin starts

    one, pole = np.ones(1, np.float32), np.array([1, -keep], np.float32)
    result: Floats = lfilter(one, pole, values, axis=1)
    return result


def _digitised(video: Floats, settings: FrameSettings, offset: float, rng: np.random.Generator) -> Image:
    """Video signal in fractions of full scale as grey values, clipped."""
    full_scale = 2**settings.bit_depth - 1
    noise = rng.standard_normal(video.shape, dtype=np.float32)
    level = video + np.float32(READ_NOISE) * noise + np.float32(BLACK_LEVEL + offset)
    grey = np.clip(np.rint(full_scale * level), 0, full_scale)
    image: Image = grey.astype(np.uint8 if settings.bit_depth == 8 else np.uint16)
    return image
