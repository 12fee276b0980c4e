"""The wafer in the chamber: sections of tissue, fiducial marks, and how high everything lies.

Wafer frame: um, x to the right, y up, origin in the wafer's centre, z up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.simulator.fields import Floats, PeriodicTable, gaussian_fields
from hardware.simulator.texture import ProceduralTexture, Texture, swept

Doubles = NDArray[np.float64]

WAFER_DIAMETER_UM = 25_400.0
WAFER_SIGNAL = 0.025  # of mean tissue: gold-coated silicon is dark
SILICON_OF_GOLD = 0.4  # of the signal of gold: bare silicon is darker still
TISSUE_CONTRAST = 0.145  # standard deviation over mean, measured on stained tissue at 1.5 kV
ESCAPE_DEPTH_NM = 5.0  # the last nanometres of a section let the wafer shine through
SECTION_PITCH_UM = 900.0


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """A rectangular section on the wafer; ``rotation_deg`` is counter-clockwise.

    ``irradiation_dose`` is in 1e27 eV/cm^3. ``top_nm`` is the depth of its uncut surface in the
    block of tissue: consecutive sections continue each other. Its surface is tilted against
    the wafer's, and ``bow_um`` higher in its centre than at its edges' middles.
    """

    id: str
    x_um: float
    y_um: float
    rotation_deg: float
    width_um: float = 500.0
    height_um: float = 250.0
    thickness_nm: float = 200.0
    irradiation_dose: float = 0.5
    top_nm: float = 0.0
    tilt_x_mrad: float = 0.0
    tilt_y_mrad: float = 0.0
    bow_um: float = 0.0

    @property
    def radius_um(self) -> float:
        """From the centre to the corners."""
        return 0.5 * math.hypot(self.width_um, self.height_um)

    def local(self, x_um: ArrayLike, y_um: ArrayLike) -> tuple[Floats, Floats]:
        """Wafer coordinates in the section's own axes, origin in its centre."""
        dx, dy = _relative(x_um, self.x_um), _relative(y_um, self.y_um)
        c, s = math.cos(math.radians(self.rotation_deg)), math.sin(math.radians(self.rotation_deg))
        return c * dx + s * dy, c * dy - s * dx

    def contains(self, local_x: Floats, local_y: Floats) -> NDArray[np.bool_]:
        """Whether points in the section's axes lie on it."""
        return (np.abs(local_x) <= 0.5 * self.width_um) & (np.abs(local_y) <= 0.5 * self.height_um)

    def surface_um(self, local_x: Floats, local_y: Floats) -> Floats | Doubles:
        """Height of the uncut surface above the wafer's."""
        u, v = local_x / (0.5 * self.width_um), local_y / (0.5 * self.height_um)
        tilt = 1e-3 * (self.tilt_x_mrad * local_x + self.tilt_y_mrad * local_y)
        return 1e-3 * self.thickness_nm + tilt + self.bow_um * (1 - 0.5 * (u * u + v * v))


# rectangles of a fiducial (centre x, y, half width, half height) in units of its size: a cross
# with a shorter upper arm, so that it shows how it is turned, and a comb of fine bars
_CROSS = ((0.0, 0.0, 0.5, 0.05), (0.0, -0.1, 0.05, 0.4))
_COMB = tuple((0.14 + 0.05 * i, -0.25, 0.012, 0.12) for i in range(7))


@dataclass(frozen=True, slots=True)
class FiducialSpec:
    """A bright mark, engraved so deep that it outlasts the sections."""

    id: str
    x_um: float
    y_um: float
    size_um: float = 12.0
    depth_nm: float = 4000.0

    @property
    def radius_um(self) -> float:
        return 0.75 * self.size_um

    def brightness(self, x_um: ArrayLike, y_um: ArrayLike, removed_nm: Floats) -> Floats:
        """0 ... 1: how much of the mark is seen. Milling rounds its edges and dims it."""
        x, y = _relative(x_um, self.x_um) / self.size_um, _relative(y_um, self.y_um) / self.size_um
        distance = np.full(x.shape, -1, np.float32)
        for cx, cy, half_width, half_height in (*_CROSS, *_COMB):
            box = np.minimum(half_width - np.abs(x - cx), half_height - np.abs(y - cy))
            np.maximum(distance, box, out=distance)
        edge_um = 0.02 + 0.1e-3 * removed_nm
        inside = np.clip(distance * self.size_um / edge_um + 0.5, 0, 1)
        seen: Floats = inside * np.exp(-removed_nm / self.depth_nm)
        return seen


Spec = TypeVar("Spec", SectionSpec, FiducialSpec)


