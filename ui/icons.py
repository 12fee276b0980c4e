"""The icons: drawn as vectors on a field of 24 x 24, so that they are crisp at every size and colour."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QIcon, QIconEngine, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PyQt5.QtWidgets import QWidget

from ui.presenters.tone import Sign, Tone
from ui.theme import Space, shades

FIELD = 24.0
STROKE = 1.9


def draw(painter: QPainter, sign: Sign, area: QRectF, colour: QColor) -> None:
    """Paint a sign into ``area``, which is taken for square."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(area.topLeft())
    painter.scale(area.width() / FIELD, area.height() / FIELD)
    painter.setPen(
        QPen(colour, STROKE, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_PATHS[sign]())
    painter.restore()


def icon(sign: Sign, colour: QColor) -> QIcon:
    """The sign for buttons and menus."""
    return QIcon(_Engine(sign, colour))


class _Engine(QIconEngine):
    """Draws anew at whatever size is asked for. Disabled is half as strong."""

    def __init__(self, sign: Sign, colour: QColor) -> None:
        super().__init__()
        self._sign, self._colour = sign, colour

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        assert painter is not None
        colour = QColor(self._colour)
        colour.setAlphaF(0.5 if mode == QIcon.Mode.Disabled else 1.0)
        draw(painter, self._sign, QRectF(rect), colour)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        if pixmap.isNull():
            return pixmap  # Qt asks so of a button without room
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._sign, self._colour)


class SignLabel(QWidget):
    """A sign in the colour of its tone."""

    def __init__(self, sign: Sign, tone: Tone, size_px: int = Space.ICON) -> None:
        super().__init__()
        self._sign, self._tone = sign, tone
        self.setFixedSize(size_px, size_px)

    def show_sign(self, sign: Sign, tone: Tone) -> None:
        self._sign, self._tone = sign, tone
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        draw(painter, self._sign, QRectF(self.rect()), shades(self).of(self._tone))
        painter.end()


def _lines(*strokes: tuple[tuple[float, float], ...]) -> QPainterPath:
    path = QPainterPath()
    for stroke in strokes:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in stroke]))
    return path


def _dot(path: QPainterPath, x: float, y: float, radius: float = 0.5) -> QPainterPath:
    path.addEllipse(QPointF(x, y), radius, radius)
    return path


def _ring() -> QPainterPath:
    return _dot(QPainterPath(), 12, 12, 9)


def _check() -> QPainterPath:
    path = _ring()
    path.addPath(_lines(((8, 12.5), (11, 15.5), (16.5, 9))))
    return path


def _play() -> QPainterPath:
    path = _ring()
    path.addPath(_lines(((10, 8.2), (16, 12), (10, 15.8), (10, 8.2))))
    return path


def _pause() -> QPainterPath:
    path = _ring()
    path.addPath(_lines(((10, 9), (10, 15)), ((14, 9), (14, 15))))
    return path


def _stop() -> QPainterPath:
    path = _lines(((8, 3), (16, 3), (21, 8), (21, 16), (16, 21), (8, 21), (3, 16), (3, 8), (8, 3)))
    path.addPath(_lines(((9, 9), (15, 9), (15, 15), (9, 15), (9, 9))))
    return path


def _hand() -> QPainterPath:
    """A raised hand: four fingers and a thumb."""
    path = QPainterPath(QPointF(7.5, 12))
    path.lineTo(7.5, 6.2)
    for x in (7.5, 10.5, 13.5):
        path.moveTo(x + 3, 11.5)
        path.lineTo(x + 3, {7.5: 4.2, 10.5: 4.8, 13.5: 7.2}[x])
    path.moveTo(16.5, 11)
    path.lineTo(16.5, 15)
    path.cubicTo(16.5, 19, 14.5, 21, 11.5, 21)
    path.cubicTo(8.5, 21, 7.2, 19.2, 3.8, 14)
    path.lineTo(5, 13)
    path.lineTo(7.5, 15)
    path.lineTo(7.5, 11)
    return path


def _hourglass() -> QPainterPath:
    return _lines(
        ((6, 3), (18, 3)),
        ((6, 21), (18, 21)),
        ((7.5, 3), (7.5, 7), (12, 12), (16.5, 7), (16.5, 3)),
        ((7.5, 21), (7.5, 17), (12, 12), (16.5, 17), (16.5, 21)),
    )


def _warning() -> QPainterPath:
    return _dot(_lines(((12, 3.5), (21.5, 20), (2.5, 20), (12, 3.5)), ((12, 10), (12, 14.2))), 12, 17)


def _cross() -> QPainterPath:
    return _lines(((6.5, 6.5), (17.5, 17.5)), ((17.5, 6.5), (6.5, 17.5)))


def _question() -> QPainterPath:
    path = _ring()
    path.moveTo(9.2, 9.6)
    path.cubicTo(9.4, 6.4, 14.8, 6.4, 14.8, 9.6)
    path.cubicTo(14.8, 11.6, 12, 11.6, 12, 13.8)
    return _dot(path, 12, 16.6)


def _info() -> QPainterPath:
    path = _ring()
    path.addPath(_lines(((12, 11.5), (12, 16.2))))
    return _dot(path, 12, 8)


def _shield() -> QPainterPath:
    path = QPainterPath(QPointF(12, 3))
    path.lineTo(19.5, 5.8)
    path.lineTo(19.5, 11)
    path.cubicTo(19.5, 16, 16.5, 19.2, 12, 21)
    path.cubicTo(7.5, 19.2, 4.5, 16, 4.5, 11)
    path.lineTo(4.5, 5.8)
    path.closeSubpath()
    path.addPath(_lines(((8.5, 11.8), (11.2, 14.5), (15.8, 9.2))))
    return path


