"""Grids of all sections at once: one section is made ready, and all others made like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import shapely

from scopeacq.plan.grids import (
    GridRefused,
    Likeness,
    Propagation,
    Template,
    filled,
    propagate,
    with_roi,
)
from scopeacq.plan.poses import centroid_um
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.wafer import Section, Wafer
from scopeacq.telling.wording import counted
from ui.presenters.edits import Edit
from ui.presenters.prepare_settings import GridArea, GridChoice

NO_SECTION = "There is no section to put a grid on; find some first."
NONE_CHOSEN = "Choose the one section on the map that all others are to be like."


def laid(
    choice: GridChoice,
    chosen: str | None,
    wafer: Wafer,
    imaging: ImagingSettings,
    likeness: Callable[[Section], Likeness] | None = None,
) -> Propagation:
    """The wafer with grids on all sections.

    ``chosen``: the section that others are made like, by default one of the usual area. ``likeness``: how
    alike others look to that one, where outlines leave open how they are turned. Raises ``GridRefused``.
    """
    if not wafer.sections:
        raise GridRefused(NO_SECTION)
    if choice.area is GridArea.CHOSEN and chosen is None:
        raise GridRefused(NONE_CHOSEN)
    ready = _ready(choice, _usual(wafer) if chosen is None else wafer.section(chosen), imaging)
    sections = tuple(ready if s.id == ready.id else s for s in wafer.sections)
    alike = None if likeness is None else likeness(ready)
    return propagate(Template.of(ready), replace(wafer, sections=sections), likeness=alike)


def lay_grids(done: Propagation) -> Edit:
    """Take a wafer whose grids were laid."""
    return Edit("Propagate grids", lambda document: replace(document, wafer=done.wafer))


def in_words(done: Propagation) -> str:
    """What is to be known of grids that were laid."""
    parts = [f"{counted(len(done.changed) + 1, 'section')} with the same grid, turned with each."]
    if done.unlike:
        parts.append(f"Of another shape than the others: {_few(done.unlike)}; look at them.")
    if done.ambiguous:
        parts.append(
            f"Half a turn cannot be told of {counted(len(done.ambiguous), 'section')}: "
            "these stayed as near to their angle of before as can be."
        )
    return " ".join(parts)


def _ready(choice: GridChoice, source: Section, imaging: ImagingSettings) -> Section:
    plain = replace(
        source, roi_um=None, grid=None, inactive_tiles=(), roi_centre_um=centroid_um(source.outline_um)
    )
    match choice.area:
        case GridArea.MIDDLE:
            return plain
        case GridArea.WHOLE:
            return filled(plain, imaging)
        case GridArea.INNER:
            return filled(with_roi(plain, _inner(plain, choice.rim_um)), imaging)
        case GridArea.CHOSEN:
            return source


def _inner(section: Section, rim_um: float) -> tuple[tuple[float, float], ...]:
    """A section less its rim, in its own frame. Raises ``GridRefused`` where nothing is left."""
    outline_um = Template.of(section).outline_um
    inner = shapely.Polygon(outline_um).buffer(-rim_um, join_style="mitre")
    if not isinstance(inner, shapely.Polygon) or inner.is_empty:
        raise GridRefused(f"A rim of {rim_um:g} um leaves nothing of section {section.id}; take less.")
    return tuple((float(x), float(y)) for x, y in inner.exterior.coords[:-1])


def _usual(wafer: Wafer) -> Section:
    by_area = sorted(wafer.sections, key=lambda s: float(shapely.Polygon(s.outline_um).area))
    return by_area[len(by_area) // 2]


def _few(ids: tuple[str, ...], most: int = 5) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")
