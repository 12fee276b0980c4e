"""What electrons allow: the Cramer-Rao bound of an aberration from one pair of images.

The texture is stationary, Gaussian and known by its power spectral density S(k) alone; images are
its product with the transfer functions h = (h+, h-), plus white shot noise N. At each frequency the
two Fourier coefficients have the covariance C = S h h^T + N I, and the Fisher information is the sum
over the half plane of tr(C^-1 dC_i C^-1 dC_j).

Where the texture's power is not known, what a change of its power could do as well tells nothing. With
the power free in each of the blocks that frequencies are grouped into, a block's information loses
``b_i b_j / c``, ``b_i = sum tr(C^-1 dC_i C^-1 T)``, ``c = sum tr(C^-1 T C^-1 T)``, ``T = S h h^T``.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.fft

from benchmarks.focus.machine import TILE_NM, Doubles, Machine
from benchmarks.focus.textures import RadialDensity

STEP_UM = 1e-3  # of the numerical derivatives
FREE_PX = 11  # frequencies along each axis in which the power of an unknown texture is one number


def bound_um(
    density: RadialDensity,
    shape: tuple[int, int],
    machine: Machine,
    dwell_ns: float,
    aberration_um: Doubles,
    perturbation_um: float,
    known_texture: bool = True,
) -> Doubles:
    """Least standard deviations (3,) of defocus, astig x, astig y [um] from images of ``shape``.

    ``density`` is that of the texture in units of its sd, ``known_texture`` whether who estimates knows it
    or has it free in blocks of ``FREE_PX`` frequencies; pixels are those of tiles.
    """
    texture = machine.contrast**2 * density.on_grid(shape)
    noise = 1 / machine.quanta(dwell_ns)
    # columns 0 and Nyquist of rfft2 hold both halves of the plane
    share = np.ones(texture.shape)
    share[:, [0, -1]] = 0.5

    def covariances(aberration: Doubles) -> Doubles:
        """(h, w, 2, 2)"""
        h = _transfers(machine, shape, aberration, perturbation_um)
        signal = texture[..., None, None] * h[..., :, None] * h[..., None, :]
        return np.asarray(signal + noise * np.eye(2))

    inverse = np.linalg.inv(covariances(aberration_um))
    steps = STEP_UM * np.eye(3)
    changes = [
        inverse @ (covariances(aberration_um + d) - covariances(aberration_um - d)) / (2 * STEP_UM)
        for d in steps
    ]
    own = inverse @ (covariances(aberration_um) - noise * np.eye(2))

    def blocks(a: Doubles, b: Doubles) -> Doubles:
        """Sums of tr(a b) over blocks of frequencies."""
        return _blocks(share * np.einsum("hwij,hwji->hw", a, b))

    fisher = np.array([[blocks(a, b).sum() for a in changes] for b in changes])
    if not known_texture:
        alike = np.stack([blocks(change, own) for change in changes])
        fisher = fisher - np.einsum("ib,jb,b->ij", alike, alike, 1 / np.maximum(blocks(own, own), 1e-30))
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(fisher))))


def _blocks(values: Doubles) -> Doubles:
    """Sums (blocks,) of values (h, w) on the grid of ``rfft2`` over ``FREE_PX`` x ``FREE_PX`` of them."""
    centred = np.fft.fftshift(values, axes=0)
    height, width = (-(-n // FREE_PX) * FREE_PX for n in centred.shape)
    padded = np.pad(centred, ((0, height - centred.shape[0]), (0, width - centred.shape[1])))
    sums = padded.reshape(height // FREE_PX, FREE_PX, width // FREE_PX, FREE_PX).sum(axis=(1, 3))
    return np.asarray(sums.ravel())


def _transfers(
    machine: Machine, shape: tuple[int, int], aberration_um: Doubles, perturbation_um: float
) -> Doubles:
    """(h, w, 2): of both images of a pair."""
    step_um = 1e-3 * TILE_NM
    kx = 2 * math.pi * scipy.fft.rfftfreq(shape[1], step_um)[None, :]
    ky = 2 * math.pi * scipy.fft.fftfreq(shape[0], step_um)[:, None]
    shift = np.array([perturbation_um, 0.0, 0.0])
    return np.stack([machine.transfer(kx, ky, aberration_um + sign * shift) for sign in (1, -1)], -1)
