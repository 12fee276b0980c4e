"""What training varies, and how far. Wider than a microscope, or the network learns the simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Span:
    """A range to draw from, evenly or evenly in the logarithm."""

    low: float
    high: float
    logarithmic: bool = False

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """``count`` numbers, shape (count,), on the generator's device."""
        u = torch.rand(count, generator=rng, device=rng.device)
        if self.logarithmic:
            return torch.exp(math.log(self.low) + (math.log(self.high) - math.log(self.low)) * u)
        return self.low + (self.high - self.low) * u


def evenly(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Numbers from -1 to 1, on the generator's device."""
    return 2 * torch.rand(shape, generator=rng, device=rng.device) - 1


def chosen(share: float, count: int, rng: torch.Generator) -> Tensor:
    """Indices of the ``count`` places that something happens to which ``share`` of all meet."""
    return torch.nonzero(torch.rand(count, generator=rng, device=rng.device) < share).flatten()


@dataclass(frozen=True, slots=True)
class Effects:
    """What befalls a share of the places only, and how strongly at most.

    Optics: ``odd_aperture`` is filled otherwise than evenly (Gaussian, annular and in between),
    ``spherical`` has up to ``spherical_um`` of it. ``tilted`` tiles have a focus that changes by
    up to ``slope`` um per um along the surface.
    Scan: ``drifting`` images are sheared, waver by rows, and are turned and magnified against
    each other, as a change of the working distance does.
    Detector: ``charging`` draws streaks along the fast axis, ``shaded`` images are unevenly
    bright, some rows ``flicker``, ``coloured`` noise is correlated between rows, ``coarse``
    images are quantised and clipped, ``inverted`` ones have their noise in the dark.
    """

    odd_aperture: float = 0.2
    spherical: float = 0.04
    spherical_um: float = 3.0
    tilted: float = 0.12
    slope: float = 0.15
    drifting: float = 0.25
    shear: float = 0.02
    waver_px: float = 1.0
    turn_deg: float = 0.3
    magnification: float = 0.003
    charging: float = 0.15
    streak: float = 0.3
    streak_px: Span = field(default_factory=lambda: Span(10.0, 200.0, True))
    shaded: float = 0.3
    shading: float = 0.2
    flicker: float = 0.15
    flicker_sd: float = 0.02
    coloured: float = 0.15
    coarse: float = 0.25
    inverted: float = 0.25


NO_EFFECTS = Effects(
    odd_aperture=0.0,
    spherical=0.0,
    tilted=0.0,
    drifting=0.0,
    charging=0.0,
    shaded=0.0,
    flicker=0.0,
    coloured=0.0,
    coarse=0.0,
    inverted=0.0,
)


@dataclass(frozen=True, slots=True)
class Ranges:
    """What every training image draws from.

    ``pixel_nm`` is that of the simulated (binned) image, ``binned`` how many scanned pixels
    one of them averages along each axis. A share ``odd_pixels`` takes its pixel size from the
    whole range instead of the nominal one; ``perturbation_scale`` multiplies the perturbations.
    ``near`` is the share whose aberration is drawn towards zero, down to ``smallest`` of the
    range; ``blank`` the share of nearly bare places. ``convergence_error`` is the relative error
    with which the angle is known. A place's images lie up to ``shift_px`` apart along each axis.
    """

    patch_px: int
    perturbations_um: tuple[float, ...]
    nominal_pixel_nm: float
    pixel_nm: Span
    binned: int
    perturbation_scale: Span = field(default_factory=lambda: Span(1.0, 1.0))
    defocus_um: float = 35.0
    astig_um: float = 32.0
    near: float = 0.5
    smallest: float = 0.01
    odd_pixels: float = 0.35
    convergence_mrad: Span = field(default_factory=lambda: Span(6.0, 13.0))
    convergence_error: float = 0.03
    floor_nm: Span = field(default_factory=lambda: Span(3.0, 10.0))
    contrast: Span = field(default_factory=lambda: Span(0.03, 0.25, True))
    blank: float = 0.12
    dwell_ns: Span = field(default_factory=lambda: Span(50.0, 800.0, True))
    current_na: Span = field(default_factory=lambda: Span(0.3, 2.0, True))
    quanta_per_electron: Span = field(default_factory=lambda: Span(0.08, 0.2, True))
    shift_px: float = 10.0
    lag_ns: Span = field(default_factory=lambda: Span(0.0, 60.0))
    gain_error: float = 0.03
    gamma: Span = field(default_factory=lambda: Span(0.8, 1.25, True))
    spectral_tilt: float = 0.4
    effects: Effects = field(default_factory=Effects)
