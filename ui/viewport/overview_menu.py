"""The button for pictures under the map: shown or not, how strongly, and what may be done with each."""

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
from ui.presenters.overviews import Underlay
from ui.theme import Space, set_role

SLIDER_STEPS = 100
ADD = "Add an overview picture \N{HORIZONTAL ELLIPSIS}"


class OverviewButton(QToolButton):
    """Opens a menu.

    Signals:
        shown (bool): whether pictures are to be shown.
        opacity (float): from 0 to 1.
        add_asked, place_asked (Overview), remove_asked (Overview)
    """

    shown = pyqtSignal(bool)
    opacity = pyqtSignal(float)
    add_asked = pyqtSignal()
    place_asked = pyqtSignal(object)
    remove_asked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setText("Overview")
        self.setToolTip("Pictures of the wafer under the map: show them (O), add and place them")
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
        self.show_underlay(Underlay(), may_edit=False)

    def show_underlay(self, underlay: Underlay, *, may_edit: bool) -> None:
        """List these pictures. ``may_edit``: whether they may be added, placed and removed now."""
        self._menu.clear()
        for entry in self._entries:
            entry.deleteLater()
        self._entries = []
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
