"""Power spectra in polar coordinates, where a turned image is a shifted map."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.floating]
Integers = NDArray[np.int64]


class PolarSpectra(nn.Module):
    """Power spectra of Hann-windowed square patches, averaged into cells of angle x radius.

    Angles run over half a turn, which is all that the power of a real image has. Turning the
    image by a quarter and mirroring it permute the cells exactly. A cell reaches to its
    neighbours, and to one frequency at least, so that all of the band counts and speckle is tamed.

    Args:
        patch_px: edge of the patches.
        angles: number of directions over 180 degrees, a multiple of 4.
        radii: number of cells along the radius.
        band: lowest and highest radius [cycles per patch].
    """

    window: Tensor
    members: Tensor
    firsts: Tensor
    even: Tensor
    odd: Tensor
    radius: Tensor
    angle: Tensor

    def __init__(self, patch_px: int, angles: int, radii: int, band: tuple[float, float]) -> None:
        super().__init__()
        self.patch_px, self.shape = patch_px, (angles, radii)
        self._reach = math.ceil(band[1]) + 2
        hann = torch.hann_window(patch_px, periodic=False)  # as symmetric as the image
        self.register_buffer("window", hann[:, None] * hann[None, :], persistent=False)
        steps: Floats = np.linspace(band[0], band[1], radii)
        angle: Floats = math.pi / angles * (np.arange(angles) + 0.5)
        width = np.maximum(steps * math.pi / angles, 1.0)
        parts = [_shares(steps, width, float(direction), self._reach) for direction in angle]
        cells, members, even, odd = (np.concatenate(each) for each in zip(*parts, strict=True))
        cells += np.repeat(radii * np.arange(angles), [len(part[0]) for part in parts])
        tables = {
            "members": members,
            "firsts": np.searchsorted(cells, np.arange(angles * radii)),
            "even": even.astype(np.float32),
            "odd": odd.astype(np.float32),
            "radius": (2 * math.pi / patch_px * steps).astype(np.float32),
            "angle": angle.astype(np.float32),
        }
        for name, table in tables.items():
            self.register_buffer(name, torch.from_numpy(table), persistent=False)

    def transform(self, images: Tensor) -> Tensor:
        """Real and imaginary parts within the band of images (n, m, s, s), shape (m, 2, frequencies, n)."""
        centred = (images - images.mean((-2, -1), keepdim=True)).mul_(self.window)
        spectra = torch.view_as_real(torch.fft.rfft2(centred, norm="ortho"))
        # patches come last, as the cells are sums of rows
        planes = spectra[..., : self._reach + 1, :].permute(1, 4, 2, 3, 0)
        band = torch.cat([planes[:, :, -self._reach :], planes[:, :, : self._reach + 1]], 2)
        return band.flatten(2, 3)

    def averaged(self, maps: Tensor, odd: bool = False) -> Tensor:
        """Means over the cells, (angles * radii, n), of real (frequencies, n).

        ``odd``: the maps change sign from k to -k.
        """
        shares = self.odd if odd else self.even
        return nnf.embedding_bag(self.members, maps, self.firsts, mode="sum", per_sample_weights=shares)

    def power(self, spectrum: Tensor) -> Tensor:
        """Mean power |F|^2 per cell of one (2, frequencies, n)."""
        real, imaginary = spectrum.square()
        return self.averaged(real + imaginary)

    def coherent_power(self, one: Tensor, other: Tensor) -> Tensor:
        """|<F1 F2*>| per cell: white noise averages away in it, and the sign of the contrast with it."""
        (a, b), (c, d) = one, other
        # in separate products, so that swapping the images negates the imaginary part exactly
        real, imaginary = self.averaged(a * c + b * d), self.averaged(b * c - a * d, odd=True)
        return torch.sqrt(real.square() + imaginary.square() + 1e-30)


def _shares(
    radii: Floats, width: Floats, angle: float, reach: int
) -> tuple[Integers, Integers, Floats, Floats]:
    """How much of each frequency is in each cell along one direction.

    Of a frequency only one of k and -k is at hand. The second share has a minus sign where that
    stands for -k: imaginary parts change sign from k to -k.

    Args:
        radii: of the cells, (radii,).
        width: of the cells across the direction, (radii,).
        angle: the direction [rad].
        reach: highest frequency along each axis; all [cycles per patch].

    Returns:
        radii and frequencies by number, and the shares twice, (m,) each; the first add up to 1 in a cell.
    """
    ky, kx = np.mgrid[-reach : reach + 1, 0 : reach + 1].reshape(2, -1)
    along, across = math.cos(angle) * kx + math.sin(angle) * ky, math.cos(angle) * ky - math.sin(angle) * kx
    wedge = np.flatnonzero(np.abs(across) < width.max())
    once = np.where(kx == 0, 0.5, 1.0)[wedge]  # the axis kx = 0 stands there twice
    near = once * np.maximum(1 - np.abs(across[wedge]) / width[:, None], 0)
    length = max(1.0, radii[1] - radii[0])
    ahead, behind = (
        near * np.maximum(1 - np.abs(sign * along[wedge] - radii[:, None]) / length, 0) for sign in (1, -1)
    )
    radius, place = np.nonzero(ahead + behind)
    total = (ahead + behind).sum(axis=1)[radius]
    even, odd = ((ahead + sign * behind)[radius, place] / total for sign in (1, -1))
    return radius, wedge[place], even, odd
