"""Panels of the window itself, beside start page and workspace alike."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDockWidget, QMainWindow, QWidget

from ui.help.help_keys import set_page
from ui.parts.dock_title import DockTitle

WIDTH_PX, LEAST_PX = 440, 320


def side_dock(window: QMainWindow, key: str, title: str, widget: QWidget, page: str) -> QDockWidget:
    """A dock at the right edge of ``window``, behind one that is there already; hidden until it is shown.

    ``page``: the key of the help page about it.
    """
    others = [dock for dock in window.findChildren(QDockWidget) if dock.parent() is window]
    dock = QDockWidget(title, window)
    dock.setObjectName(key)
    widget.setMinimumWidth(LEAST_PX)
    dock.setWidget(widget)
    title = DockTitle(dock)
    title.help.hide()
    dock.setTitleBarWidget(title)
    set_page(dock, page)
    dock.hide()
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    for other in others:
        window.tabifyDockWidget(other, dock)
    window.resizeDocks([dock], [WIDTH_PX], Qt.Orientation.Horizontal)
    return dock
