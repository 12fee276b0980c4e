"""Procedural specimens to train on: periodic textures with mean 0 and standard deviation 1.

Wider in kind than any real specimen on purpose: a network that has seen only one sort of
tissue takes the tissue's own spectrum for the blur. Nothing here resembles a particular
microscope or data set, so that tissue stays an honest test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

OVERSAMPLING = 2  # layers have hard edges: drawn finer, then cut to the band of the texture


class TextureSource(Protocol):
    """Where specimens come from."""

    @property
    def size_px(self) -> int: ...

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """Periodic textures, shape (count, size_px, size_px), float32, mean 0, sd 1."""
        ...


def uniform(low: float, high: float, rng: torch.Generator) -> float:
    """One number between ``low`` and ``high``."""
    return low + (high - low) * float(torch.rand((), generator=rng))


def log_uniform(low: float, high: float, rng: torch.Generator) -> float:
    """One number whose logarithm is uniform."""
    return math.exp(uniform(math.log(low), math.log(high), rng))


def standardised(field: Tensor) -> Tensor:
    """The last two axes shifted and scaled to mean 0 and sd 1; a constant becomes 0."""
    centred = field - field.mean((-2, -1), keepdim=True)
    return centred / centred.std((-2, -1), keepdim=True).clamp_min(1e-6)


@dataclass(frozen=True, slots=True)
class Canvas:
    """A periodic square that layers are drawn on, ``scale`` fine pixels to one texture pixel."""

    size: int
    scale: float
    rng: torch.Generator

    def length(self, low_px: float, high_px: float) -> float:
        """A random length [fine pixels] between two lengths in texture pixels."""
        return self.scale * log_uniform(low_px, high_px, self.rng)

    def frequency(self, stretch: float = 1.0) -> Tensor:
        """|k| [cycles per fine pixel] in a frame turned at random and stretched along one axis."""
        angle = uniform(0.0, math.pi, self.rng)
        kx = torch.fft.rfftfreq(self.size)[None, :]
        ky = torch.fft.fftfreq(self.size)[:, None]
        along = math.cos(angle) * kx + math.sin(angle) * ky
        across = -math.sin(angle) * kx + math.cos(angle) * ky
        return torch.sqrt((along * stretch) ** 2 + across**2)

    def noise(self, gain: Tensor) -> Tensor:
        """White noise filtered by ``gain``, standardised."""
        white = torch.randn((self.size, self.size), generator=self.rng)
        return standardised(torch.fft.irfft2(torch.fft.rfft2(white) * gain, s=white.shape))

    def cells(self, length: float, stretch: float = 1.0) -> Tensor:
        """Band-passed noise whose level sets are closed curves about ``length`` apart."""
        k = self.frequency(stretch) * length
        return self.noise(k * torch.exp(-0.5 * (2.0 * k) ** 2))


def _distance_to_zero(field: Tensor) -> Tensor:
    """Signed distance [fine pixels] to the zero level, to first order: f / |grad f|."""
    gy = 0.5 * (field.roll(-1, 0) - field.roll(1, 0))
    gx = 0.5 * (field.roll(-1, 1) - field.roll(1, 1))
    slope: Tensor = torch.sqrt(gx * gx + gy * gy)
    distance: Tensor = field / slope.clamp_min(0.2 * float(slope.mean()) + 1e-9)
    return distance


def membranes(canvas: Canvas) -> Tensor:
    """Thin closed walls."""
    width = canvas.length(0.4, 3.0)
    return torch.exp(-((_distance_to_zero(canvas.cells(canvas.length(5.0, 60.0))) / width) ** 2))


def filaments(canvas: Canvas) -> Tensor:
    """Thin walls drawn out along one direction."""
    field = canvas.cells(canvas.length(4.0, 25.0), stretch=uniform(3.0, 10.0, canvas.rng))
    return torch.exp(-((_distance_to_zero(field) / canvas.length(0.4, 2.0)) ** 2))


def blobs(canvas: Canvas) -> Tensor:
    """Filled patches with an edge between hard and soft."""
    field = canvas.cells(canvas.length(4.0, 60.0), stretch=uniform(1.0, 2.0, canvas.rng))
    level = uniform(-1.0, 1.5, canvas.rng)
    return torch.sigmoid(_distance_to_zero(field - level) / canvas.length(0.2, 2.0))


def spheres(canvas: Canvas) -> Tensor:
    """Disks or rings at random places."""
    radius = canvas.length(1.0, 12.0)
    axis = torch.fft.fftfreq(canvas.size) * canvas.size
    distance = torch.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    disk = torch.sigmoid((radius - distance) / 0.5)
    if uniform(0.0, 1.0, canvas.rng) < 0.5:
        disk = disk - torch.sigmoid((0.6 * radius - distance) / 0.5)
    chance = uniform(0.05, 0.6, canvas.rng) / (math.pi * radius**2)
    seeds = (torch.rand(disk.shape, generator=canvas.rng) < chance).float()
    spectrum = torch.fft.rfft2(seeds) * torch.fft.rfft2(disk)
    drawn: Tensor = torch.fft.irfft2(spectrum, s=disk.shape)
    return drawn.clamp(0.0, 1.5)


def fractal(canvas: Canvas) -> Tensor:
    """Noise with a power law, its octaves cut below a random size."""
    k = canvas.frequency(stretch=uniform(1.0, 1.5, canvas.rng))
    corner = 1.0 / canvas.length(10.0, 100.0)
    return canvas.noise((k * k + corner * corner) ** (-0.5 * uniform(0.6, 1.8, canvas.rng)))


def stripes(canvas: Canvas) -> Tensor:
    """Wavy stripes along one direction, between soft and hard-edged, that come apart here and there."""
    spacing = canvas.length(4.0, 30.0)
    k = canvas.frequency(stretch=uniform(2.0, 6.0, canvas.rng)) * spacing
    field = canvas.noise(torch.exp(-0.5 * ((k - 1.0) / uniform(0.1, 0.3, canvas.rng)) ** 2))
    return torch.tanh(log_uniform(0.5, 8.0, canvas.rng) * field)


def domains(canvas: Canvas) -> Tensor:
    """Areas of flat grey, larger than most patches: a wide field, or what a patch sees of one border."""
    fields = [canvas.cells(canvas.length(60.0, 250.0)) for _ in range(2)]
    edge = canvas.length(0.3, 2.0)
    borders = [torch.sigmoid(_distance_to_zero(field) / edge) for field in fields]
    return borders[0] + uniform(0.2, 1.0, canvas.rng) * borders[1]


def specks(canvas: Canvas) -> Tensor:
    """Few small grains, each of another height, on bare ground."""
    chance = log_uniform(2e-4, 1e-2, canvas.rng)
    white = torch.rand((canvas.size, canvas.size), generator=canvas.rng)
    heights = torch.randn((canvas.size, canvas.size), generator=canvas.rng)
    radius = canvas.length(0.5, 2.0)
    spectrum = torch.fft.rfft2((white < chance) * heights)
    blurred: Tensor = torch.fft.irfft2(
        spectrum * torch.exp(-2 * (math.pi * radius * canvas.frequency()) ** 2), s=white.shape
    )
    return blurred


LAYERS: tuple[Callable[[Canvas], Tensor], ...] = (
    membranes,
    membranes,
    blobs,
    spheres,
    filaments,
    fractal,
    stripes,
    domains,
    specks,
)
BARE_LEVELS = (-0.5, 1.3)  # of a standardised field: from a third to nine tenths of a texture is bare


def random_texture(size_px: int, rng: torch.Generator) -> Tensor:
    """One periodic texture of up to four layers, shape (size_px, size_px); one in six is bare in part."""
    canvas = Canvas(OVERSAMPLING * size_px, OVERSAMPLING * log_uniform(0.7, 1.6, rng), rng)
    field = torch.zeros((canvas.size, canvas.size))
    for _ in range(1 + int(uniform(0.0, 3.999, rng))):
        layer = LAYERS[int(uniform(0.0, len(LAYERS) - 1e-6, rng))]
        sign = 1.0 if uniform(0.0, 1.0, rng) < 0.5 else -1.0
        field = field + sign * log_uniform(0.3, 1.5, rng) * standardised(layer(canvas))
    if uniform(0.0, 1.0, rng) < 1 / 6:
        level = uniform(*BARE_LEVELS, rng)
        kept = _distance_to_zero(canvas.cells(canvas.length(40.0, 150.0)) - level)
        field = field * torch.sigmoid(kept / canvas.scale)
    return standardised(_band_limited(field, size_px))


def _band_limited(field: Tensor, size_px: int) -> Tensor:
    """The field sampled on ``size_px`` pixels after its higher frequencies are cut."""
    spectrum = torch.fft.rfft2(field)
    half = size_px // 2
    kept = torch.cat([spectrum[:half, : half + 1], spectrum[-half:, : half + 1]], 0)
    cut: Tensor = torch.fft.irfft2(kept, s=(size_px, size_px))
    return cut


class TextureBank:
    """A stock of random textures, renewed as it is drawn from.

    Args:
        size_px: edge of the periodic squares.
        count: how many are kept.
        renewed: how many are replaced at each draw.
        seed: makes the stock and its renewals reproducible.
        device: where the stock lies; it is painted on the CPU, the same for every device.
    """

    def __init__(
        self, size_px: int, count: int, seed: int, renewed: int = 1, device: torch.device | str = "cpu"
    ) -> None:
        self._rng = torch.Generator().manual_seed(seed)
        self._renewed, self._next = renewed, 0
        self._stock = torch.stack([random_texture(size_px, self._rng) for _ in range(count)]).to(device)

    @property
    def size_px(self) -> int:
        return self._stock.shape[-1]

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """``count`` textures, each turned and mirrored at random."""
        for _ in range(self._renewed):
            self._stock[self._next] = random_texture(self.size_px, self._rng)
            self._next = (self._next + 1) % len(self._stock)
        chosen = torch.randint(len(self._stock), (count,), generator=rng, device=rng.device)
        return torch.stack([turned(self._stock[int(i)], rng) for i in chosen])


def turned(texture: Tensor, rng: torch.Generator) -> Tensor:
    """The texture turned by quarters and mirrored at random."""
    quarter, mirrored = (int(n) for n in torch.randint(4, (2,), generator=rng, device=rng.device))
    turned = torch.rot90(texture, quarter)
    return turned.flip(1) if mirrored % 2 else turned