@dataclass(frozen=True, slots=True)
class WaferSurface:
    """A tilted and bowed wafer: the plane and the shape that focus follows."""

    tilt_x_mrad: float = 0.0
    tilt_y_mrad: float = 0.0
    bow_um_per_mm2: float = 0.0

    def height_um(self, x_um: Doubles, y_um: Doubles) -> Doubles:
        """Height over the reference plane, 0 in the wafer's centre."""
        x_mm, y_mm = 1e-3 * x_um, 1e-3 * y_um
        tilt = self.tilt_x_mrad * x_mm + self.tilt_y_mrad * y_mm
        return tilt + self.bow_um_per_mm2 * (x_mm * x_mm + y_mm * y_mm)


def _relative(position_um: ArrayLike, origin_um: float) -> Floats:
    """Differences in single precision, subtracted in double: wafers are 1e7 pixels wide."""
    return np.asarray(np.asarray(position_um, np.float64) - origin_um, np.float32)


def _reaching(specs: Iterable[Spec], x_um: Doubles, y_um: Doubles) -> Iterator[Spec]:
    """Those marks or sections that may reach any of the points."""
    left, right, bottom, top = x_um.min(), x_um.max(), y_um.min(), y_um.max()
    for spec in specs:
        reach = spec.radius_um
        if left - reach <= spec.x_um <= right + reach and bottom - reach <= spec.y_um <= top + reach:
            yield spec


def _bounds(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns that hold all of a mask, at least two columns of them."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    first_column = min(int(columns[0]), mask.shape[1] - 2)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(
        first_column, max(int(columns[-1]) + 1, first_column + 2)
    )


class WaferSpecimen:
    """Everything the electron beam can meet. Immutable: how much was milled is the caller's."""

    def __init__(
        self,
        sections: Sequence[SectionSpec],
        fiducials: Sequence[FiducialSpec],
        texture: Texture,
        seed: int,
        surface: WaferSurface | None = None,
    ) -> None:
        """``texture`` is the block of tissue from which all sections were cut."""
        self.sections, self.fiducials = tuple(sections), tuple(fiducials)
        self._texture = texture
        self._surface = surface or WaferSurface()
        self.coating_nm = 0.0
        grain = gaussian_fields(np.random.default_rng(seed), 512, 5.0, 0.5)
        self._grain = PeriodicTable(np.ascontiguousarray(grain[..., 0]), 0.05, 17.0)

    def coated(self, thickness_nm: float) -> WaferSpecimen:
        """The same under a coating of gold that can be milled away; 0 is one that never ends."""
        other = copy(self)
        other.coating_nm = thickness_nm
        return other

    def signal(self, x_um: ArrayLike, y_um: ArrayLike, removed_nm: ArrayLike) -> Floats:
        """Detected signal relative to mean tissue: float32 (h, w).

        ``x_um`` and ``y_um`` are a regular grid in the wafer frame, float64 (h, w) with w >= 2;
        ``removed_nm`` is broadcast to it.
        """
        x, y = np.asarray(x_um, np.float64), np.asarray(y_um, np.float64)
        removed = np.broadcast_to(np.asarray(removed_nm, np.float32), x.shape)
        signal = self._bare(x, y) * self._gilt(x, y, removed)
        for fiducial in _reaching(self.fiducials, x, y):
            signal += 1.4 * fiducial.brightness(x, y, removed)
        for section in _reaching(self.sections, x, y):
            self._lay(section, x, y, removed, signal)
        return signal

    def _bare(self, x: Doubles, y: Doubles) -> Floats:
        """The gold-coated wafer: dark, with faint grain."""
        grain = self._grain.sample(_relative(x, 0.0), _relative(y, 0.0))
        signal: Floats = np.maximum(WAFER_SIGNAL * (1 + 0.15 * grain), 0)
        return signal

    def _gilt(self, x: Doubles, y: Doubles, removed: Floats) -> Floats | float:
        """How much dimmer the wafer is where its gold is thinner or gone, as a factor."""
        if self.coating_nm == 0.0:
            return 1.0
        gone = np.clip((removed - self.thickness_nm(x, y)) / self.coating_nm, 0, 1)
        return np.asarray(1 - (1 - SILICON_OF_GOLD) * gone, np.float32)

    def _lay(self, section: SectionSpec, x: Doubles, y: Doubles, removed: Floats, signal: Floats) -> None:
        """Draw what is left of a section into ``signal``."""
        local_x, local_y = section.local(x, y)
        left_nm = section.thickness_nm - removed
        visible = section.contains(local_x, local_y) & (left_nm > 0)
        if not visible.any():
            return
        part = _bounds(visible)
        depth_um = 1e-3 * (section.top_nm + removed[part])
        tissue = 1 + TISSUE_CONTRAST * swept(self._texture, local_x[part], local_y[part], depth_um)
        cover = visible[part] * np.clip(left_nm[part] / ESCAPE_DEPTH_NM, 0, 1)
        signal[part] += cover * (np.maximum(tissue, 0.05) - signal[part])

    def height_um(self, x_um: ArrayLike, y_um: ArrayLike, removed_nm: ArrayLike) -> Doubles:
        """Height of the surface over the wafer's reference plane, for points of any shape."""
        x, y, removed = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (x_um, y_um, removed_nm)))
        height = self._surface.height_um(x, y) - 1e-3 * removed
        for section in _reaching(self.sections, x, y):
            local = section.local(x, y)
            height = height + np.where(section.contains(*local), section.surface_um(*local), 0.0)
        return height

    def section_at(self, x_um: float, y_um: float) -> str | None:
        """The section on which a point lies."""
        return next((s.id for s in self.sections if s.contains(*s.local(x_um, y_um))), None)

    def thickness_nm(self, x_um: ArrayLike, y_um: ArrayLike) -> Doubles:
        """Uncut thickness of the sections at points of any shape; 0 on the bare wafer."""
        return self._per_section(x_um, y_um, lambda section: section.thickness_nm)

    def irradiation_dose(self, x_um: ArrayLike, y_um: ArrayLike) -> Doubles:
        """Irradiation dose [1e27 eV/cm^3] at points of any shape; 0 on the bare wafer."""
        return self._per_section(x_um, y_um, lambda section: section.irradiation_dose)

    def charging(self, x_um: ArrayLike, y_um: ArrayLike) -> Doubles:
        """How strongly the surface charges under the beam, for points of any shape.

        1 on tissue that was never irradiated, 0 at an irradiation dose of 1 and on the bare wafer.
        """
        return self._per_section(x_um, y_um, lambda section: max(1 - section.irradiation_dose, 0.0) ** 2)

    def _per_section(
        self, x_um: ArrayLike, y_um: ArrayLike, value_of: Callable[[SectionSpec], float]
    ) -> Doubles:
        x, y = np.broadcast_arrays(np.asarray(x_um, np.float64), np.asarray(y_um, np.float64))
        result = np.zeros(x.shape)
        for section in _reaching(self.sections, x, y):
            result = np.where(section.contains(*section.local(x, y)), value_of(section), result)
        return result


