"""The menu at a point of the map."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PyQt5.QtWidgets import QAction, QMenu, QWidget

from scopeacq.journal.records import Wish
from scopeacq.plan.geometry import Point
from ui.presenters import edits, mark_edits, review_edits
from ui.presenters.edits import Edit
from ui.presenters.map_items import Item, ItemKind
from ui.presenters.wafer_map import Hit, WaferMap
from ui.presenters.wishes import wishes_at

Entry = tuple[str, Callable[[], object]]


def menu_of(parent: QWidget, *groups: Iterable[Entry | QAction]) -> QMenu:
    """A menu with a line between its groups; each entry does something, or is an action there already."""
    menu = QMenu(parent)
    for group in groups:
        for entry in group:
            if isinstance(entry, QAction):
                menu.addAction(entry)
                continue
            text, done = entry
            action = QAction(text, menu)
            action.triggered.connect(lambda _, done=done: done())
            menu.addAction(action)
        menu.addSeparator()
    return menu


def ways_from(
    place: Hit, to_slices: Callable[[Hit], object], to_plots: Callable[[Hit], object]
) -> list[Entry]:
    """What is known of a section, or of a tile of it, in other views."""
    return [
        (f"Show the slices of {place.text}", partial(to_slices, place)),
        (f"Show the plots of {place.section}", partial(to_plots, place)),
    ]


def wish_entries(shown: WaferMap, place: Hit, wish: Callable[[Wish], object]) -> list[Entry]:
    """What can be asked of the cycle under way, for a section or a tile of it."""
    return [(asking.text, partial(wish, asking.wish)) for asking in wishes_at(shown, place)]


def section_entries(shown: WaferMap, name: str, propose: Callable[[Edit], None]) -> list[Entry]:
    """Edits of the section that lies there."""
    others = [s.id for s in shown.sections if s.id != name]
    ways = (
        (f"Duplicate {name}", edits.duplicate(name)),
        (f"Give the grid of {name} to all others", edits.propagate(name, others)),
        (f"Image {name} first", edits.reorder([name], others[0] if others else None)),
        (f"Image {name} last", edits.reorder([name], None)),
    )
    entries: list[Entry] = [(text, partial(propose, edit)) for text, edit in ways]
    shown_here = shown.section(name)
    if shown_here is not None and shown_here.section.roi_um is not None:
        entries.append((f"Remove the ROI of {name}", partial(propose, mark_edits.set_roi(name, None))))
    return entries


def found_entries(item: Item, propose: Callable[[Edit], None]) -> list[Entry]:
    """Verdicts on what was found there."""
    if item.kind is not ItemKind.FOUND:
        return []
    name = item.name
    ways = (
        (f"Accept {name}", review_edits.accept([name])),
        (f"Reject {name}", review_edits.reject([name])),
    )
    return [(text, partial(propose, edit)) for text, edit in ways]


def mark_entries(wafer_um: Point, propose: Callable[[Edit], None]) -> list[Entry]:
    """Marks that may be set there."""
    return [
        ("Set a landmark here", partial(propose, mark_edits.add_landmark(wafer_um))),
        ("Set a fiducial here", partial(propose, mark_edits.add_fiducial(wafer_um))),
    ]
