"""Training images made on the fly: a texture, a probe, electrons, a detector."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Protocol

import torch
from torch import Tensor

from models.training.detector import LAG_PX, Exposure, draw_exposure, exposed
from models.training.motion import drifted, shift_ramp
from models.training.probes import (
    Filling,
    Frequencies,
    Machines,
    ProbeOtf,
    draw_fillings,
    draw_machines,
    transfer,
)
from models.training.ranges import NO_EFFECTS, Effects, Ranges, Span, chosen, evenly
from models.training.textures import TextureSource

__all__ = [
    "LAG_PX",
    "NO_EFFECTS",
    "Effects",
    "ImageBatch",
    "ImageSource",
    "ProbeOtf",
    "Ranges",
    "SimulatedImages",
    "Span",
]

# places made at a time: what fits a processor's cache is made faster, a GPU wants many
CPU_CHUNK, GPU_CHUNK = 8, 64


@dataclass(frozen=True, slots=True)
class ImageBatch:
    """Images of ``n`` places, each seen at ``m`` known perturbations.

    ``images`` (n, m, s, s) float32, mean about 1; ``aberration_um`` (n, 3): what the network is
    to find, at the centre of the patch, where focus is the defocus of least rms blur.

    What the program knows, (n,) each: ``perturbation_um``, the largest of the place;
    ``convergence_mrad``, as believed; ``pixel_nm`` of the image, binned; ``dose_per_nm2``,
    electrons that one image lays down; ``blur_px``, the radius of the probe disk at one
    perturbation and the believed angle. Hidden from it: ``contrast`` (n,) of the specimen, the
    standard deviation over the mean.
    """

    images: Tensor
    aberration_um: Tensor
    blur_px: Tensor
    perturbation_um: Tensor
    convergence_mrad: Tensor
    pixel_nm: Tensor
    dose_per_nm2: Tensor
    contrast: Tensor


class ImageSource(Protocol):
    """Endless training images."""

    def batch(self, count: int) -> ImageBatch: ...


class SimulatedImages:
    """An :class:`ImageSource` from a probe's transfer function and textures.

    Everything is drawn from ``rng`` and made on its device: the same seed gives the same
    images on the same device. Textures may lie elsewhere.

    Args:
        otf: transfer function of the probe (``hardware.optics.probe_otf``).
        textures: specimens, at least ``LAG_PX`` larger than the patches.
        ranges: what varies.
        seed: of everything but the textures' own.
        device: where the images are made.

    Raises:
        ValueError: the textures are too small.
    """

    def __init__(
        self,
        otf: ProbeOtf,
        textures: TextureSource,
        ranges: Ranges,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        if ranges.patch_px + LAG_PX > textures.size_px:
            raise ValueError(
                f"textures of {textures.size_px} px are too small for patches of {ranges.patch_px} px; "
                f"give textures of at least {ranges.patch_px + LAG_PX} px"
            )
        self._otf, self._textures, self._ranges = otf, textures, ranges
        self._device = torch.device(device)
        self.rng = torch.Generator(self._device).manual_seed(seed)
        self._k = Frequencies.of(textures.size_px, self._device)

    def batch(self, count: int) -> ImageBatch:
        """``count`` places, made a few at a time."""
        chunk = CPU_CHUNK if self._device.type == "cpu" else GPU_CHUNK
        parts = [self._chunk(min(chunk, count - done)) for done in range(0, count, chunk)]
        return ImageBatch(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(ImageBatch)))

    def _chunk(self, count: int) -> ImageBatch:
        r = self._ranges
        machines = draw_machines(r, count, self.rng)
        exposure = draw_exposure(r, count, self.rng)
        seen = drifted(self._seen(machines), (r.patch_px, r.patch_px + LAG_PX), r.effects, self.rng)
        return _told(exposed(seen, exposure, r, self.rng), machines, exposure, r)

    def _seen(self, machines: Machines) -> Tensor:
        """Noise-free contrasts (n, m, size, size), shifted, some tilted."""
        r, (count, views) = self._ranges, machines.defocus_um.shape
        moved = self._specimens(count)[:, None] * shift_ramp(self._k, r.shift_px, (count, views), self.rng)
        fillings = draw_fillings(r, count, self.rng)
        images = self._look(moved, machines, fillings)
        tilted = chosen(r.effects.tilted, count, self.rng)
        if len(tilted):
            weight, half_um = self._tilt(machines.pixel_um[tilted])
            parts = {n: fillings[i] for n, i in enumerate(tilted.tolist()) if i in fillings}
            low, high = (
                self._look(moved[tilted], machines.of(tilted).refocused(by), parts)
                for by in (-half_um, half_um)
            )
            images[tilted] = torch.lerp(low, high, weight)
        return images

    def _look(self, specimens: Tensor, machines: Machines, fillings: dict[int, Filling]) -> Tensor:
        """Specimens, as spectra (n, m, size, size//2 + 1), blurred by their probes: (n, m, size, size)."""
        seen = specimens * transfer(self._otf, self._k, machines, fillings)
        images: Tensor = torch.fft.irfft2(seen, s=(self._textures.size_px,) * 2)
        return images

    def _tilt(self, pixel_um: Tensor) -> tuple[Tensor, Tensor]:
        """How tiles rise along the surface.

        Returns:
            weights (n, 1, size, size) of the higher of two images that differ in focus, 1/2 at the
            centre of the patch, and half the difference [um], (n,).
        """
        r, n = self._ranges, len(pixel_um)
        angle = math.pi * evenly((n, 1, 1, 1), self.rng)
        axis = torch.arange(self._textures.size_px, device=self._device, dtype=torch.float32)
        down = axis[:, None] - 0.5 * (r.patch_px - 1)
        right = axis[None, :] - 0.5 * (r.patch_px - 1) - LAG_PX
        along = (torch.cos(angle) * right + torch.sin(angle) * down) / r.patch_px
        slope = r.effects.slope * torch.rand(n, generator=self.rng, device=self._device)
        return 0.5 + along, 0.5 * slope * r.patch_px * pixel_um

    def _specimens(self, count: int) -> Tensor:
        """Spectra of textures with sd 1, their slope varied, shape (n, size, size//2 + 1)."""
        textures = self._textures.draw(count, self.rng).to(self._device)
        spectra = torch.fft.rfft2(textures)
        tilt = self._ranges.spectral_tilt * evenly((count, 1, 1), self.rng)
        k = torch.sqrt(self._k.x**2 + self._k.y**2) + 0.05
        tilted: Tensor = spectra * k**tilt
        # of complex numbers the norm would take seven times as long
        norm = torch.view_as_real(tilted).square().sum((1, 2, 3)).sqrt().view(-1, 1, 1)
        # the norm of the half spectrum of a texture with sd 1 (Parseval, both halves alike)
        return tilted * (self._textures.size_px**2 / math.sqrt(2.0) / norm)


def _told(images: Tensor, machines: Machines, exposure: Exposure, r: Ranges) -> ImageBatch:
    """Images with what is known of them."""
    pixel_nm = 1e3 * machines.pixel_um
    return ImageBatch(
        images,
        machines.aberration_um,
        machines.believed_rad * machines.perturbation_um / machines.pixel_um,
        machines.perturbation_um,
        1e3 * machines.believed_rad,
        pixel_nm,
        exposure.electrons / (pixel_nm / r.binned) ** 2,
        exposure.contrast.abs(),
    )
