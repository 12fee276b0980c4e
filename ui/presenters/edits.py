"""Edits of wafer and grid: each takes a document and gives another one, or refuses in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pydantic import ValidationError
from shapely.geometry import Polygon

from scopeacq.plan import grids
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.grids import Keep, Template
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.poses import pose_of
from scopeacq.plan.project import ImagingSettings, Project
from scopeacq.plan.wafer import Section, Wafer
from scopeacq.sections.candidates import Candidates, Ring, free_ids
from scopeacq.sections.review import reject
from scopeacq.telling.wording import counted

DEFAULT_THICKNESS_NM = 200.0
FULL_TURN_DEG = 360.0
COPY_GAP = 0.15
"""Between a section and its copy, as a share of its width."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is edited: the plan, and what was found or drawn and is not in the plan yet."""

    project: Project
    wafer: Wafer
    instrument: Instrument
    candidates: Candidates = field(default_factory=Candidates)


class Refused(ValueError):
    """An edit that cannot be made; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A named change of a document. ``change`` raises ``Refused``.

    Edits of one ``topic`` that follow each other, as while a number is typed, are one step to undo.
    """

    name: str
    change: Callable[[Document], Document]
    topic: object = None


def each_of(ids: Iterable[str], change: Callable[[Section], Section]) -> Callable[[Document], Document]:
    """A change of some sections, the others left as they are."""
    wanted = frozenset(ids)

    def changed(document: Document) -> Document:
        _require(document, wanted)
        sections = tuple(change(s) if s.id in wanted else s for s in document.wafer.sections)
        return replace(document, wafer=replace(document.wafer, sections=sections))

    return changed


def _require(document: Document, ids: frozenset[str]) -> None:
    if not ids:
        raise Refused("No section is selected; click one first.")
    if unknown := sorted(ids - {s.id for s in document.wafer.sections}):
        raise Refused(f"The wafer holds no section {', '.join(unknown)}.")


def move(ids: Iterable[str], dx_um: float, dy_um: float) -> Edit:
    """Shift sections with their grids over the wafer."""
    ids = tuple(ids)
    shift = Rigid(dx_um, dy_um)
    return Edit(f"Move {named(ids)}", each_of(ids, lambda s: placed(s, shift, s.rotation_deg)))


def rotate(ids: Iterable[str], angle_deg: float) -> Edit:
    """Turn sections counter-clockwise, each about the centre of its ROI."""
    ids = tuple(ids)
    return Edit(f"Rotate {named(ids)}", each_of(ids, lambda s: rotated(s, angle_deg)))


def resize(ids: Iterable[str], factor_x: float, factor_y: float) -> Edit:
    """Stretch the outlines of sections along and across their grids; the grids stay as they are."""
    ids = tuple(ids)

    def change(document: Document) -> Document:
        if not (factor_x > 0 and factor_y > 0):
            raise Refused("A section cannot be made smaller than nothing.")
        return each_of(ids, lambda s: resized(s, factor_x, factor_y))(document)

    return Edit(f"Resize {named(ids)}", change)


def move_roi(section_id: str, centre_um: Point) -> Edit:
    """Put the grid of a section elsewhere on it, and its ROI along with it; the outline stays."""
    change = each_of((section_id,), lambda s: with_grid_at(s, centre_um))
    return Edit(f"Move the grid of {section_id}", change)


def turn_grid(ids: Iterable[str], rotation_deg: float) -> Edit:
    """Turn the grids of sections to an angle on the wafer; the outlines stay."""
    ids = tuple(ids)
    angle_deg = within_half_turn(rotation_deg)
    return Edit(
        f"Turn the grid of {named(ids)}", each_of(ids, lambda s: replace(s, rotation_deg=angle_deg))
    )


def propagate(source_id: str, ids: Iterable[str]) -> Edit:
    """Put ROI and grid on sections as they lie on one of them, with its settings and left-out tiles.

    The place is taken from the centroid of the outline and turns with each section's own angle.
    """
    ids = frozenset(ids) - {source_id}

    def change(document: Document) -> Document:
        if not ids:
            raise Refused("There is no other section to give this grid to.")
        _require(document, ids | {source_id})
        template = Template.of(document.wafer.section(source_id))
        return replace(document, wafer=grids.propagate(template, document.wafer, ids, {Keep.ANGLE}).wafer)

    return Edit(f"Give the grid of {source_id} to {named(tuple(ids))}", change)


def duplicate(section_id: str) -> Edit:
    """Put a copy of a section beside it, last in the route."""

    def change(document: Document) -> Document:
        _require(document, frozenset({section_id}))
        source = document.wafer.section(section_id)
        x = [corner[0] for corner in source.outline_um]
        shift = Rigid((1 + COPY_GAP) * (max(x) - min(x)), 0.0)
        copy = replace(placed(source, shift, source.rotation_deg), id=free_id(document))
        return add(copy).change(document)

    return Edit(f"Duplicate {section_id}", change)


def reorder(ids: Iterable[str], before: str | None) -> Edit:
    """Image sections, in the order that they have now, right before another one, or last of all."""
    ids = frozenset(ids)

    def change(document: Document) -> Document:
        _require(document, ids)
        left = [s for s in document.wafer.sections if s.id not in ids]
        place = next((n for n, s in enumerate(left) if s.id == before), None)
        if before is not None and place is None:
            return document
        moved = [s for s in document.wafer.sections if s.id in ids]
        end = len(left) if place is None else place
        sections = (*left[:end], *moved, *left[end:])
        return replace(document, wafer=replace(document.wafer, sections=sections))

    return Edit(f"Image {named(tuple(ids))} {f'before {before}' if before else 'last'}", change)


