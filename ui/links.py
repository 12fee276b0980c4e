"""Ways between the views of a run: whatever names a section or a tile leads to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scopeacq.journal.records import PlaneKey
from scopeacq.plan.calibrations import CalibrationKind
from ui.live.page import LivePage
from ui.plots.view import PlotsView
from ui.presenters.curves import GROUPS
from ui.presenters.messages import Offer
from ui.presenters.wafer_map import Hit, Selection
from ui.slices.view import SlicesView
from ui.viewport.widget import WaferViewport
from ui.workspace import Workspace


@dataclass(frozen=True)
class Links:
    """Shows in one view what was pointed at in another."""

    workspace: Workspace
    viewport: WaferViewport
    live: LivePage
    slices: SlicesView
    plots: PlotsView
    choose_calibration: Callable[[CalibrationKind], None]

    def show_on_wafer(self, place: Hit) -> None:
        """Choose a section, or a tile of it, on the wafer, and come near."""
        self.workspace.show_view("wafer")
        alone = Selection(frozenset({place.section}))
        chosen = alone if place.tile is None else Selection.of_tiles([(place.section, place.tile)])
        self.viewport.canvas.select(chosen)
        self.viewport.canvas.fit(chosen.sections)

    def show_slices(self, place: Hit) -> None:
        """The newest slice of a section, or of a tile of it."""
        self.workspace.show_view("slices")
        self.slices.look_at_newest(place.section, place.tile)

    def show_plane(self, plane: PlaneKey) -> None:
        """One slice of a tile."""
        self.workspace.show_view("slices")
        self.slices.look_at(plane)

    def show_plots(self, place: Hit) -> None:
        """How a section was focused over the cycles, and with one step all else of it."""
        self.workspace.show_view("plots")
        self.plots.show_group(GROUPS[0])
        self.plots.show_section(place.section)

    def show_focus(self, plane: PlaneKey) -> None:
        """The correction of focus before a plane, with its trace."""
        self.workspace.show_view("live")
        self.live.show_correction(plane)

    def follow(self, offer: Offer) -> None:
        """Where a message leads: to the wizard of a calibration."""
        self.workspace.show_view("calibrate")
        self.choose_calibration(offer.calibration)


def link_views(links: Links) -> None:
    """Wire what the views point at."""
    links.workspace.place_wanted.connect(links.show_on_wafer)
    links.workspace.offer_followed.connect(links.follow)
    links.viewport.slices_wanted.connect(links.show_slices)
    links.viewport.plots_wanted.connect(links.show_plots)
    links.live.tile_chosen.connect(lambda section, tile: links.show_on_wafer(Hit(section, tile)))
    links.slices.wafer_wanted.connect(lambda plane: links.show_on_wafer(_place(plane)))
    links.slices.trace_wanted.connect(links.show_focus)
    links.slices.plots_wanted.connect(lambda plane: links.show_plots(_place(plane)))
    links.plots.plane_wanted.connect(links.show_plane)
    links.plots.place_wanted.connect(links.show_on_wafer)


def _place(plane: PlaneKey) -> Hit:
    return Hit(plane.section, plane.tile)
