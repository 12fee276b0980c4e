"""The optics of training images: aberrations, machines, and the probes they make."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from models.training.ranges import Ranges, Span, chosen, evenly

LEAST_BLUR = -2 / 3  # defocus of least rms blur of an evenly filled aperture, per spherical aberration


class ProbeOtf(Protocol):
    """Transfer function of the probe, handed in by whoever composes the program.

    Frequencies in rad/um, aberrations and floor in um in the image frame (y down), alpha in
    rad (of the evenly filled aperture of the same rms angle); everything up to ``floor_um``
    broadcasts; ``xp`` is the array namespace. ``spherical_um`` is that of the marginal ray,
    the aperture is filled from the share ``inner`` of its radius outwards, with an intensity
    that falls as ``exp(-falloff * r^2)``, where infinity is the Gaussian ``exp(-u^2/8)``.
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
        spherical_um: float = 0.0,
        inner: float = 0.0,
        falloff: float = 0.0,
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class Machines:
    """The optics over n places, each (n,) but ``aberration_um`` (n, 3) and ``defocus_um`` (n, m).

    ``defocus_um`` is what each of the m images has, its perturbation included.
    """

    aberration_um: Tensor
    defocus_um: Tensor
    perturbation_um: Tensor
    alpha_rad: Tensor
    believed_rad: Tensor
    pixel_um: Tensor
    floor_um: Tensor

    def of(self, places: Tensor) -> Machines:
        """The optics over some of the places."""
        return Machines(*(getattr(self, f.name)[places] for f in fields(self)))

    def refocused(self, by_um: Tensor) -> Machines:
        """The same with ``by_um`` (n,) more defocus in all images."""
        return replace(self, defocus_um=self.defocus_um + by_um[:, None])


@dataclass(frozen=True, slots=True)
class Filling:
    """How one aperture departs from an evenly filled one; ``even`` is the share of that mixed in."""

    inner: float = 0.0
    falloff: float = 0.0
    spherical_um: float = 0.0
    even: float = 0.0


def draw_machines(r: Ranges, count: int, rng: torch.Generator) -> Machines:
    """Aberrations and optics of ``count`` places."""
    aberration = _aberrations(r, count, rng)
    scale = r.perturbation_scale.draw(count, rng)
    perturbations = torch.tensor(r.perturbations_um, device=rng.device)
    odd = torch.rand(count, generator=rng, device=rng.device) < r.odd_pixels
    drawn = r.pixel_nm.draw(count, rng)
    alpha = 1e-3 * r.convergence_mrad.draw(count, rng)
    error = r.convergence_error * torch.randn(count, generator=rng, device=rng.device)
    return Machines(
        aberration,
        aberration[:, :1] + scale[:, None] * perturbations,
        scale * (max(map(abs, r.perturbations_um)) or 1.0),
        alpha,
        alpha * (1 + error),
        1e-3 * torch.where(odd, drawn, torch.full_like(drawn, r.nominal_pixel_nm)),
        1e-3 * r.floor_nm.draw(count, rng),
    )


def _aberrations(r: Ranges, count: int, rng: torch.Generator) -> Tensor:
    """Spread evenly over the range, a share drawn towards zero by a common factor."""
    limits = torch.tensor([r.defocus_um, r.astig_um, r.astig_um], device=rng.device)
    vector = limits * evenly((count, 3), rng)
    near = torch.rand((count, 1), generator=rng, device=rng.device) < r.near
    factor = Span(r.smallest, 1.0, True).draw(count, rng)[:, None]
    return torch.where(near, factor * vector, vector)


def draw_fillings(r: Ranges, count: int, rng: torch.Generator) -> dict[int, Filling]:
    """The places whose aperture is not simply evenly filled.

    Rings are dear, so that most of these are mixtures of shapes that have a formula.
    """
    odd = chosen(r.effects.odd_aperture, count, rng).tolist()
    drawn = torch.rand((count, 3), generator=rng, device=rng.device).tolist()
    fillings = {i: _filling(*drawn[i]) for i in odd}
    for i in chosen(r.effects.spherical, count, rng).tolist():
        fillings[i] = Filling(spherical_um=r.effects.spherical_um * (2 * drawn[i][0] - 1))
    return fillings


def _filling(kind: float, size: float, even: float) -> Filling:
    """One of the kinds by three numbers from 0 to 1."""
    if kind < 0.15:
        return Filling(falloff=4.0 * size, inner=0.5 * even)
    if kind < 0.6:
        return Filling(falloff=math.inf, even=even if size < 0.7 else 0.0)
    return Filling(inner=0.2 + 0.5 * size)


@dataclass(frozen=True, slots=True)
class Frequencies:
    """The grid of ``rfft2`` of a square of ``size_px``: rad/px, shapes (1, size//2 + 1) and (size, 1)."""

    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, size_px: int, device: torch.device) -> Frequencies:
        kx = 2 * math.pi * torch.fft.rfftfreq(size_px, device=device)
        ky = 2 * math.pi * torch.fft.fftfreq(size_px, device=device)
        return cls(kx[None, :], ky[:, None])


def transfer(otf: ProbeOtf, k: Frequencies, machines: Machines, fillings: dict[int, Filling]) -> Tensor:
    """Transfer functions of all images, shape (n, m, size, size//2 + 1)."""
    result = _transfer(otf, k, machines, Filling())
    for i, filling in fillings.items():
        one = machines.of(torch.tensor([i], device=result.device))
        filled = _transfer(otf, k, one, filling)[0]
        result[i] = filling.even * result[i] + (1 - filling.even) * filled
    return result


def _transfer(otf: ProbeOtf, k: Frequencies, machines: Machines, filling: Filling) -> Tensor:
    per_place = (len(machines.pixel_um), 1, 1, 1)
    pixel, alpha, floor = (
        t.view(per_place) for t in (machines.pixel_um, machines.alpha_rad, machines.floor_um)
    )
    ax, ay = (machines.aberration_um[:, i].view(per_place) for i in (1, 2))
    z = machines.defocus_um[..., None, None] + LEAST_BLUR * filling.spherical_um
    seen: Tensor = otf(
        k.x / pixel,
        k.y / pixel,
        z,
        ax,
        ay,
        alpha,
        floor,
        torch,
        filling.spherical_um,
        filling.inner,
        filling.falloff,
    )
    return seen