def delete(ids: Iterable[str]) -> Edit:
    """Take sections off the plan; those that were found count as rejected."""
    wanted = frozenset(ids)

    def change(document: Document) -> Document:
        _require(document, wanted)
        if accepted := sorted(wanted & set(document.project.gate.accept_sections)):
            raise Refused(
                f"gate.accept_sections names {', '.join(accepted)}; take it out of the project first."
            )
        left = tuple(s for s in document.wafer.sections if s.id not in wanted)
        found = wanted & {c.id for c in document.candidates.sections}
        candidates = reject(document.candidates, found) if found else document.candidates
        return replace(document, wafer=replace(document.wafer, sections=left), candidates=candidates)

    return Edit(f"Delete {named(tuple(wanted))}", change)


def activate(ids: Iterable[str], active: bool) -> Edit:
    """Have sections imaged, or leave them out."""
    ids = tuple(ids)
    name = f"{_verb(active)} {named(ids)}"
    return Edit(name, each_of(ids, lambda s: replace(s, active=active)))


def activate_tiles(tiles: Iterable[tuple[str, int]], active: bool) -> Edit:
    """Have single tiles (section, index) imaged, or leave them out."""
    chosen = frozenset(tiles)

    def change(section: Section) -> Section:
        own = {tile for name, tile in chosen if name == section.id}
        others = frozenset(section.inactive_tiles) - own
        return replace(section, inactive_tiles=tuple(sorted(others if active else others | own)))

    names = frozenset(name for name, _ in chosen)
    what = ", ".join(f"tile {tile + 1} of {name}" for name, tile in chosen)
    if len(chosen) != 1:
        what = f"{counted(len(chosen), 'tile')} of {named(tuple(names))}"
    return Edit(f"{_verb(active)} {what}", each_of(names, change))


def _verb(active: bool) -> str:
    return "Activate" if active else "Leave out"


def add(section: Section) -> Edit:
    """Put one more section at the end of the route."""

    def change(document: Document) -> Document:
        wafer = document.wafer
        return replace(document, wafer=replace(wafer, sections=(*wafer.sections, section)))

    return Edit(f"Add {section.id}", change)


def set_grid(rows: int, columns: int, overlap_px: int | None = None) -> Edit:
    """Give every section a grid of so many tiles, which overlap as before unless it is said how much."""
    changed: dict[str, int] = {"grid_rows": rows, "grid_columns": columns}
    if overlap_px is not None:
        changed["overlap_px"] = overlap_px

    def change(document: Document) -> Document:
        try:
            imaging = ImagingSettings.model_validate(document.project.imaging.model_dump() | changed)
        except ValidationError:
            raise Refused(
                f"A grid of {rows} x {columns} is not possible; 1 to 200 tiles each way, which overlap by "
                "less than half a tile."
            ) from None
        return replace(document, project=document.project.model_copy(update={"imaging": imaging}))

    return Edit(f"Set the grid to {rows} x {columns}", change)


def drawn_section(document: Document, outline_um: Ring) -> Section:
    """A new section with a free id, as thick as the last one, its grid turned with its outline."""
    sections = document.wafer.sections
    thickness_nm = sections[-1].thickness_nm if sections else DEFAULT_THICKNESS_NM
    pose = pose_of(outline_um)
    return Section(free_id(document), outline_um, pose.centre_um, pose.rotation_deg, thickness_nm)


def free_id(document: Document) -> str:
    """An id that neither a section nor anything found has."""
    taken = [section.id for section in document.wafer.sections]
    return next(free_ids(taken + [candidate.id for candidate in document.candidates.sections]))


def rotated(section: Section, angle_deg: float) -> Section:
    """A section turned about the centre of its ROI; its angle is kept in [-180, 180)."""
    total_deg = within_half_turn(section.rotation_deg + angle_deg)
    return placed(section, Rigid.about(section.roi_centre_um, angle_deg), total_deg)


def within_half_turn(angle_deg: float) -> float:
    """The same direction in [-180, 180)."""
    return (angle_deg + FULL_TURN_DEG / 2) % FULL_TURN_DEG - FULL_TURN_DEG / 2


def _centroid(section: Section) -> Point:
    middle = Polygon(section.outline_um).centroid
    return middle.x, middle.y


def resized(section: Section, factor_x: float, factor_y: float) -> Section:
    """A section whose outline is stretched along and across its grid about the centre of its ROI."""
    to_local = Rigid(*section.roi_centre_um, section.rotation_deg).inverse()
    back = to_local.inverse()
    local = (to_local.apply(corner) for corner in section.outline_um)
    return replace(section, outline_um=tuple(back.apply((x * factor_x, y * factor_y)) for x, y in local))


def placed(section: Section, place: Rigid, rotation_deg: float) -> Section:
    """A section carried along by a turn and a shift of the wafer's plane."""
    return replace(
        section,
        outline_um=tuple(place.apply(corner) for corner in section.outline_um),
        roi_centre_um=place.apply(section.roi_centre_um),
        roi_um=section.roi_um and tuple(place.apply(corner) for corner in section.roi_um),
        rotation_deg=rotation_deg,
    )


def with_grid_at(section: Section, centre_um: Point) -> Section:
    """A section with its grid and ROI moved over it."""
    shift = Rigid(centre_um[0] - section.roi_centre_um[0], centre_um[1] - section.roi_centre_um[1])
    return replace(placed(section, shift, section.rotation_deg), outline_um=section.outline_um)


def named(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else counted(len(ids), "section")
