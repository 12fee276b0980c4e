"""Training images made on the fly: a texture, a probe, electrons, a detector."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from models.training.textures import TextureSource

ELECTRONS_PER_NA_NS = 1e-18 / 1.602176634e-19
CHUNK = 4
LAG_PX = 8  # columns scanned before a patch, so that its first ones have a past to lag behind


class ProbeOtf(Protocol):
    """Transfer function of the probe, handed in by whoever composes the program.

    Frequencies in rad/um, aberrations and floor in um in the image frame (y down), alpha in
    rad; everything broadcasts; ``xp`` is the array namespace.
    """

    def __call__(
        self,
        kx: Any,
        ky: Any,
        defocus_um: Any,
        astig_x_um: Any,
        astig_y_um: Any,
        alpha_rad: Any,
        floor_um: Any,
        xp: Any,
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class ImageBatch:
    """Images of ``n`` places, each seen at ``m`` known perturbations.

    ``images`` (n, m, s, s) float32; ``aberration_um`` (n, 3): what the network is to find;
    ``blur_px`` (n,): radius [px] of the probe disk at one unit of perturbation.
    """

    images: Tensor
    aberration_um: Tensor
    blur_px: Tensor


class ImageSource(Protocol):
    """Endless training images."""

    def batch(self, count: int) -> ImageBatch: ...


@dataclass(frozen=True, slots=True)
class Span:
    """A range to draw from, evenly or evenly in the logarithm."""

    low: float
    high: float
    logarithmic: bool = False

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """``count`` numbers, shape (count,)."""
        u = torch.rand(count, generator=rng)
        if self.logarithmic:
            return torch.exp(math.log(self.low) + (math.log(self.high) - math.log(self.low)) * u)
        return self.low + (self.high - self.low) * u


@dataclass(frozen=True, slots=True)
class Ranges:
    """What training varies. Wider than a microscope, or the network learns the simulation.

    ``pixel_nm`` is that of the simulated (binned) image, ``binned`` how many scanned pixels
    one of them averages along each axis. A share ``odd_pixels`` takes its pixel size from the
    whole range instead of the nominal one, ``near`` the share whose aberration is drawn
    towards zero, down to ``smallest`` of the range; ``blank`` is the share of nearly bare
    places, ``gaussian`` that of probes that are partly Gaussian.
    """

    patch_px: int
    perturbations_um: tuple[float, ...]
    nominal_pixel_nm: float
    pixel_nm: Span
    binned: int
    defocus_um: float = 30.0
    astig_um: float = 28.0
    near: float = 0.5
    smallest: float = 0.02
    odd_pixels: float = 0.35
    convergence_mrad: Span = field(default_factory=lambda: Span(8.0, 10.0))
    convergence_error: float = 0.02
    floor_nm: Span = field(default_factory=lambda: Span(3.0, 10.0))
    contrast: Span = field(default_factory=lambda: Span(0.04, 0.25, True))
    blank: float = 0.15
    gaussian: float = 0.1
    dwell_ns: Span = field(default_factory=lambda: Span(40.0, 800.0, True))
    current_na: Span = field(default_factory=lambda: Span(1.5, 1.8))
    quanta_per_electron: float = 0.127
    shift_px: float = 10.0
    drifting: float = 0.25
    shear: float = 0.02
    lag_ns: Span = field(default_factory=lambda: Span(0.0, 60.0))
    gain_error: float = 0.03
    gamma: Span = field(default_factory=lambda: Span(0.8, 1.25, True))
    spectral_tilt: float = 0.4


class SimulatedImages:
    """An :class:`ImageSource` from a probe's transfer function and textures.

    Shot noise follows the dose, the lag of the detector smears signal and noise along the
    fast axis, and images of one place are shifted and sheared against each other.
    """

    def __init__(self, otf: ProbeOtf, textures: TextureSource, ranges: Ranges, seed: int) -> None:
        if ranges.patch_px + LAG_PX > textures.size_px:
            raise ValueError(
                f"textures of {textures.size_px} px are too small for patches of {ranges.patch_px} px; "
                f"give textures of at least {ranges.patch_px + LAG_PX} px"
            )
        self._otf, self._textures, self._ranges = otf, textures, ranges
        self.rng = torch.Generator().manual_seed(seed)
        size = textures.size_px
        self._kx = 2 * math.pi * torch.fft.rfftfreq(size)[None, :]  # rad/px
        self._ky = 2 * math.pi * torch.fft.fftfreq(size)[:, None]

    def batch(self, count: int) -> ImageBatch:
        """``count`` places, made a few at a time: what fits the cache is made faster."""
        sizes = [min(CHUNK, count - done) for done in range(0, count, CHUNK)]
        parts = [self._chunk(size) for size in sizes]
        return ImageBatch(
            torch.cat([p.images for p in parts]),
            torch.cat([p.aberration_um for p in parts]),
            torch.cat([p.blur_px for p in parts]),
        )

    def _chunk(self, count: int) -> ImageBatch:
        r = self._ranges
        aberration = self._aberrations(count)
        odd = torch.rand(count, generator=self.rng) < r.odd_pixels
        pixel_um = 1e-3 * torch.where(
            odd, r.pixel_nm.draw(count, self.rng), torch.tensor(r.nominal_pixel_nm)
        )
        alpha = 1e-3 * r.convergence_mrad.draw(count, self.rng)
        spectra = self._specimens(count)[:, None] * self._probes(aberration, alpha, pixel_um)
        images = self._exposed(self._scanned(spectra))
        believed = alpha * (1 + r.convergence_error * torch.randn(count, generator=self.rng))
        unit_um = max(map(abs, r.perturbations_um)) or 1.0
        return ImageBatch(images, aberration, believed * unit_um / pixel_um)

    def _aberrations(self, count: int) -> Tensor:
        """Spread evenly over the range, a share drawn towards zero by a common factor."""
        r = self._ranges
        limits = torch.tensor([r.defocus_um, r.astig_um, r.astig_um])
        vector = limits * (2 * torch.rand((count, 3), generator=self.rng) - 1)
        near = torch.rand((count, 1), generator=self.rng) < r.near
        factor = Span(r.smallest, 1.0, True).draw(count, self.rng)[:, None]
        return torch.where(near, factor * vector, vector)

    def _specimens(self, count: int) -> Tensor:
        """Spectra of textures with sd 1, their slope varied, shape (n, size, size//2 + 1)."""
        spectra = torch.fft.rfft2(self._textures.draw(count, self.rng))
        tilt = self._ranges.spectral_tilt * (2 * torch.rand((count, 1, 1), generator=self.rng) - 1)
        k = torch.sqrt(self._kx**2 + self._ky**2) + 0.05
        tilted: Tensor = spectra * k**tilt
        norm: Tensor = torch.linalg.vector_norm(tilted, dim=(1, 2), keepdim=True)
        return tilted * (self._unit_norm / norm)

    @property
    def _unit_norm(self) -> float:
        """Norm of the half spectrum of a texture with sd 1 (Parseval, both halves alike)."""
        return self._textures.size_px**2 / math.sqrt(2.0)

    def _probes(self, aberration: Tensor, alpha: Tensor, pixel_um: Tensor) -> Tensor:
        """Transfer functions, shape (n, m, size, size//2 + 1)."""
        r, count = self._ranges, len(aberration)
        per_place = (count, 1, 1, 1)
        kx, ky = (k / pixel_um.view(per_place) for k in (self._kx, self._ky))
        z = aberration[:, :1] + torch.tensor(r.perturbations_um)
        ax, ay = (aberration[:, i].view(per_place) for i in (1, 2))
        floor = 1e-3 * r.floor_nm.draw(count, self.rng).view(per_place)
        alpha = alpha.view(per_place)
        disk: Tensor = self._otf(kx, ky, z[..., None, None], ax, ay, alpha, floor, torch)
        share = torch.rand(count, generator=self.rng) * (torch.rand(count, generator=self.rng) < r.gaussian)
        for i in torch.nonzero(share).flatten().tolist():
            gauss = self._gaussian(kx[i], ky[i], z[i][:, None, None], ax[i], ay[i], alpha[i], floor[i])
            disk[i] = (1 - share[i]) * disk[i] + share[i] * gauss
        return disk

    @staticmethod
    def _gaussian(
        kx: Tensor, ky: Tensor, z: Tensor, ax: Tensor, ay: Tensor, alpha: Tensor, floor: Tensor
    ) -> Tensor:
        """The Gaussian probe with the disk's curvature at k = 0 (Binding et al. 2013)."""
        blurred = ((z + ax) * kx + ay * ky) ** 2 + (ay * kx + (z - ax) * ky) ** 2
        return torch.exp(-(alpha**2) * blurred / 8 - 0.5 * (kx * kx + ky * ky) * floor**2)

    def _scanned(self, spectra: Tensor) -> Tensor:
        """Image contrasts (n, m, s, s+), shifted, some sheared; the last axis longer by ``LAG_PX``."""
        r = self._ranges
        shape = (*spectra.shape[:2], 1, 1)
        shift_x, shift_y = (r.shift_px * (torch.rand(shape, generator=self.rng) - 0.5) for _ in range(2))
        ramp = torch.exp(-1j * self._kx * shift_x) * torch.exp(-1j * self._ky * shift_y)
        rows = torch.fft.ifft(spectra * ramp, dim=-2)
        drifting = torch.rand(len(spectra), generator=self.rng) < r.drifting
        shear = r.shear * (torch.rand(shape, generator=self.rng)[drifting] - 0.5)
        travelled = shear * torch.arange(rows.shape[-2])[:, None]
        rows[drifting] = rows[drifting] * torch.exp(-1j * self._kx * travelled)
        moved: Tensor = torch.fft.irfft(rows, n=rows.shape[-2], dim=-1)
        return moved[..., : r.patch_px, : r.patch_px + LAG_PX]

    def _exposed(self, contrast: Tensor) -> Tensor:
        """Detected images around 1, shape (n, m, s, s)."""
        r, count = self._ranges, len(contrast)
        per_place = (count, 1, 1, 1)
        dwell = r.dwell_ns.draw(count, self.rng)
        strength = r.contrast.draw(count, self.rng)
        faint = torch.rand(count, generator=self.rng) < r.blank
        strength = torch.where(faint, 0.04 * torch.rand(count, generator=self.rng), strength)
        polarity = torch.where(torch.rand(count, generator=self.rng) < 0.5, -1.0, 1.0)
        signal = (1 + (polarity * strength).view(per_place) * contrast).clamp_min(0.02)
        signal = signal ** r.gamma.draw(count, self.rng).view(per_place)
        electrons = r.current_na.draw(count, self.rng) * dwell * ELECTRONS_PER_NA_NS
        quanta = (r.quanta_per_electron * r.binned**2 * electrons).view(per_place)
        noisy = signal + torch.sqrt(signal / quanta) * torch.randn(signal.shape, generator=self.rng)
        kept = torch.exp(-r.binned * dwell / r.lag_ns.draw(count, self.rng)).view(per_place)
        smeared = (noisy + kept * noisy.roll(1, -1) + kept**2 * noisy.roll(2, -1)) / (1 + kept + kept**2)
        gain = 1 + r.gain_error * torch.randn((*contrast.shape[:2], 1, 1), generator=self.rng)
        return (gain * smeared)[..., LAG_PX:]
