"""What the plan costs and what pre-flight says of it, beside the plan's editor."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PyQt5.QtWidgets import (
    QAction,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.icons import SignLabel
from ui.parts.copying import copy_text
from ui.presenters.checklist import Item
from ui.presenters.costs import CostView, Figure, Share
from ui.presenters.tone import Tone

WIDTH_PX = 320
BAR_PX = 10.0
WAITING = "The estimate follows as soon as the plan is counted."
CHECKING = "Pre-flight looks at the edited plan \N{HORIZONTAL ELLIPSIS}"


class CostPanel(QScrollArea):
    """Shows a ``CostView`` and the findings of the edited plan."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH_PX)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._total, self._finish = QLabel("\N{EN DASH}"), QLabel(WAITING)
        self._bar, self._legend, self._figures = ShareBar(), QGridLayout(), QVBoxLayout()
        self._findings, self._verdict = QVBoxLayout(), QLabel(CHECKING)
        self._view: CostView | None = None
        self._items: tuple[Item, ...] | None = None
        self._lay_out()
        self._add_copying()

    def show_costs(self, view: CostView) -> None:
        """Show the figures of the plan as it stands."""
        if view == self._view:
            return
        self._view = view
        self._total.setText(view.total.value)
        self._total.setToolTip(_hint(view.total))
        self._finish.setText(view.sentence)
        self._finish.setToolTip(_hint(view.finish))
        self._bar.show_shares(view.shares)
        _clear(self._legend)
        for n, share in enumerate(view.shares):
            _add_line(self._legend, n, _Dot(n), share.name, share.value, share.why)
        _clear(self._figures)
        for figure in view.figures:
            self._figures.addWidget(_FigureLabel(figure))

    def checking(self) -> None:
        """The findings are of an earlier plan; the next ones are on their way."""
        self._verdict.setText(CHECKING)
        theme.set_tone(self._verdict, Tone.QUIET)

    def show_findings(self, items: tuple[Item, ...]) -> None:
        """Show what pre-flight says of the plan as it stands."""
        wrong = sum(item.badge.tone is Tone.ALARM for item in items)
        self._verdict.setText(_verdict(wrong))
        theme.set_tone(self._verdict, Tone.ALARM if wrong else Tone.GOOD)
        if items == self._items:
            return
        self._items = items
        _clear(self._findings)
        for item in items:
            self._findings.addWidget(_FindingRow(item))

    def _lay_out(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        column.setSpacing(theme.Space.S)
        theme.set_role(self._total, "display")
        for label in (self._total, self._finish, self._verdict):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setWordWrap(True)
        theme.set_role(self._finish, "muted")
        column.addWidget(self._total)
        column.addWidget(self._finish)
        column.addSpacing(theme.Space.M)
        column.addWidget(_heading("A cycle"))
        column.addWidget(self._bar)
        self._legend.setColumnStretch(1, 1)
        self._legend.setVerticalSpacing(theme.Space.XS)
        column.addLayout(self._legend)
        column.addSpacing(theme.Space.M)
        self._figures.setSpacing(theme.Space.M)
        column.addLayout(self._figures)
        column.addSpacing(theme.Space.M)
        column.addWidget(_heading("Pre-flight of this plan"))
        column.addWidget(self._verdict)
        self._findings.setSpacing(theme.Space.M)
        column.addLayout(self._findings)
        column.addStretch(1)
        self.setWidget(page)

    def _add_copying(self) -> None:
        copy = QAction("Copy the estimate", self)
        copy.triggered.connect(lambda: copy_text(self._view.text) if self._view is not None else None)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)


def shade_of(widget: QWidget, index: int) -> QColor:
    """The colour of a share of the bar: steps from the accent towards the panel."""
    shades = theme.shades(widget)
    return theme.mixed(QColor(shades.accent), QColor(shades.panel), 0.17 * index)


class ShareBar(QWidget):
    """Shares of a whole, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._shares: tuple[Share, ...] = ()
        self.setFixedHeight(round(BAR_PX))

    def show_shares(self, shares: tuple[Share, ...]) -> None:
        """Show these."""
        self._shares = shares
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        painter, left = QPainter(self), 0.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for n, share in enumerate(self._shares):
            width = share.part * self.width()
            painter.setBrush(shade_of(self, n))
            if width > 1.0:
                painter.drawRoundedRect(QRectF(left, 0.0, width - 1.0, BAR_PX), 2.0, 2.0)
            left += width
        painter.end()

    def event(self, event: QEvent | None) -> bool:
        """Say what is under the cursor."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at, left = event.pos().x() / max(self.width(), 1), 0.0
            for share in self._shares:
                left += share.part
                if at <= left:
                    QToolTip.showText(event.globalPos(), f"{share.name}: {share.value}\n{share.why}", self)
                    return True
        return super().event(event)


class _Dot(QWidget):
    """The colour of a share."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        self.setFixedSize(QSize(theme.Space.M, theme.Space.M))

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade_of(self, self._index))
        painter.drawRoundedRect(QRectF(1, 1, 9, 9), 2, 2)
        painter.end()


class _FigureLabel(QWidget):
    """A figure under its name; where it comes from is its tooltip."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        name, value = QLabel(figure.label), QLabel(figure.value)
        theme.set_role(name, "small")
        if figure.tone is Tone.CAUTION:
            theme.set_tone(value, figure.tone)
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setToolTip(_hint(figure))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(name)
        column.addWidget(value)


class _FindingRow(QWidget):
    """A finding of pre-flight."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        text = QLabel(item.text)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sign = SignLabel(item.badge.sign, item.badge.tone, 16)
        sign.setToolTip(item.badge.word)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.S)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text, 1)


def _verdict(wrong: int) -> str:
    return f"{wrong} must be mended before a start." if wrong else "Nothing stands in the way of a start."


def _add_line(grid: QGridLayout, line: int, dot: QWidget, name: str, value: str, why: str) -> None:
    texts = QLabel(name), QLabel(value)
    theme.set_role(texts[0], "muted")
    texts[1].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    for column, widget in enumerate((dot, *texts)):
        widget.setToolTip(why)
        grid.addWidget(widget, line, column)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    theme.set_role(label, "strong")
    return label


def _hint(figure: Figure) -> str:
    return f"{figure.label}: {figure.value}\n{figure.why}"


def _clear(layout: QVBoxLayout | QGridLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
