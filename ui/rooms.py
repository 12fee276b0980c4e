"""Which panels are shown with which view: as the operator left it, and as there is room."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtWidgets import QDockWidget


class Rooms:
    """``docks``: those of all panels by their keys, also of panels that are still to come."""

    def __init__(self, docks: Mapping[str, QDockWidget]) -> None:
        self._docks = docks
        self._seen = ""
        self._without: dict[str, tuple[str, ...]] = {}
        self._homes: dict[str, str] = {}
        self._in_place_of: dict[str, tuple[str, ...]] = {}
        self._offered: set[str] = set()

    @property
    def homes(self) -> Mapping[str, str]:
        """The one view that a panel belongs to, by the keys of panels that have one."""
        return dict(self._homes)

    @property
    def without(self) -> Mapping[str, tuple[str, ...]]:
        """The keys of the panels that each view does without, as they are now."""
        self._note()
        return dict(self._without)

    def add_view(self, view: str, without: tuple[str, ...]) -> None:
        """One more view; it does without these panels, and without those whose home is another."""
        elsewhere = (panel for panel, home in self._homes.items() if home != view)
        self._without[view] = (*without, *elsewhere)

    def settle(self, panel: str, home: str | None, in_place_of: tuple[str, ...]) -> None:
        """A panel that is there now: at home in one view, or in all; others give way to it."""
        if in_place_of:
            self._in_place_of[panel] = in_place_of
            self._docks[panel].visibilityChanged.connect(lambda _: self._make_room())
        if home is not None:
            self._homes[panel] = home
            self._without = {view: (*hidden, panel) for view, hidden in self._without.items()}
            self.arrange()

    def enter(self, view: str) -> None:
        """Show a view with the panels that it was last seen with."""
        self._note()
        self._seen = view
        self.arrange()

    def offer(self, panel: str) -> None:
        """Show a panel in its home, whatever is remembered. Raises ``KeyError``."""
        home = self._homes[panel]
        self._offered.add(panel)
        self._without[home] = tuple(hidden for hidden in self._without[home] if hidden != panel)
        self.arrange()

    def remember(self, without: Mapping[str, tuple[str, ...]]) -> None:
        """What the views did without in an earlier window."""
        self._without.update((view, keys) for view, keys in without.items() if view in self._without)
        for panel in self._offered:
            self.offer(panel)

    def arrange(self) -> None:
        """Show and hide panels as they belong to the view that is seen."""
        for key, dock in self._docks.items():
            dock.setHidden(key in self._without[self._seen])
        self._make_room()

    def _note(self) -> None:
        """Keep for the view that is seen what the operator hides and shows."""
        if not (self._docks and self._seen):
            return
        before, gave_way = self._without[self._seen], self._given_way()
        self._without[self._seen] = tuple(
            key
            for key, dock in self._docks.items()
            if (key in before if key in gave_way else dock.isHidden())
        )

    def _make_room(self) -> None:
        """Panels give way to one that takes their place, and come back after it."""
        gave_way = self._given_way()
        for other in {other for others in self._in_place_of.values() for other in others}:
            self._docks[other].setHidden(other in gave_way or other in self._without[self._seen])

    def _given_way(self) -> frozenset[str]:
        shown = (key for key in self._in_place_of if not self._docks[key].isHidden())
        return frozenset(other for key in shown for other in self._in_place_of[key])
