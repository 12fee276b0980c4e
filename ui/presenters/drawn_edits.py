"""From what was drawn on the map to the edit that it comes to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import shapely

from scopeacq.plan.geometry import Point
from scopeacq.plan.wafer import Section
from scopeacq.sections.candidates import LabelKind, Ring
from ui.presenters import edits, mark_edits, review_edits
from ui.presenters.drawing import Drawn
from ui.presenters.edits import Document, Edit, Refused, drawn_section
from ui.presenters.map_items import ItemKind
from ui.presenters.wafer_map import Selection

LABELS = {
    Drawn.TISSUE: LabelKind.TISSUE,
    Drawn.BACKGROUND: LabelKind.BACKGROUND,
    Drawn.IGNORE: LabelKind.IGNORE,
}


def outline_edit(kind: Drawn, outline_um: Ring, chosen: Collection[str]) -> Edit:
    """The edit of an outline; ``chosen``: the sections that are, one of which an ROI may be for."""
    match kind:
        case Drawn.SECTION:
            return add_section(outline_um)
        case Drawn.ROI:
            return draw_roi(outline_um, chosen)
        case Drawn.FOUND:
            return review_edits.draw_found(outline_um)
        case _:
            return review_edits.draw_label(LABELS[kind], outline_um)


def point_edit(kind: Drawn, at_um: Point) -> Edit:
    """The edit of a click."""
    return mark_edits.add_landmark(at_um) if kind is Drawn.LANDMARK else mark_edits.add_fiducial(at_um)


def add_section(outline_um: Ring) -> Edit:
    """A new section of the plan, last in the route."""

    def change(document: Document) -> Document:
        sections = (*document.wafer.sections, drawn_section(document, outline_um))
        return replace(document, wafer=replace(document.wafer, sections=sections))

    return Edit("Draw a section", change)


def draw_roi(outline_um: Ring, chosen: Collection[str]) -> Edit:
    """What is imaged of the chosen section, or of the one that the outline covers most."""

    def change(document: Document) -> Document:
        section = _meant(document.wafer.sections, outline_um, chosen)
        return mark_edits.set_roi(section.id, outline_um).change(document)

    return Edit("Draw an ROI", change)


def delete(chosen: Selection) -> Edit:
    """Take away all that is chosen, in one step."""
    parts = list[Edit]()
    if chosen.found:
        parts.append(review_edits.remove(chosen.found))
    if labels := chosen.named(ItemKind.LABEL):
        parts.append(review_edits.remove_labels(map(int, labels)))
    marks = chosen.named(ItemKind.LANDMARK), chosen.named(ItemKind.FIDUCIAL)
    if any(marks):
        parts.append(mark_edits.remove_marks(*marks))
    left = chosen.sections - chosen.found
    if left or not parts:
        parts.append(edits.delete(left))

    def change(document: Document) -> Document:
        for part in parts:
            document = part.change(document)
        return document

    return Edit(" and ".join(part.name for part in parts), change)


def _meant(sections: Collection[Section], outline_um: Ring, chosen: Collection[str]) -> Section:
    """Raises ``Refused`` where the outline lies on no section."""
    if len(chosen) == 1:
        return next(s for s in sections if s.id in chosen)
    roi = shapely.Polygon(outline_um)
    shared = {s.id: roi.intersection(shapely.Polygon(s.outline_um)).area for s in sections}
    most = max(sections, key=lambda s: shared[s.id], default=None)
    if most is None or shared[most.id] <= 0:
        raise Refused(
            "This ROI lies on no section of the plan; draw it on one, or choose the section first."
        )
    return most
