"""The menu at a point of the map."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PyQt5.QtWidgets import QAction, QMenu, QWidget

from scopeacq.journal.records import Wish
from ui.presenters import edits
from ui.presenters.edits import Edit
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
    return [(text, partial(propose, edit)) for text, edit in ways]