def _beam() -> QPainterPath:
    """A beam that meets a surface."""
    return _lines(
        ((3, 20), (21, 20)),
        ((4, 4), (13, 16.5)),
        ((9.2, 16.2), (13, 16.5), (12.1, 12.8)),
        ((17, 16), (19, 14)),
    )


def _folder() -> QPainterPath:
    return _lines(((3, 19), (3, 5), (9.5, 5), (11.5, 7.5), (21, 7.5), (21, 19), (3, 19)))


def _plus() -> QPainterPath:
    return _lines(((12, 5), (12, 19)), ((5, 12), (19, 12)))


def _wafer() -> QPainterPath:
    """A wafer with its flat and four sections."""
    path = QPainterPath()
    path.arcMoveTo(QRectF(3, 3, 18, 18), -65)
    path.arcTo(QRectF(3, 3, 18, 18), -65, 310)
    path.closeSubpath()
    for x, y in ((8, 8), (13, 7), (7.5, 13), (13, 12.5)):
        path.addRect(QRectF(x, y, 3, 2.6))
    return path


def _moon() -> QPainterPath:
    path = QPainterPath(QPointF(20, 14.2))
    path.cubicTo(13.5, 16.8, 7.4, 10.6, 9.8, 4)
    path.cubicTo(0.8, 7.5, 2.6, 20.6, 12, 20.6)
    path.cubicTo(15.8, 20.6, 18.8, 18, 20, 14.2)
    return path


def _home() -> QPainterPath:
    return _lines(
        ((3, 11.5), (12, 4), (21, 11.5)),
        ((5.5, 9.8), (5.5, 20), (18.5, 20), (18.5, 9.8)),
        ((12, 20), (12, 14)),
    )


def _eye() -> QPainterPath:
    path = QPainterPath(QPointF(2.5, 12))
    path.cubicTo(6.5, 4.5, 17.5, 4.5, 21.5, 12)
    path.cubicTo(17.5, 19.5, 6.5, 19.5, 2.5, 12)
    return _dot(path, 12, 12, 3)


def _sliders() -> QPainterPath:
    path = _lines(*(((3, y), (21, y)) for y in (6, 12, 18)))
    for x, y in ((15.5, 6), (8, 12), (13, 18)):
        _dot(path, x, y, 2.2)
    return path


def _layers() -> QPainterPath:
    return _lines(
        ((12, 3), (21, 8), (12, 13), (3, 8), (12, 3)),
        ((3, 12), (12, 17), (21, 12)),
        ((3, 16), (12, 21), (21, 16)),
    )


def _curve() -> QPainterPath:
    return _lines(((3.5, 3), (3.5, 20.5), (21, 20.5)), ((6.5, 16), (10.5, 10), (14, 13), (20, 5.5)))


def _slices() -> QPainterPath:
    """Slices of a block, one behind the other."""
    path = QPainterPath()
    path.addRect(QRectF(3, 8.5, 12.5, 12.5))
    path.addPath(_lines(((6.5, 5.5), (18.5, 5.5), (18.5, 17.5)), ((10, 2.8), (21.2, 2.8), (21.2, 14))))
    return path


def _target() -> QPainterPath:
    path = _dot(QPainterPath(), 12, 12, 6)
    path.addPath(
        _lines(((12, 2.5), (12, 9)), ((12, 15), (12, 21.5)), ((2.5, 12), (9, 12)), ((15, 12), (21.5, 12)))
    )
    return path


def _bell() -> QPainterPath:
    path = QPainterPath(QPointF(5, 17.5))
    path.cubicTo(6.8, 15.6, 6.6, 13.4, 6.8, 10.6)
    path.cubicTo(7, 3.2, 17, 3.2, 17.2, 10.6)
    path.cubicTo(17.4, 13.4, 17.2, 15.6, 19, 17.5)
    path.closeSubpath()
    path.moveTo(10, 20.5)
    path.cubicTo(10.8, 21.6, 13.2, 21.6, 14, 20.5)
    return path


def _gauge() -> QPainterPath:
    """A dial with its needle."""
    path = QPainterPath()
    path.arcMoveTo(QRectF(3, 4, 18, 18), -30)
    path.arcTo(QRectF(3, 4, 18, 18), -30, 240)
    path.addPath(
        _lines(
            ((12, 13), (16, 8.5)), ((12, 6.5), (12, 7.5)), ((5.8, 13), (6.6, 13)), ((17.4, 13), (18.2, 13))
        )
    )
    return _dot(path, 12, 13, 1.2)


_PATHS: dict[Sign, Callable[[], QPainterPath]] = {
    Sign.CHECK: _check,
    Sign.PLAY: _play,
    Sign.PAUSE: _pause,
    Sign.STOP: _stop,
    Sign.HAND: _hand,
    Sign.HOURGLASS: _hourglass,
    Sign.WARNING: _warning,
    Sign.CROSS: _cross,
    Sign.QUESTION: _question,
    Sign.INFO: _info,
    Sign.SHIELD: _shield,
    Sign.BEAM: _beam,
    Sign.FOLDER: _folder,
    Sign.PLUS: _plus,
    Sign.WAFER: _wafer,
    Sign.MOON: _moon,
    Sign.HOME: _home,
    Sign.EYE: _eye,
    Sign.SLIDERS: _sliders,
    Sign.LAYERS: _layers,
    Sign.CURVE: _curve,
    Sign.SLICES: _slices,
    Sign.TARGET: _target,
    Sign.BELL: _bell,
    Sign.GAUGE: _gauge,
}
