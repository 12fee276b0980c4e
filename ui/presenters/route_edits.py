"""The order of imaging as an edit, and what it saves in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scopeacq.plan.wafer import Wafer
from scopeacq.telling.wording import counted
from ui.presenters.durations import spoken
from ui.presenters.edits import Document, Edit

if TYPE_CHECKING:  # brings python-tsp, which the window does without until sections are ordered
    from scopeacq.route.route import Route


def order_sections(order: Sequence[str]) -> Edit:
    """Image sections in this order; those that it does not name follow as they were."""

    def change(document: Document) -> Document:
        return replace(document, wafer=_ordered(document.wafer, order))

    return Edit("Order the sections", change)


def in_words(route: Route) -> str:
    """What the order saves."""
    if not route.saved_s:
        return f"No shorter way was found; it takes {spoken(route.after_s)} in each cycle."
    return (
        f"{spoken(route.after_s)} instead of {spoken(route.before_s)} in each cycle: "
        f"{spoken(route.run_saved_s)} less in {counted(route.cycles, 'cycle')}."
    )


def _ordered(wafer: Wafer, order: Sequence[str]) -> Wafer:
    """Sections may have been taken away since the order was looked for, and others added."""
    place = {name: n for n, name in enumerate(order)}
    sections = sorted(wafer.sections, key=lambda s: place.get(s.id, len(place)))
    return replace(wafer, sections=tuple(sections))
