"""Training spectra for DeepScore, made as spectra: much faster than by way of images.

The mean power of an image is that of the specimen times the squared transfer function, plus the
noise's, and scatters as a mean over few frequencies does. An image shows several textures side by
side, whose powers add: so specimens are sums of the spectra of textures, bent at random, since what
real ones hold beyond the textures is the one thing that may not be believed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from models.log_polar import LogPolarSpectra
from models.training.pairs import ProbeOtf, Ranges, Span
from models.training.probes import draw_machines
from models.training.ranges import chosen, evenly
from models.training.textures import TextureSource

ELECTRONS_PER_NA_NS = 1e-18 / 1.602176634e-19
STOCK = 600  # specimens, one of them replaced every so many batches
RENEWED_EVERY = 8
STEP_PX = 128  # between patches of a texture
LEAST_PARTS, MOST_PARTS = 2, 12  # textures in a specimen, their number even in the logarithm
PART_SD = 0.7  # of the logarithm of the power of each
SHIFTED = 2.5  # cells by which a specimen is coarser or finer at most
BENT, BEND_TERMS = 0.15, 3
ORIENTED = 0.3
SOFT_PX = 0.25
PATCHES = Span(5.0, 80.0, True)
LINES, LINE_POWER = 0.2, Span(0.03, 3.0, True)
LARGEST_UM, LEAST_UM = 35.0, 0.25
NEAR, NEAR_UM = 0.35, 2.5
NODES = ((-math.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (math.sqrt(3.0), 1 / 6))  # Gauss-Hermite, sd 1
HANN_SD = math.sqrt(1 / 3)  # of the power of a Hann window [cycles per patch]
LEAST_SCATTER = 0.05


@dataclass(frozen=True, slots=True)
class SpectraBatch:
    """Mean spectra of n images.

    ``power`` (n, angles, radii); ``aberration_um`` (n, 3); ``blur_px`` (n,): radius of the probe
    disk at 1 um of defocus, as believed; ``patches`` (n,): independent patches the mean is over.
    """

    power: Tensor
    aberration_um: Tensor
    blur_px: Tensor
    patches: Tensor


class SpecimenSpectra:
    """A stock of power spectra of textures, slowly renewed, and specimens made of them."""

    def __init__(self, spectra: LogPolarSpectra, textures: TextureSource, rng: torch.Generator) -> None:
        self._spectra, self._textures, self._rng = spectra, textures, rng
        self._stock = torch.stack([self._one() for _ in range(STOCK)])
        self._drawn = 0

    def _one(self) -> Tensor:
        """The spectrum (angles, radii) of one texture, from patches over its periodic square."""
        texture, edge = self._textures.draw(1, self._rng)[0], self._spectra.patch_px
        wrapped = torch.cat([torch.cat([texture, texture], 0)] * 2, 1)
        corners = range(0, self._textures.size_px, STEP_PX)
        patches = [wrapped[y : y + edge, x : x + edge] for y in corners for x in corners]
        log_power = torch.log(self._spectra(torch.stack(patches)).clamp_min(1e-9))
        return torch.exp(_standardised(log_power[None], self._spectra.k)[0])

    def draw(self, count: int) -> Tensor:
        """Log power (count, angles, radii) of specimens of several textures."""
        self._drawn += 1
        if self._drawn % RENEWED_EVERY == 0:
            self._stock[self._drawn // RENEWED_EVERY % STOCK] = self._one()
        parts = Span(LEAST_PARTS, MOST_PARTS + 1.0, True).draw(count, self._rng)
        taken = self._stock[torch.randint(STOCK, (count * MOST_PARTS,), generator=self._rng)]
        turned = self._turned(taken).view(count, MOST_PARTS, *taken.shape[1:])
        share = torch.exp(PART_SD * torch.randn((count, MOST_PARTS), generator=self._rng))
        share = share * (torch.arange(MOST_PARTS) < parts.floor()[:, None])
        return torch.log(torch.einsum("nmar,nm->nar", turned, share))

    def _turned(self, power: Tensor) -> Tensor:
        """Spectra turned and mirrored at random."""
        count, angles = power.shape[:2]
        mirror = torch.where(torch.rand((count, 1), generator=self._rng) < 0.5, -1, 1)
        turn = torch.randint(angles, (count, 1), generator=self._rng)
        order = (mirror * torch.arange(angles) + turn) % angles
        return torch.gather(power, 1, order[:, :, None].expand_as(power))


class SimulatedSpectra:
    """Endless :class:`SpectraBatch`, reproducible by seed.

    Args:
        otf: transfer function of the probe (``hardware.optics.probe_otf``).
        textures: specimens.
        ranges: optics, doses and contrasts; aberrations are drawn as ``_aberrations`` says.
        seed: of all that varies.
        spectra: the cells.
    """

    def __init__(
        self, otf: ProbeOtf, textures: TextureSource, ranges: Ranges, seed: int, spectra: LogPolarSpectra
    ) -> None:
        self._otf, self._ranges, self._spectra = otf, ranges, spectra
        self.rng = torch.Generator().manual_seed(seed)
        self._specimens = SpecimenSpectra(spectra, textures, self.rng)
        self._nodes = _nodes(spectra)

    def batch(self, count: int) -> SpectraBatch:
        """Spectra of ``count`` places, each of another specimen and machine."""
        machines = draw_machines(self._ranges, count, self.rng)
        aberration = _aberrations(count, self.rng)
        pixel_um = machines.pixel_um.view(-1, 1, 1)
        floor_px = machines.floor_um.view(-1, 1, 1) / pixel_um
        probe = self.probe_power(aberration, machines.alpha_rad, machines.pixel_um)
        seen = _standardised(self._varied(self._specimens.draw(count)), self._spectra.k)
        seen = torch.exp(seen - (self._spectra.k * floor_px).square()) * probe
        patches = PATCHES.draw(count, self.rng)
        power = self._exposed(seen, patches)
        return SpectraBatch(power, aberration, machines.believed_rad / machines.pixel_um, patches)

    def _varied(self, log_power: Tensor) -> Tensor:
        """Specimens made coarser or finer, steeper, bent, oriented and softer at random."""
        count, k = len(log_power), self._spectra.k
        place = torch.log(k / k.mean()) / math.log(float(k[-1] / k[0]))
        moved = _shifted(log_power, SHIFTED * evenly((count,), self.rng))
        tilt = self._ranges.spectral_tilt * evenly((count, 1, 1), self.rng)
        bent = moved + tilt * torch.log(k)
        for term in range(1, BEND_TERMS + 1):
            size = BENT / term * torch.randn((count, 1, 1), generator=self.rng)
            phase = math.pi * evenly((count, 1, 1), self.rng)
            bent = bent + size * torch.cos(math.pi * term * place + phase)
        size = ORIENTED * evenly((count, 1, 1), self.rng).clamp_min(0.0)
        phase = math.pi * evenly((count, 1, 1), self.rng)
        bent = bent + size * (1 + 2 * place) * torch.cos(2 * self._spectra.angle[:, None] + phase)
        soft_px = SOFT_PX * torch.randn((count, 1, 1), generator=self.rng)
        return bent - (k * soft_px).square()

    def probe_power(self, aberration_um: Tensor, alpha_rad: Tensor, pixel_um: Tensor) -> Tensor:
        """Squared transfer (n, angles, radii), averaged over each cell; some apertures filled oddly."""
        share, n = self._ranges.effects.odd_aperture, len(aberration_um)
        transfer = self._transfer(aberration_um, alpha_rad, pixel_um)
        inner = 0.1 + 0.4 * float(torch.rand((), generator=self.rng))
        for places, filling in (
            (chosen(share / 2, n, self.rng), (inner, 0.0)),
            (chosen(share / 2, n, self.rng), (0.0, math.inf)),
        ):
            if len(places):
                optics = aberration_um[places], alpha_rad[places], pixel_um[places]
                odd = torch.rand((len(places), 1, 1), generator=self.rng)
                transfer[places] = torch.lerp(transfer[places], self._transfer(*optics, *filling), odd)
        angles, radii = self._spectra.shape
        shares = torch.tensor([share for _, share in NODES])
        fine = transfer.square().view(-1, angles, len(NODES), radii, len(NODES))
        return torch.einsum("bmanr,a,r->bmn", fine, shares, shares)

    def _transfer(
        self,
        aberration_um: Tensor,
        alpha_rad: Tensor,
        pixel_um: Tensor,
        inner: float = 0.0,
        falloff: float = 0.0,
    ) -> Tensor:
        """Transfer without floor at the nodes of all cells, (n, 3 angles, 3 radii)."""
        angle, k = self._nodes
        k = k / pixel_um.view(-1, 1, 1)
        z, ax, ay = (a.view(-1, 1, 1) for a in aberration_um.T)
        kx, ky = k * torch.cos(angle), k * torch.sin(angle)
        seen: Tensor = self._otf(
            kx, ky, z, ax, ay, alpha_rad.view(-1, 1, 1), 0.0, torch, 0.0, inner, falloff
        )
        return seen

    def _exposed(self, signal: Tensor, patches: Tensor) -> Tensor:
        """Power as measured: contrast, shot noise, faulty lines, scatter, the detector's lag."""
        r, rng, n = self._ranges, self.rng, len(signal)
        per_place = (n, 1, 1)
        contrast = torch.where(
            torch.rand(n, generator=rng) < r.blank,
            0.04 * torch.rand(n, generator=rng),
            r.contrast.draw(n, rng),
        )
        dwell_ns = r.dwell_ns.draw(n, rng)
        quanta = (
            r.quanta_per_electron.draw(n, rng) * r.current_na.draw(n, rng) * dwell_ns * ELECTRONS_PER_NA_NS
        )
        signal = signal * contrast.view(per_place).square()
        noise = (1 / quanta).view(per_place) * (1 + self._lines(n))
        scatter = 1 / torch.sqrt(self._spectra.count * patches.view(per_place))
        first, second = (torch.randn(signal.shape, generator=rng) for _ in range(2))
        power = signal + noise + scatter * (torch.sqrt(2 * signal * noise) * first + noise * second)
        power = torch.maximum(power, LEAST_SCATTER * (signal + noise))
        lag_ns = r.lag_ns.draw(n, rng) * (torch.rand(n, generator=rng) < 0.5)
        kept = torch.exp(-dwell_ns / lag_ns.clamp_min(1e-3)).view(per_place)
        kx = self._spectra.k * torch.cos(self._spectra.angle)[:, None]
        return power * (1 - kept).square() / (1 - 2 * kept * torch.cos(kx) + kept.square())

    def _lines(self, count: int) -> Tensor:
        """Noise of lines that flicker or charge, over shot noise: power where kx is about 0."""
        has = torch.rand(count, generator=self.rng) < LINES
        strength = LINE_POWER.draw(count, self.rng) * has
        across = (self._spectra.angle - math.pi / 2).abs() < math.pi / self._spectra.shape[0]
        return strength.view(-1, 1, 1) * across[:, None] / (20 * self._spectra.k + 1)


