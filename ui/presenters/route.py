"""A shorter way through the sections: its line over the one of before, the time saved, how it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scopeacq.plan.geometry import Point
from scopeacq.plan.project import Project
from scopeacq.plan.wafer import Wafer
from scopeacq.route.order import routed
from scopeacq.route.stops import imaged_sections
from scopeacq.telling.wording import counted
from ui.presenters.durations import spoken
from ui.presenters.edits import Document, Edit, Refused

if TYPE_CHECKING:  # brings python-tsp, which the window does without until a way is sought
    from scopeacq.route.route import Route

EDITED_MEANWHILE = "Sections were edited while the way through them was looked for; look for it once more."


@dataclass(frozen=True, slots=True)
class RouteView:
    """Centres of the ROIs on the wafer [um], in the order of before and in the one that was found."""

    before_um: tuple[Point, ...]
    after_um: tuple[Point, ...]
    sentence: str


def route_view(project: Project, wafer: Wafer, route: Route) -> RouteView:
    """A way that was found through this wafer, as it is shown."""
    before = [section.id for section in imaged_sections(project, wafer)]
    return RouteView(_centres(wafer, before), _centres(wafer, route.order), _in_words(route))


def follow(route: Route, sought: Wafer) -> Edit:
    """Image sections in the order that was found. ``sought``: the wafer that it was found for."""

    def change(document: Document) -> Document:
        if document.wafer.sections != sought.sections:
            raise Refused(EDITED_MEANWHILE)
        return replace(document, wafer=routed(document.wafer, route.order))

    return Edit(f"Order {counted(len(route.order), 'section')}", change)


def _centres(wafer: Wafer, order: Sequence[str]) -> tuple[Point, ...]:
    centre_um = {section.id: section.roi_centre_um for section in wafer.sections}
    return tuple(centre_um[name] for name in order)


def _in_words(route: Route) -> str:
    if not route.saved_s:
        return f"No shorter way was found; the stage travels {_short(route.after_s)} per cycle."
    return (
        f"The stage travels {_short(route.after_s)} per cycle instead of {_short(route.before_s)}: "
        f"{spoken(route.run_saved_s)} less in {counted(route.cycles, 'cycle')}."
    )


def _short(seconds: float) -> str:
    """Travel of a cycle is minutes at most; its tenths tell two ways apart."""
    return f"{seconds:.1f} s" if seconds < 100 else spoken(seconds)
