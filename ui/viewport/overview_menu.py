"""The button for what lies under and over the map: shown or not, and what may be done with pictures."""

from __future__ import annotations

from functools import partial
from typing import cast

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QAction,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from scopeacq.plan.overviews import Overview
from ui.presenters.map_items import Overlay
from ui.presenters.overviews import Underlay
from ui.theme import Space, set_role

SLIDER_STEPS = 100
OVERLAY_KEYS = {Overlay.FOUND: "G", Overlay.LABELS: "B", Overlay.MARKS: "K", Overlay.ROUTE: "T"}
ADD = "Add an overview picture \N{HORIZONTAL ELLIPSIS}"


class OverviewButton(QToolButton):
    """Opens a menu.

    Signals:
        shown (bool): whether pictures are to be shown.
        opacity (float): from 0 to 1.
        add_asked, place_asked (Overview), remove_asked (Overview)
        overlaid (Overlay, bool): whether something is to be shown over the map.
    """

    shown = pyqtSignal(bool)
    opacity = pyqtSignal(float)
    add_asked = pyqtSignal()
    place_asked = pyqtSignal(object)
    remove_asked = pyqtSignal(object)
    overlaid = pyqtSignal(object, bool)

    def __init__(self) -> None:
        super().__init__()
        self.setText("Show")
        self.setToolTip("What lies over the map, and pictures under it: show, add and place them")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_role(self, "quiet")
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self.show_action = QAction("Show overview pictures", self)
        self.show_action.setCheckable(True)
        self.show_action.setChecked(True)
        self.show_action.setShortcut("O")
        self.show_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.show_action.toggled.connect(self.shown)
        self._add = QAction(ADD, self)
        self._add.triggered.connect(lambda: self.add_asked.emit())
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, SLIDER_STEPS)
        self._slider.setValue(SLIDER_STEPS)
        self._slider.setAccessibleName("Opacity of overview pictures")
        self._slider.setToolTip("How strongly the pictures show through the map")
        self._slider.valueChanged.connect(lambda value: self.opacity.emit(value / SLIDER_STEPS))
        self._strength = QWidgetAction(self)
        self._strength.setDefaultWidget(self._slider_row())
        self._entries: list[QMenu] = []
        self._overlays = {overlay: self._overlay(overlay, key) for overlay, key in OVERLAY_KEYS.items()}
        self.show_underlay(Underlay(), may_edit=False)

    def show_underlay(self, underlay: Underlay, *, may_edit: bool) -> None:
        """List these pictures. ``may_edit``: whether they may be added, placed and removed now."""
        self._menu.clear()
        for entry in self._entries:
            entry.deleteLater()
        self._entries = []
        self._menu.addActions(self.overlays)
        self._menu.addSeparator()
        self._menu.addActions([self.show_action, self._strength])
        self._menu.addSeparator()
        self._add.setEnabled(may_edit)
        self._add.setText(ADD if may_edit else f"{ADD} (while nothing runs)")
        self._menu.addAction(self._add)
        for overview in underlay.overviews:
            entry = self._entry(overview)
            entry.setEnabled(may_edit)
            self._menu.addMenu(entry)
            self._entries.append(entry)
        for part in (self.show_action, self._strength):
            part.setEnabled(bool(underlay.overviews))

    @property
    def overlays(self) -> list[QAction]:
        """The switches of what lies over the map."""
        return list(self._overlays.values())

    def reveal(self, overlay: Overlay) -> None:
        """Show it, as before something is drawn that would not be seen."""
        self._overlays[overlay].setChecked(True)

    def _overlay(self, overlay: Overlay, key: str) -> QAction:
        made = QAction(f"Show {overlay.value[0].lower()}{overlay.value[1:]}", self)
        made.setCheckable(True)
        made.setChecked(True)
        made.setShortcut(key)
        made.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made.toggled.connect(partial(self.overlaid.emit, overlay))
        return made

    def _entry(self, overview: Overview) -> QMenu:
        entry = QMenu(overview.name, self._menu)
        for text, signal in (
            ("Place it \N{HORIZONTAL ELLIPSIS}", self.place_asked),
            ("Remove it from the run", self.remove_asked),
        ):
            action = cast(QAction, entry.addAction(text))
            action.triggered.connect(partial(_emit, signal, overview))
        return entry

    def _slider_row(self) -> QWidget:
        row = QWidget()
        inside = QHBoxLayout(row)
        inside.setContentsMargins(Space.L, Space.XS, Space.M, Space.XS)
        label = QLabel("Opacity")
        inside.addWidget(label)
        inside.addWidget(self._slider, 1)
        return row


def _emit(signal: object, overview: Overview, _checked: bool = False) -> None:
    signal.emit(overview)  # type: ignore[attr-defined]
