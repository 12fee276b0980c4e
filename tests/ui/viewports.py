"""A map of a wafer on the screen, for tests with mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytestqt.qtbot import QtBot

from ui.presenters.wafer_map import WaferMap
from ui.viewport import WaferViewport


@contextmanager
def viewport_on(qtbot: QtBot, shown: WaferMap) -> Iterator[WaferViewport]:
    """A viewport that is exposed, and lets go of its pictures at the end."""
    widget = WaferViewport()
    qtbot.addWidget(widget)
    widget.resize(900, 700)
    widget.show_map(shown)
    with qtbot.waitExposed(widget):
        widget.show()
    yield widget
    widget.close_pictures()
