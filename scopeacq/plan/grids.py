"""Grids of tiles on sections: about an ROI, as many as it takes, and one as the template of all. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import shapely

from scopeacq.plan.geometry import Point, Rigid, turn
from scopeacq.plan.poses import Pose, centroid_um, poses_of, within_half_turn_deg
from scopeacq.plan.project import MOST_TILES_ACROSS, ImagingSettings
from scopeacq.plan.section import HAIR_UM, Section, SectionGrid
from scopeacq.plan.wafer import Wafer

UNLIKE = 0.15
"""From this misfit on a section has another shape than the template."""
CLEARLY_ALIKE = 0.05
"""By so much more alike must the pictures be one way than any other."""

Likeness = Callable[[Section, Pose], float]
"""How alike a section's picture, turned back by the pose, is to the template's: a correlation, -1 to 1."""


class GridRefused(ValueError):
    """A grid that cannot be; the message says why in one sentence."""


class Keep(Enum):
    """What of single sections stays as it was adjusted when a template is given to all."""

    ANGLE = auto()
    SETTINGS = auto()
    TILES_LEFT_OUT = auto()


@dataclass(frozen=True, slots=True)
class Template:
    """How one section is imaged, in its own frame: its centroid at the origin, x along its grid's rows."""

    source: str
    outline_um: tuple[Point, ...]
    roi_um: tuple[Point, ...] | None
    grid_centre_um: Point
    grid: SectionGrid | None
    inactive_tiles: tuple[int, ...]

    @classmethod
    def of(cls, section: Section) -> Template:
        """Imaging as this section is imaged."""
        own = own_frame(section).inverse()
        return cls(
            section.id,
            _moved(section.outline_um, own),
            section.roi_um and _moved(section.roi_um, own),
            own.apply(section.roi_centre_um),
            section.grid,
            section.inactive_tiles,
        )


@dataclass(frozen=True, slots=True)
class Propagation:
    """The wafer after a template was given to its sections.

    ``ambiguous``: sections that may as well lie turned by half a turn, as far as outline and picture say;
    they stayed as near to their angle of before as can be. ``unlike``: those of another shape.
    """

    wafer: Wafer
    changed: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()


def own_frame(section: Section) -> Rigid:
    """From the section's own frame to the wafer."""
    return Rigid(*centroid_um(section.outline_um), section.rotation_deg)


def with_roi(section: Section, roi_um: Sequence[Point]) -> Section:
    """A section with an ROI given in its own frame, its grid about it.

    Raises:
        GridRefused: the corners are no simple polygon.
    """
    finite = all(math.isfinite(value) for corner in roi_um for value in corner)
    polygon = shapely.Polygon(roi_um) if finite and len(roi_um) >= 3 else shapely.Polygon()
    if not polygon.is_valid or not polygon.area > 0:
        raise GridRefused("The corners of the ROI make no simple polygon; give at least three, in order.")
    return _centred(replace(section, roi_um=_moved(tuple(roi_um), own_frame(section)), inactive_tiles=()))


def tiles_needed(width_um: float, height_um: float, imaging: ImagingSettings) -> tuple[int, int]:
    """Rows and columns of overlapping tiles that cover an area.

    Raises:
        GridRefused: there would be more than a grid may have.
    """
    pixel_um, overlap_px = imaging.pixel_size_nm * 1e-3, imaging.overlap_px
    columns, rows = (
        max(
            math.ceil((extent_um - HAIR_UM - overlap_px * pixel_um) / ((tile_px - overlap_px) * pixel_um)),
            1,
        )
        for extent_um, tile_px in (
            (width_um, imaging.tile_width_px),
            (height_um, imaging.tile_height_px),
        )
    )
    if max(rows, columns) > MOST_TILES_ACROSS:
        raise GridRefused(
            f"{width_um:.0f} x {height_um:.0f} um would take {rows} x {columns} tiles, and a grid has at "
            f"most {MOST_TILES_ACROSS} each way; choose larger tiles or pixels, or a smaller ROI."
        )
    return rows, columns


