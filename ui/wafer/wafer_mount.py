"""The wafer in the workspace of its run: the map, the pictures under it and the list of its sections."""

from __future__ import annotations

from ui.messages.banner import Banner
from ui.panels.found_panel import FoundPanel
from ui.panels.sections_panel import SectionsPanel
from ui.presenters.map_items import Item, ItemKind, found_items
from ui.presenters.messages import Message
from ui.presenters.tone import Sign, Tone
from ui.presenters.wafer_map import Selection, WaferMap
from ui.tasks import Tasks
from ui.viewport.widget import WaferViewport
from ui.wafer.overviews import Overviews
from ui.wafer.wafer_feed import WaferFeed
from ui.workspace import Workspace

KEY = "wafer"
SECTIONS_KEY, FOUND_KEY = "sections", "found"


def mount_wafer(workspace: Workspace, banner: Banner, tasks: Tasks) -> WaferViewport:
    """Give a workspace the view of its wafer and the panel of its sections."""
    viewport = WaferViewport()
    viewport.told.connect(lambda text: banner.say(Message(Tone.CAUTION, text)))
    feed = WaferFeed(viewport, workspace.plan, tasks)
    workspace.mount_view(KEY, "Wafer", Sign.WAFER, "The whole wafer, down to single pixels", viewport)
    overviews = Overviews(viewport, workspace.plan, tasks, banner, feed.forget_picture)
    workspace.plan_changed.connect(feed.take_plan)
    workspace.before_closing(overviews.stop)
    workspace.before_closing(feed.stop)
    panel = _wired(SectionsPanel(), viewport)
    workspace.mount_panel(SECTIONS_KEY, "Sections", panel, tab_with="preflight")
    panel.sought.connect(lambda _: workspace.show_view(KEY))
    workspace.mount_panel(FOUND_KEY, "Found", found_panel(viewport), tab_with=SECTIONS_KEY, home=KEY)
    feed.refresh()
    return viewport


def _wired(panel: SectionsPanel, viewport: WaferViewport) -> SectionsPanel:
    def show(shown: WaferMap) -> None:
        panel.show_map(shown, may_edit=viewport.editor is not None)

    viewport.shown_anew.connect(show)
    viewport.selection_changed.connect(panel.show_selection)
    panel.chosen.connect(viewport.canvas.select)
    panel.sought.connect(viewport.canvas.look_at)
    panel.proposed.connect(viewport.propose)
    panel.slices_wanted.connect(viewport.slices_wanted)
    panel.plots_wanted.connect(viewport.plots_wanted)
    panel.wished.connect(viewport.wished)
    panel.undo_asked.connect(viewport.undo)
    panel.redo_asked.connect(viewport.redo)
    show(viewport.canvas.shown)
    return panel


def found_panel(viewport: WaferViewport) -> FoundPanel:
    """The list of what was found, in step with the map."""
    panel = FoundPanel(viewport.review)

    def show(_: WaferMap) -> None:
        panel.show_candidates(viewport.items.candidates, may_edit=viewport.editor is not None)

    viewport.shown_anew.connect(show)
    viewport.selection_changed.connect(panel.show_selection)
    panel.chosen.connect(lambda ids: viewport.canvas.select(Selection(items=found_items(ids))))
    panel.sought.connect(lambda name: viewport.canvas.look_at_item(Item(ItemKind.FOUND, name)))
    panel.proposed.connect(viewport.propose)
    panel.delete_asked.connect(viewport.delete)
    panel.undo_asked.connect(viewport.undo)
    panel.redo_asked.connect(viewport.redo)
    show(viewport.canvas.shown)
    return panel
