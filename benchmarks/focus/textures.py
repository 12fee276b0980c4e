"""What lies under the beam: kinds of texture, each a source of tiles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import scipy.fft

from benchmarks.focus.machine import TILE_NM, Doubles, Floats
from hardware.simulator.texture import StackTexture, Texture

TILE_SHAPE = (1024, 1280)
FRAME_WIDTH_PX, BORDER_PX = 1024, 20.0  # of the frames that a share of tissue refers to
SEAM_PX = 64  # a tile's ends are blended into each other over so many pixels

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MEDULLA = DATA / "fibsem_medulla_8nm" / "validation_z03490-03609.tif"
SPINAL_CORD = DATA / "sem_spinalcord_axons"
WIDE_FIELD_NM = 25.0  # what one pixel of an overview image counts for


class Kind(Protocol):
    """A kind of texture."""

    @property
    def name(self) -> str: ...

    def tile(self, rng: np.random.Generator) -> Floats:
        """A periodic tile of ``TILE_SHAPE``, float32, in pixels of ``TILE_NM``; mean 0 and sd 1, about."""
        ...


@dataclass(frozen=True)
class Volume:
    """Random places in a volume of the twin's specimen."""

    name: str
    texture: Texture
    reach_um: float = 60.0

    def tile(self, rng: np.random.Generator) -> Floats:
        """See :meth:`Kind.tile`."""
        height, width = (n + SEAM_PX for n in TILE_SHAPE)
        left, top = rng.uniform(5.0, self.reach_um, 2)
        x = np.float32(left) + np.float32(1e-3 * TILE_NM) * np.arange(width, dtype=np.float32)[None, :]
        y = np.float32(top) + np.float32(1e-3 * TILE_NM) * np.arange(height, dtype=np.float32)[:, None]
        depth = np.full((height, width), rng.uniform(0.05, 0.2), np.float32)
        grid_x, grid_y = np.broadcast_arrays(x, y)
        field = self.texture.sample(grid_x, grid_y, depth)
        return _seamless(_seamless(field).T).T


def _seamless(field: Floats) -> Floats:
    """The last ``SEAM_PX`` rows blended into the first ones, so that the rest is periodic."""
    share = np.linspace(0, 1, SEAM_PX, dtype=np.float32)[:, None]
    kept = field[:-SEAM_PX].copy()
    # square roots keep the contrast of what is blended
    kept[:SEAM_PX] = np.sqrt(share) * kept[:SEAM_PX] + np.sqrt(1 - share) * field[-SEAM_PX:]
    return kept


@dataclass(frozen=True)
class Sparse:
    """Tissue on one side of a straight border, bare resin on the other."""

    tissue: Kind
    share: float

    @property
    def name(self) -> str:
        return f"{self.share:.0%} {self.tissue.name}"

    def tile(self, rng: np.random.Generator) -> Floats:
        """See :meth:`Kind.tile`. Of the frame in its middle the share is tissue, at one end."""
        field = self.tissue.tile(rng)
        width = field.shape[1]
        border = 0.5 * (width - FRAME_WIDTH_PX) + self.share * FRAME_WIDTH_PX
        kept = np.clip(0.5 - (np.arange(width) - border) / BORDER_PX, 0, 1).astype(np.float32)
        return np.ascontiguousarray((field * kept)[:, :: rng.choice([-1, 1])])


@dataclass(frozen=True)
class Resin:
    """Nothing to see."""

    name: str = "bare resin"

    def tile(self, rng: np.random.Generator) -> Floats:
        """See :meth:`Kind.tile`, but 0 throughout."""
        return np.zeros(TILE_SHAPE, np.float32)


@dataclass(frozen=True)
class Gaussian:
    """Stationary Gaussian texture with the radial power spectrum of another kind."""

    like: Kind

    @property
    def name(self) -> str:
        return f"Gaussian like {self.like.name}"

    def tile(self, rng: np.random.Generator) -> Floats:
        """See :meth:`Kind.tile`."""
        density = radial_density(self.like.tile(rng))
        white = scipy.fft.rfft2(rng.standard_normal(TILE_SHAPE), norm="ortho")
        field = scipy.fft.irfft2(white * np.sqrt(density.on_grid(TILE_SHAPE)), s=TILE_SHAPE, norm="ortho")
        return np.asarray(field / field.std(), dtype=np.float32)


@dataclass(frozen=True)
class RadialDensity:
    """Power spectral density by frequency [cycles per pixel]; its mean over the plane is the variance."""

    frequency: Doubles
    density: Doubles

    def on_grid(self, shape: tuple[int, int]) -> Doubles:
        """On the grid of ``rfft2``; 0 at frequency 0."""
        k = np.hypot(scipy.fft.fftfreq(shape[0])[:, None], scipy.fft.rfftfreq(shape[1])[None, :])
        values = np.exp(np.interp(k, self.frequency, np.log(self.density)))
        values[0, 0] = 0.0
        return np.asarray(values)


def radial_density(field: Floats) -> RadialDensity:
    """The periodogram of a periodic field, averaged over rings a hundredth of Nyquist's frequency wide."""
    power = np.abs(scipy.fft.fft2(field - field.mean(), norm="ortho")) ** 2
    k = np.hypot(*np.meshgrid(*(scipy.fft.fftfreq(n) for n in field.shape), indexing="ij"))
    ring = np.minimum((k * 200).astype(int), 140)
    count = np.bincount(ring.ravel())
    density = np.bincount(ring.ravel(), power.ravel()) / count
    frequency = np.bincount(ring.ravel(), k.ravel()) / count
    return RadialDensity(frequency, np.maximum(density, 1e-9 * density.max()))


def missing() -> tuple[Path, ...]:
    """Real images that are not there; what is tried on them is left out."""
    return tuple(path for path in (MEDULLA, SPINAL_CORD) if not path.exists())


def real_stacks() -> tuple[Kind, ...]:
    """The medulla stack, where it lies beside the repository."""
    if not MEDULLA.exists():
        return ()
    return (Volume("medulla stack", StackTexture.load(MEDULLA), reach_um=400.0),)


def wide_fields() -> tuple[Kind, ...]:
    """Overview images of spinal cord, where they lie beside the repository."""
    if not SPINAL_CORD.exists():
        return ()
    images = (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(SPINAL_CORD.glob("*_SEM.png")))
    large = [image for image in images if image is not None and min(image.shape) >= 512]
    return tuple(
        Volume(f"wide field {number}", StackTexture(image[None], WIDE_FIELD_NM, 1e6), 400.0)
        for number, image in enumerate(large[:3], 1)
    )