def demo_wafer(seed: int, n_sections: int = 4, texture: Texture | None = None) -> WaferSpecimen:
    """Consecutive sections of 500 x 250 x 0.2 um around the wafer's centre, and five fiducials.

    Each section is turned, tilted and bowed in its own way. Raises ``ValueError`` when so many
    do not fit on the wafer.
    """
    rng = np.random.default_rng(seed)
    per_row = math.ceil(math.sqrt(n_sections))
    half = 0.5 * per_row * SECTION_PITCH_UM + 400.0
    if not n_sections >= 1 or math.sqrt(2) * half > 0.5 * WAFER_DIAMETER_UM:
        raise ValueError(f"{n_sections} sections do not fit on the demo wafer: choose 1 to 324.")
    sections = [_demo_section(i, per_row, rng) for i in range(n_sections)]
    # an uneven number, so that no rotation maps the marks on themselves
    corners = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (0.3, 1.0))
    fiducials = [
        FiducialSpec(f"F{i + 1}", half * u + rng.uniform(-50, 50), half * v + rng.uniform(-50, 50))
        for i, (u, v) in enumerate(corners)
    ]
    downhill = rng.uniform(0, 2 * math.pi)
    surface = WaferSurface(1.5 * math.cos(downhill), 1.5 * math.sin(downhill), rng.uniform(0.1, 0.4))
    return WaferSpecimen(sections, fiducials, texture or ProceduralTexture(seed), seed, surface)


def _demo_section(index: int, per_row: int, rng: np.random.Generator) -> SectionSpec:
    row, column = divmod(index, per_row)
    centre = 0.5 * (per_row - 1)
    return SectionSpec(
        id=f"S{index + 1:03d}",
        x_um=(column - centre) * SECTION_PITCH_UM + rng.uniform(-100, 100),
        y_um=(centre - row) * SECTION_PITCH_UM + rng.uniform(-100, 100),
        rotation_deg=rng.uniform(-40, 40),
        top_nm=200.0 * index,
        tilt_x_mrad=rng.uniform(-2, 2),
        tilt_y_mrad=rng.uniform(-2, 2),
        bow_um=rng.uniform(0, 0.8),
    )
