"""A wafer as it leaves the bath: sections singly and in short ribbons, turned anyhow, between marks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hardware.simulator.specimen import (
    FiducialSpec,
    SectionSpec,
    WaferSpecimen,
    WaferSurface,
)
from hardware.simulator.texture import Texture

WIDTH_UM, HEIGHT_UM = 500.0, 250.0
MOST_SECTIONS = 300
"""So many fit on the wafer with room to spare, whatever the seed."""
RIBBON_LENGTHS = (1, 1, 1, 1, 2, 3)
SEAM_UM = (1.5, 3.0)
"""Between sections of a ribbon, whose knife edges still touch."""
CLEARANCE_UM = 40.0
AREA_PER_SECTION_UM2 = 0.85e6
TRIALS = 400
FIDUCIAL_UM = 20.0
FIDUCIALS_DEG = (20.0, 95.0, 160.0, 235.0, 310.0)
"""Unevenly spread, so that no rotation maps the marks on themselves."""


@dataclass(frozen=True, slots=True)
class _Ribbon:
    """So many sections side by side along their shorter edges."""

    x_um: float
    y_um: float
    rotation_deg: float
    sections: int

    @property
    def radius_um(self) -> float:
        """From the centre to the corners."""
        return 0.5 * math.hypot(WIDTH_UM, self.sections * (HEIGHT_UM + SEAM_UM[1]))


def scattered_wafer(seed: int, n_sections: int, texture: Texture) -> WaferSpecimen:
    """Consecutive sections of 500 x 250 x 0.2 um, scattered about the wafer's centre, and five fiducials.

    Raises ``ValueError`` when so many do not fit on the wafer.
    """
    if not 1 <= n_sections <= MOST_SECTIONS:
        raise ValueError(f"{n_sections} sections do not fit on the wafer: choose 1 to {MOST_SECTIONS}.")
    rng = np.random.default_rng(seed)
    ribbons, radius_um = _laid_out(_lengths(n_sections, rng), rng)
    specs = [s for ribbon in ribbons for s in _sections(ribbon, rng)]
    sections = [
        replace(spec, id=f"S{n + 1:03d}", top_nm=spec.thickness_nm * n) for n, spec in enumerate(specs)
    ]
    downhill = rng.uniform(0, 2 * math.pi)
    surface = WaferSurface(1.5 * math.cos(downhill), 1.5 * math.sin(downhill), rng.uniform(0.1, 0.4))
    return WaferSpecimen(sections, list(_fiducials(radius_um)), texture, seed, surface)


def _lengths(n_sections: int, rng: np.random.Generator) -> list[int]:
    """Sections of each ribbon, the longest first: they are the hardest to place."""
    lengths: list[int] = []
    while (left := n_sections - sum(lengths)) > 0:
        lengths.append(min(int(rng.choice(RIBBON_LENGTHS)), left))
    return sorted(lengths, reverse=True)


def _laid_out(lengths: Sequence[int], rng: np.random.Generator) -> tuple[list[_Ribbon], float]:
    """Ribbons that do not touch each other, and the radius of the disc that they were laid into."""
    radius_um = math.sqrt(AREA_PER_SECTION_UM2 * sum(lengths) / math.pi) + HEIGHT_UM
    ribbons: list[_Ribbon] = []
    for length in lengths:
        while (ribbon := _free(ribbons, length, radius_um, rng)) is None:
            radius_um *= 1.05
        ribbons.append(ribbon)
    return ribbons, radius_um


def _free(
    ribbons: Sequence[_Ribbon], length: int, radius_um: float, rng: np.random.Generator
) -> _Ribbon | None:
    for _ in range(TRIALS):
        away_um, angle = radius_um * math.sqrt(rng.uniform()), rng.uniform(0, 2 * math.pi)
        place = away_um * math.cos(angle), away_um * math.sin(angle)
        ribbon = _Ribbon(*place, float(rng.uniform(0, 360)), length)
        if away_um + ribbon.radius_um <= radius_um and all(_apart(ribbon, other) for other in ribbons):
            return ribbon
    return None


def _apart(one: _Ribbon, other: _Ribbon) -> bool:
    distance_um = math.hypot(one.x_um - other.x_um, one.y_um - other.y_um)
    return distance_um >= one.radius_um + other.radius_um + CLEARANCE_UM


def _sections(ribbon: _Ribbon, rng: np.random.Generator) -> Iterator[SectionSpec]:
    """Side by side, each a little askew and shifted along the knife's edge."""
    c, s = math.cos(math.radians(ribbon.rotation_deg)), math.sin(math.radians(ribbon.rotation_deg))
    for n in range(ribbon.sections):
        along_um = rng.uniform(-8, 8) if ribbon.sections > 1 else 0.0
        across_um = (n - (ribbon.sections - 1) / 2) * (HEIGHT_UM + rng.uniform(*SEAM_UM))
        yield SectionSpec(
            id="",
            x_um=ribbon.x_um + c * along_um - s * across_um,
            y_um=ribbon.y_um + s * along_um + c * across_um,
            rotation_deg=ribbon.rotation_deg + rng.uniform(-0.1, 0.1),
            width_um=WIDTH_UM,
            height_um=HEIGHT_UM,
            tilt_x_mrad=rng.uniform(-2, 2),
            tilt_y_mrad=rng.uniform(-2, 2),
            bow_um=rng.uniform(0, 0.8),
        )


def _fiducials(radius_um: float) -> Iterator[FiducialSpec]:
    """On the bare wafer around all sections."""
    away_um = radius_um + 4 * FIDUCIAL_UM
    for number, angle in enumerate(map(math.radians, FIDUCIALS_DEG), 1):
        yield FiducialSpec(
            f"F{number}", away_um * math.cos(angle), away_um * math.sin(angle), size_um=FIDUCIAL_UM
        )