def _nodes(spectra: LogPolarSpectra) -> tuple[Tensor, Tensor]:
    """Angles [rad] and frequencies [rad/px], (3 angles, 3 radii), over which cells and window average."""
    unit = 2 * math.pi / spectra.patch_px
    sds = [spectra.cell_sds(radius) for radius in (spectra.k / unit).tolist()]
    along, across = unit * torch.hypot(torch.tensor(sds), torch.tensor(HANN_SD)).T
    node = torch.tensor([place for place, _ in NODES])
    angle = spectra.angle.view(-1, 1, 1, 1) + (node[:, None] * across / spectra.k)[..., None]
    k = (spectra.k[:, None] + along[:, None] * node).clamp_min(0.5 * unit)
    shape = (len(spectra.angle), len(node), len(spectra.k), len(node))
    flat = (shape[0] * shape[1], -1)
    return angle.expand(shape).reshape(flat), k.expand(shape).reshape(flat)


def _aberrations(count: int, rng: torch.Generator) -> Tensor:
    """Aberrations [um]: sizes even in the logarithm, a share mostly defocus or mostly astigmatism.

    A share lies about the borders of the depth of focus, where the verdict is decided.
    """
    direction = torch.randn((count, 3), generator=rng)
    kind = torch.rand((count, 1), generator=rng)
    direction = direction * torch.where(kind < 0.3, torch.tensor([1.0, 0.15, 0.15]), torch.ones(3))
    direction = direction * torch.where(kind > 0.85, torch.tensor([0.15, 1.0, 1.0]), torch.ones(3))
    size = Span(LEAST_UM, LARGEST_UM, True).draw(count, rng)[:, None]
    vector = size * direction / torch.linalg.vector_norm(direction, dim=1, keepdim=True)
    box = evenly((count, 3), rng)
    box = NEAR_UM * torch.rand((count, 1), generator=rng) * box / box.abs().amax(1, keepdim=True)
    return torch.where(torch.rand((count, 1), generator=rng) < NEAR, box, vector)


def _shifted(log_power: Tensor, cells: Tensor) -> Tensor:
    """Spectra moved along the radius; flat below what is known, above going on as it ended."""
    radii = log_power.shape[-1]
    place = torch.arange(radii) + cells.view(-1, 1)
    low = place.floor().clamp(0, radii - 2)
    share = (place - low).clamp(0.0, 1.0)[:, None]
    index = low.long()[:, None].expand_as(log_power)
    between = torch.lerp(torch.gather(log_power, 2, index), torch.gather(log_power, 2, index + 1), share)
    slope = (log_power[..., -1:] - log_power[..., -7:-6]) / 6
    return between + slope * (place - (radii - 1)).clamp_min(0.0)[:, None]


def _standardised(log_power: Tensor, k: Tensor) -> Tensor:
    """Scaled so that the specimen's variance is 1: cells weigh as the area that they cover."""
    area = k.square() / k.square().sum() / log_power.shape[1]
    variance = (torch.exp(log_power) * area).sum((1, 2), keepdim=True)
    return log_power - torch.log(variance)
