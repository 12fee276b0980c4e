"""The safety strip on top of the workspace: one word with its sign, then the sentence."""

from __future__ import annotations

from html import escape

from PyQt5.QtCore import QEvent, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QFont, QKeySequence, QPainter, QPen
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.presenters.hold import HoldView
from ui.presenters.strip import Clause, Situation, StripView, strip_view
from ui.presenters.tone import Tone

_TIP = (
    "What the beams and the stage do now, as they were read back. What cannot be read is UNKNOWN; "
    "then look at the instrument itself."
)

HOLD_KEYS = "Ctrl+I"


class SafetyStrip(QFrame):
    """Shows a :class:`StripView`, and a button that connects the instrument; it decides nothing.

    Signals:
        connect_asked, release_asked
    """

    connect_asked = pyqtSignal()
    release_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._view = strip_view(Situation())
        self._simulation = _SimulationPlate()
        self._sign = SignLabel(self._view.badge.sign, self._view.badge.tone, 24)
        self._word = QLabel()
        self._word.setFont(theme.font(theme.FontPt.LEAD, QFont.Weight.DemiBold))
        self._sentence = QLabel()
        self._sentence.setTextFormat(Qt.TextFormat.RichText)
        self._sentence.setWordWrap(True)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button, self._connects = QPushButton(), True
        self.button.clicked.connect(
            lambda: (self.connect_asked if self._connects else self.release_asked).emit()
        )
        self.button.hide()
        theme.set_role(self, "bar")
        self.setToolTip(_TIP)
        self._lay_out()
        self.show_view(self._view)

    @property
    def view(self) -> StripView:
        """What is shown."""
        return self._view

    def show_view(self, view: StripView) -> None:
        """Show it; the same again costs nothing and keeps what an operator has selected."""
        if view == self._view and self._word.text():
            return
        self._view = view
        self._simulation.setVisible(view.simulated)
        self._sign.show_sign(view.badge.sign, view.badge.tone)
        self._word.setText(view.badge.word)
        theme.set_tone(self._word, view.badge.tone)
        self._colour_sentence()
        self.setAccessibleName(f"{view.badge.word}. {view.sentence}")

    def show_hold(self, hold: HoldView) -> None:
        """Offer to connect the instrument or to let it go."""
        self._connects = hold.connect
        if self.button.text() != (text := "Connect" if hold.connect else "Release"):
            self.button.setText(text)
            self.button.setShortcut(QKeySequence(HOLD_KEYS))  # a new text takes it away
        self.button.setToolTip(f"{hold.tip} ({HOLD_KEYS})")
        self.button.setEnabled(hold.now)
        self.button.setVisible(hold.now or not hold.connect)

    def _lay_out(self) -> None:
        box = QHBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
        box.setSpacing(theme.Space.M)
        for widget in (self._simulation, self._sign, self._word):
            box.addWidget(widget)
        box.addSpacing(theme.Space.S)
        box.addWidget(self._sentence, 1)
        box.addWidget(self.button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def _colour_sentence(self) -> None:
        colours = theme.shades(self)
        self._sentence.setText(" ".join(_html(clause, colours) for clause in self._view.clauses))

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Rich text keeps its colours: it is written anew when the mode changes."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._colour_sentence()


def _html(clause: Clause, colours: theme.Shades) -> str:
    text = f"{escape(clause.text)}."
    if clause.tone is Tone.QUIET:
        return text
    return f'<b style="color: {colours.of(clause.tone).name()}">{text}</b>'


class _SimulationPlate(QWidget):
    """The word SIMULATION on diagonal stripes: nothing real looks like it."""

    WORD = "SIMULATION"

    def __init__(self) -> None:
        super().__init__()
        self.setFont(theme.font(theme.FontPt.BODY, QFont.Weight.Bold))
        self.setToolTip("The instrument is the physical twin. No real beam, stage or wafer takes part.")
        self.setAccessibleName(self.WORD)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        metrics = self.fontMetrics()
        return QSize(
            metrics.horizontalAdvance(self.WORD) + 3 * theme.Space.L, metrics.height() + theme.Space.M
        )

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = theme.shades(self).of(Tone.SIMULATION)
        stripes(painter, QRectF(self.rect()), colour)
        plate = QRectF(self.rect()).adjusted(theme.Space.M, 3, -theme.Space.M, -3)
        painter.fillRect(plate, QColor(theme.shades(self).panel))
        painter.setPen(colour)
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, self.WORD)
        painter.end()


def stripes(painter: QPainter, area: QRectF, colour: QColor, step_px: float = 8.0) -> None:
    """Fill an area with diagonal stripes."""
    painter.save()
    painter.setClipRect(area)
    painter.setPen(QPen(colour, step_px * 0.4))
    x = area.left() - area.height()
    while x < area.right() + area.height():
        painter.drawLine(
            round(x), round(area.bottom()) + 1, round(x + area.height()), round(area.top()) - 1
        )
        x += step_px
    painter.restore()
