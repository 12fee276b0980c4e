"""Edits of wafer and grid: each takes a document and gives another one, or refuses in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count

from pydantic import ValidationError

from scopeacq.geometry import Point, Rigid
from scopeacq.instrument import Instrument
from scopeacq.project import ImagingSettings, Project
from scopeacq.wafer import Section, Wafer
from scopeacq.wording import counted

DEFAULT_THICKNESS_NM = 200.0
FULL_TURN_DEG = 360.0


@dataclass(frozen=True, slots=True)
class Document:
    """What is edited."""

    project: Project
    wafer: Wafer
    instrument: Instrument


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


def _each(ids: Iterable[str], change: Callable[[Section], Section]) -> Callable[[Document], Document]:
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
    return Edit(f"Move {_named(ids)}", _each(ids, lambda s: placed(s, shift, s.rotation_deg)))


def rotate(ids: Iterable[str], angle_deg: float) -> Edit:
    """Turn sections counter-clockwise, each about the centre of its ROI."""
    ids = tuple(ids)
    return Edit(f"Rotate {_named(ids)}", _each(ids, lambda s: rotated(s, angle_deg)))


def resize(ids: Iterable[str], factor_x: float, factor_y: float) -> Edit:
    """Stretch the outlines of sections along and across their grids; the grids stay as they are."""
    ids = tuple(ids)

    def change(document: Document) -> Document:
        if not (factor_x > 0 and factor_y > 0):
            raise Refused("A section cannot be made smaller than nothing.")
        return _each(ids, lambda s: resized(s, factor_x, factor_y))(document)

    return Edit(f"Resize {_named(ids)}", change)


def move_roi(section_id: str, centre_um: Point) -> Edit:
    """Put the grid of a section elsewhere on it; the outline stays."""
    change = _each((section_id,), lambda s: replace(s, roi_centre_um=centre_um))
    return Edit(f"Move the grid of {section_id}", change)


def delete(ids: Iterable[str]) -> Edit:
    """Take sections off the plan."""
    wanted = frozenset(ids)

    def change(document: Document) -> Document:
        _require(document, wanted)
        if accepted := sorted(wanted & set(document.project.gate.accept_sections)):
            raise Refused(
                f"gate.accept_sections names {', '.join(accepted)}; take it out of the project first."
            )
        left = tuple(s for s in document.wafer.sections if s.id not in wanted)
        if not left:
            raise Refused("A plan needs at least one section; add another one first.")
        return replace(document, wafer=replace(document.wafer, sections=left))

    return Edit(f"Delete {_named(tuple(wanted))}", change)


def activate(ids: Iterable[str], active: bool) -> Edit:
    """Have sections imaged, or leave them out."""
    ids = tuple(ids)
    name = f"{_verb(active)} {_named(ids)}"
    return Edit(name, _each(ids, lambda s: replace(s, active=active)))


def activate_tile(section_id: str, tile: int, active: bool) -> Edit:
    """Have one tile of a section imaged, or leave it out."""

    def change(section: Section) -> Section:
        others = frozenset(section.inactive_tiles) - {tile}
        return replace(section, inactive_tiles=tuple(sorted(others if active else others | {tile})))

    return Edit(f"{_verb(active)} tile {tile + 1} of {section_id}", _each((section_id,), change))


def _verb(active: bool) -> str:
    return "Activate" if active else "Leave out"


def add(section: Section) -> Edit:
    """Put one more section at the end of the route."""

    def change(document: Document) -> Document:
        wafer = document.wafer
        return replace(document, wafer=replace(wafer, sections=(*wafer.sections, section)))

    return Edit(f"Add {section.id}", change)


def set_grid(rows: int, columns: int) -> Edit:
    """Give every section a grid of so many tiles."""

    def change(document: Document) -> Document:
        try:
            imaging = ImagingSettings.model_validate(
                document.project.imaging.model_dump() | {"grid_rows": rows, "grid_columns": columns}
            )
        except ValidationError:
            raise Refused(
                f"A grid of {rows} x {columns} is not possible; 1 to 200 tiles each way."
            ) from None
        return replace(document, project=document.project.model_copy(update={"imaging": imaging}))

    return Edit(f"Set the grid to {rows} x {columns}", change)


def rectangle(wafer: Wafer, centre_um: Point, width_um: float, height_um: float) -> Section:
    """A new upright section with the first free id, as thick as the last one."""
    taken = {s.id for s in wafer.sections}
    name = next(name for n in count(len(taken) + 1) if (name := f"S{n:03d}") not in taken)
    (x, y), u, v = centre_um, width_um / 2, height_um / 2
    outline = (x - u, y - v), (x + u, y - v), (x + u, y + v), (x - u, y + v)
    thickness_nm = wafer.sections[-1].thickness_nm if wafer.sections else DEFAULT_THICKNESS_NM
    return Section(name, outline, centre_um, 0.0, thickness_nm)


def rotated(section: Section, angle_deg: float) -> Section:
    """A section turned about the centre of its ROI; its angle is kept in [-180, 180)."""
    total_deg = (section.rotation_deg + angle_deg + FULL_TURN_DEG / 2) % FULL_TURN_DEG - FULL_TURN_DEG / 2
    return placed(section, Rigid.about(section.roi_centre_um, angle_deg), total_deg)


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
        rotation_deg=rotation_deg,
    )


def _named(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else counted(len(ids), "section")
