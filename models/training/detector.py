"""From what the probe sees to what the detector says: charge, electrons, lag, digits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.training.ranges import Effects, Ranges, chosen, evenly

ELECTRONS_PER_NA_NS = 1e-18 / 1.602176634e-19
LAG_PX = 8  # columns scanned before a patch, so that its first ones have a past to lag behind
STREAK_SOURCES_PER_PX = 5e-4
LEAST_LAG = 1e-3  # of the signal that is still there one pixel later; less is not worth its time


@dataclass(frozen=True, slots=True)
class Exposure:
    """How n places are scanned and what they show, each (n,).

    ``electrons`` per scanned pixel; ``quanta`` detected in one pixel of the binned image at mean
    brightness; ``kept``: the share of the signal that is left one binned pixel later;
    ``contrast``: standard deviation of the specimen over its mean, negative where it is inverted.
    """

    electrons: Tensor
    quanta: Tensor
    kept: Tensor
    contrast: Tensor
    gamma: Tensor


def draw_exposure(r: Ranges, count: int, rng: torch.Generator) -> Exposure:
    """Dose, detector and contrast of ``count`` places."""
    dwell = r.dwell_ns.draw(count, rng)
    electrons = r.current_na.draw(count, rng) * dwell * ELECTRONS_PER_NA_NS
    faint, negative, level = torch.rand((3, count), generator=rng, device=rng.device)
    contrast = torch.where(faint < r.blank, 0.04 * level, r.contrast.draw(count, rng))
    return Exposure(
        electrons,
        r.quanta_per_electron.draw(count, rng) * r.binned**2 * electrons,
        torch.exp(-r.binned * dwell / r.lag_ns.draw(count, rng)),
        torch.where(negative < 0.5, -contrast, contrast),
        r.gamma.draw(count, rng),
    )


def exposed(seen: Tensor, exposure: Exposure, r: Ranges, rng: torch.Generator) -> Tensor:
    """Detected images around 1 of textures ``seen`` (n, m, s, s + LAG_PX), shape (n, m, s, s)."""
    per_place = (len(seen), 1, 1, 1)
    signal = 1 + exposure.contrast.view(per_place) * seen
    signal = _charged(signal, seen, r.effects, rng)
    signal = _shaded(signal, r.effects, rng).clamp_min(0.02) ** exposure.gamma.view(per_place)
    images = signal + torch.sqrt(signal / exposure.quanta.view(per_place)) * _noise(signal, r.effects, rng)
    images = _lagged(images, exposure.kept)[..., LAG_PX:]
    images = _flickering(images, r.effects, rng)
    gain = 1 + r.gain_error * torch.randn((*images.shape[:2], 1, 1), generator=rng, device=rng.device)
    return _digitised(_inverted(gain * images, r.effects, rng), r.effects, rng)


def _decay(kept: Tensor, width: int) -> Tensor:
    """Matrices (n, width, width): a row of pixels times them trails off, each by ``kept`` (n,) a pixel."""
    column = torch.arange(width, device=kept.device)
    past = (column[None, :] - column[:, None]).to(kept.dtype)
    return torch.where(past >= 0, kept.view(-1, 1, 1) ** past.clamp_min(0), torch.zeros_like(past))


def _lagged(images: Tensor, kept: Tensor) -> Tensor:
    """Images behind a detector with an exponential response along the fast axis."""
    slow = torch.nonzero(kept > LEAST_LAG).flatten()
    if not len(slow):
        return images
    response = _decay(kept[slow], images.shape[-1])
    images[slow] = images[slow] @ (response / response.sum(-2, keepdim=True))[:, None]
    return images


def _charged(signal: Tensor, seen: Tensor, effects: Effects, rng: torch.Generator) -> Tensor:
    """Streaks along the fast axis, from points at random and behind bright or dark structure."""
    places = chosen(effects.charging, len(signal), rng)
    if not len(places):
        return signal
    count, device = len(places), rng.device
    shape = (count, *signal.shape[1:])
    sparks = (torch.rand(shape, generator=rng, device=device) < STREAK_SOURCES_PER_PX).float()
    sparks = sparks * torch.randn(shape, generator=rng, device=device)
    length = effects.streak_px.draw(count, rng)
    structure = (evenly((count, 1, 1, 1), rng) * seen[places] - 1).clamp_min(0) / length.view(-1, 1, 1, 1)
    strength = effects.streak * evenly((count, 1, 1, 1), rng)
    streaks = (sparks + structure) @ _decay(torch.exp(-1 / length), signal.shape[-1])[:, None]
    signal[places] = signal[places] * (1 + strength * streaks)
    return signal


def _shaded(signal: Tensor, effects: Effects, rng: torch.Generator) -> Tensor:
    """Vignetting common to the images of a place, and a drift of the brightness of each from row to row."""
    places = chosen(effects.shaded, len(signal), rng)
    if not len(places):
        return signal
    y, x = (torch.linspace(-1, 1, n, device=rng.device) for n in signal.shape[-2:])
    tilt_x, tilt_y, bowl = (0.5 * effects.shading * evenly((len(places), 1, 1, 1), rng) for _ in range(3))
    drift = 0.25 * effects.shading * evenly((len(places), signal.shape[1], 1, 1), rng)
    rows = (tilt_y + drift) * y[:, None] - bowl * y[:, None] ** 2
    columns = tilt_x * x - bowl * x**2
    signal[places] = signal[places] * (1 + rows + columns)
    return signal


def _noise(like: Tensor, effects: Effects, rng: torch.Generator) -> Tensor:
    """Noise of variance 1, white for most places, else slightly correlated between rows."""
    noise = torch.randn(like.shape, generator=rng, device=rng.device)
    places = chosen(effects.coloured, len(like), rng)
    if len(places):
        share = 0.3 * evenly((len(places), 1, 1, 1), rng)
        mixed = noise[places] + share * noise[places].roll(1, -2)
        noise[places] = mixed / torch.sqrt(1 + share**2)
    return noise


def _flickering(images: Tensor, effects: Effects, rng: torch.Generator) -> Tensor:
    """Rows of uneven brightness."""
    places = chosen(effects.flicker, len(images), rng)
    if len(places):
        shape = (len(places), *images.shape[1:3], 1)
        sd = effects.flicker_sd * torch.rand((len(places), 1, 1, 1), generator=rng, device=rng.device)
        images[places] += sd * torch.randn(shape, generator=rng, device=rng.device)
    return images


def _inverted(images: Tensor, effects: Effects, rng: torch.Generator) -> Tensor:
    """A video signal that darkens with more electrons."""
    places = chosen(effects.inverted, len(images), rng)
    images[places] = 2 - images[places]
    return images


def _digitised(images: Tensor, effects: Effects, rng: torch.Generator) -> Tensor:
    """Few levels, and a converter that the brightest and darkest pixels of some images overrun."""
    places = chosen(effects.coarse, len(images), rng)
    if not len(places):
        return images
    coarse = images[places]
    sd, mean = torch.std_mean(coarse, (-2, -1), keepdim=True)
    below, above, fine = 2.0 + 3.0 * torch.rand((3, len(places), 1, 1, 1), generator=rng, device=rng.device)
    clipped = torch.minimum(torch.maximum(coarse, mean - below * sd), mean + above * sd)
    step = sd / fine.exp2()
    images[places] = step * torch.round(clipped / step)
    return images
