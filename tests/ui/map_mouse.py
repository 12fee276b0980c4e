"""A mouse over the wafer map."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.plan.geometry import Point
from ui.viewport import WaferViewport


def px(viewport: WaferViewport, wafer_um: Point) -> QPoint:
    """Where a point of the wafer is in the canvas."""
    at = viewport.canvas.camera.to_px(viewport.canvas.shown.wafer_to_stage.apply(wafer_um))
    return QPointF(*at).toPoint()


def move(viewport: WaferViewport, at: QPoint, keys: Qt.KeyboardModifier, *, held: bool = True) -> None:
    """A move of the mouse that arrives at once: QTest's goes through the window system, some time later."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    buttons = left if held else none
    where = QPointF(viewport.canvas.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), where, none, buttons, keys)
    QApplication.sendEvent(viewport.canvas, event)


def drag(qtbot: QtBot, viewport: WaferViewport, start: QPoint, end: QPoint, *, shift: bool = False) -> None:
    keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    canvas = viewport.canvas
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, keys, start)
    for part in (0.3, 0.7, 1.0):
        move(viewport, start + (end - start) * part, keys)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, keys, end)


def click(qtbot: QtBot, viewport: WaferViewport, at: QPoint, *, ctrl: bool = False) -> None:
    keys = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    qtbot.mouseClick(viewport.canvas, Qt.MouseButton.LeftButton, keys, at)
