"""pyqtgraph's plots have a menu that belongs to no window, shown or not."""

from __future__ import annotations

import pyqtgraph as pg
from PyQt5.QtWidgets import QWidget


def adopt_menu(owner: QWidget, plot: pg.PlotItem) -> None:
    """Let the plot's menu go when ``owner`` goes."""
    plot.ctrlMenu.setParent(owner, plot.ctrlMenu.windowFlags())