def filled(section: Section, project_imaging: ImagingSettings) -> Section:
    """A section with as many tiles as its ROI takes, or the whole of it where it has none.

    Raises:
        GridRefused: there would be more than a grid may have.
    """
    _, width_um, height_um = _extent(section)
    rows, columns = tiles_needed(width_um, height_um, section.imaging(project_imaging))
    grid = (section.grid or SectionGrid()).model_copy(update={"rows": rows, "columns": columns})
    return _centred(replace(section, grid=grid, inactive_tiles=()))


def propagate(
    template: Template,
    wafer: Wafer,
    only: Collection[str] | None = None,
    keep: Collection[Keep] = (),
    likeness: Likeness | None = None,
) -> Propagation:
    """Image all sections, or only some, as the template says: ROI and grid lie on each as on its section.

    Args:
        only: ids; by default all. The template's own section stays as it is.
        keep: what of single sections stays.
        likeness: compares pictures where outlines leave open how a section is turned.

    Raises:
        GridRefused: ``only`` names a section that there is not.
    """
    wanted = {s.id for s in wafer.sections} if only is None else set(only)
    if unknown := sorted(wanted - {s.id for s in wafer.sections}):
        raise GridRefused(f"The wafer holds no section {', '.join(unknown)}; correct the ids.")
    targets = [s for s in wafer.sections if s.id in wanted and s.id != template.source]
    found = poses_of([s.outline_um for s in targets], template.outline_um)
    poses = {s.id: _settled(s, pose, keep, likeness) for s, pose in zip(targets, found, strict=True)}
    sections = tuple(_like(template, s, poses[s.id], keep) if s.id in poses else s for s in wafer.sections)
    return Propagation(
        replace(wafer, sections=sections),
        tuple(poses),
        tuple(name for name, pose in poses.items() if pose.ambiguous),
        tuple(name for name, pose in poses.items() if pose.misfit > UNLIKE),
    )


def flipped(section: Section) -> Section:
    """A section with its grid and ROI turned by half a turn about its centroid."""
    middle = Rigid.about(centroid_um(section.outline_um), 180.0)
    return replace(
        section,
        rotation_deg=within_half_turn_deg(section.rotation_deg + 180.0),
        roi_centre_um=middle.apply(section.roi_centre_um),
        roi_um=section.roi_um and _moved(section.roi_um, middle),
    )


def _settled(section: Section, pose: Pose, keep: Collection[Keep], likeness: Likeness | None) -> Pose:
    """How a section lies: by its picture where the outline leaves it open, else as it was turned before."""
    if Keep.ANGLE in keep:
        return replace(pose, rotation_deg=section.rotation_deg, alternatives_deg=())
    if likeness is None or not pose.ambiguous:
        return pose.nearest_to(section.rotation_deg)
    alike = sorted(((likeness(section, way), way) for way in pose.ways()), key=lambda each: -each[0])
    (best, way), (second, _) = alike[:2]
    if best < second + CLEARLY_ALIKE:
        return pose.nearest_to(section.rotation_deg)
    return replace(way, alternatives_deg=())


def _like(template: Template, section: Section, pose: Pose, keep: Collection[Keep]) -> Section:
    return replace(
        section,
        rotation_deg=within_half_turn_deg(pose.rotation_deg),
        roi_centre_um=pose.place.apply(template.grid_centre_um),
        roi_um=template.roi_um and _moved(template.roi_um, pose.place),
        grid=section.grid if Keep.SETTINGS in keep else template.grid,
        inactive_tiles=section.inactive_tiles if Keep.TILES_LEFT_OUT in keep else template.inactive_tiles,
    )


def _centred(section: Section) -> Section:
    middle, _, _ = _extent(section)
    return replace(section, roi_centre_um=middle)


def _extent(section: Section) -> tuple[Point, float, float]:
    """Middle on the wafer, width and height along the grid of the ROI, or of the section without one."""
    corners = (turn(corner, -section.rotation_deg) for corner in section.roi_um or section.outline_um)
    xs, ys = zip(*corners, strict=True)
    middle = turn(((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2), section.rotation_deg)
    return middle, max(xs) - min(xs), max(ys) - min(ys)


def _moved(corners: Sequence[Point], place: Rigid) -> tuple[Point, ...]:
    return tuple(place.apply(corner) for corner in corners)
