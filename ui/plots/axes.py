"""Axes of plots in the window's colours and type."""

from __future__ import annotations

import pyqtgraph as pg

from ui import theme


def colour_axis(axis: pg.AxisItem, colours: theme.Shades) -> None:
    """Give an axis the window's colours and its type."""
    axis.setPen(pg.mkPen(colours.line))
    axis.setTextPen(pg.mkPen(colours.muted))
    axis.setStyle(tickFont=theme.font(theme.FontPt.SMALL), tickLength=-4)
