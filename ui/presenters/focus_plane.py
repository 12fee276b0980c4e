"""The plane of focus over the wafer, and the sections that lie off it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scopeacq.focus.surface import Surface
from scopeacq.journal.records import SurfaceFitted
from scopeacq.plan.geometry import turn
from ui.presenters.sections import SectionShown

FARTHER, NEARER = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
"""Beside the number's sign: a longer or a shorter working distance than the plane's."""


@dataclass(frozen=True, slots=True)
class FocusPlane:
    """The plane that was fitted in a cycle. Farther off it than ``limit_um`` is an outlier."""

    cycle: int
    surface: Surface
    limit_um: float

    @staticmethod
    def of(record: SurfaceFitted, limit_um: float) -> FocusPlane:
        surface = Surface(record.wd0_um, record.slope_x, record.slope_y)
        return FocusPlane(record.cycle, surface, limit_um)


@dataclass(frozen=True, slots=True)
class Outlier:
    """The tile of a section that lies farthest off the plane, and by how much."""

    section: str
    tile: int
    residual_um: float

    @property
    def text(self) -> str:
        """Its direction as a sign, and the number with its own."""
        sign = FARTHER if self.residual_um > 0 else NEARER
        return f"{sign} {self.residual_um:+.1f} \N{MICRO SIGN}m"


def residual_um(plane: FocusPlane, section: SectionShown, tile: int) -> float | None:
    """How much longer a tile's working distance is than the plane's; None when not focused in its cycle."""
    return dict(_residuals(plane, section)).get(tile)


def outliers(plane: FocusPlane, sections: Iterable[SectionShown]) -> tuple[Outlier, ...]:
    """At most one of each section."""
    return tuple(worst for section in sections for worst in _worst(plane, section))


def _worst(plane: FocusPlane, section: SectionShown) -> Iterator[Outlier]:
    known = [Outlier(section.id, tile, off_um) for tile, off_um in _residuals(plane, section)]
    worst = max(known, key=lambda outlier: abs(outlier.residual_um), default=None)
    if worst is not None and abs(worst.residual_um) > plane.limit_um:
        yield worst


def _residuals(plane: FocusPlane, section: SectionShown) -> Iterator[tuple[int, float]]:
    """Of the tiles that were focused in the plane's cycle, with the slope in the section's own frame."""
    middle_um = plane.surface.wd_um(section.section.roi_centre_um)
    slope = turn((plane.surface.slope_x, plane.surface.slope_y), -section.section.rotation_deg)
    for number, tile in enumerate(section.tiles):
        if tile.wd_um is not None and tile.wd_cycle == plane.cycle:
            x, y = section.grid.offset_um(number)
            yield number, tile.wd_um - (middle_um + slope[0] * x + slope[1] * y)


def in_words(plane: FocusPlane, off: int) -> tuple[str, ...]:
    """The plane's numbers and how many sections lie off it, a line each."""
    slopes = (1000 * slope for slope in (plane.surface.slope_x, plane.surface.slope_y))
    x, y = (f"{slope:+.2f}" for slope in slopes)
    return (
        f"Plane of cycle {plane.cycle + 1}: {plane.surface.wd0_um:,.1f} \N{MICRO SIGN}m in the middle,",
        f"slope x {x}, y {y} \N{MICRO SIGN}m per mm",
        f"{FARTHER}{NEARER} {off or 'no'} section{'s' if off > 1 else ''} off it "
        f"by more than {plane.limit_um:g} \N{MICRO SIGN}m",
    )
