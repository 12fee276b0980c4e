"""The command palette: type a few letters of what is wanted, press Enter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt5.QtCore import QEvent, QModelIndex, QObject, QRect, QSize, Qt
from PyQt5.QtGui import QColor, QKeyEvent, QPainter
from PyQt5.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.presenters.commands import Command, matching

WIDTH_PX, HEIGHT_PX, FROM_TOP_PX = 600, 400, 72
COMMAND = Qt.ItemDataRole.UserRole
_HANDED_ON = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})


class Palette(QFrame):
    """Floats over ``window`` until a command is chosen, Escape is pressed or the focus goes elsewhere."""

    def __init__(self, window: QWidget, commands: Callable[[], Sequence[Command]]) -> None:
        super().__init__(window)
        self._window, self._source = window, commands
        self._commands: Sequence[Command] = ()
        self.line, self.list = QLineEdit(), QListWidget()
        self.nothing = QLabel("No command has these letters.")
        theme.set_role(self.nothing, "muted")
        self.line.setPlaceholderText("What do you want to do?")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setItemDelegate(_Line(self.list))
        self.list.setMouseTracking(True)
        theme.set_role(self.list, "plain")
        theme.set_role(self, "card")
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.M, theme.Space.M, theme.Space.M, theme.Space.M)
        box.setSpacing(theme.Space.S)
        box.addWidget(self.line)
        box.addWidget(self.nothing)
        box.addWidget(self.list, 1)
        self.line.textChanged.connect(lambda _: self._fill())
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self._choose())
        self.hide()

    def open(self) -> None:
        """Show what can be done now."""
        self._commands = self._source()
        width_px = min(WIDTH_PX, self._window.width() - 2 * theme.Space.L)
        self.setGeometry((self._window.width() - width_px) // 2, FROM_TOP_PX, width_px, HEIGHT_PX)
        self.line.clear()
        self._fill()
        self.show()
        self.raise_()
        self.line.setFocus()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        if event is not None and event.type() == QEvent.Type.FocusOut:
            self.hide()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._pressed(event)
        return False

    def _pressed(self, event: QKeyEvent) -> bool:
        """Whether the key was one for the list instead of the line."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif event.key() in _HANDED_ON:
            self.list.keyPressEvent(event)
        else:
            return False
        return True

    def _fill(self) -> None:
        self.list.clear()
        for command in matching(self._commands, self.line.text()):
            item = QListWidgetItem(command.text)
            item.setData(COMMAND, command)
            item.setToolTip(command.hint)
            if not command.possible:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.nothing.setVisible(not self.list.count())

    def _choose(self) -> None:
        item = self.list.currentItem()
        command = item.data(COMMAND) if item is not None else None
        if isinstance(command, Command) and command.possible:
            self.hide()
            command.do()


class _Line(QStyledItemDelegate):
    """A command: where it belongs, its name, its keys."""

    WHERE_PX, HEIGHT_PX = 132, 30

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, self.HEIGHT_PX)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        command, widget = index.data(COMMAND), option.widget
        if painter is None or widget is None or not isinstance(command, Command):
            return
        colours = theme.shades(widget)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(colours.hover))
        area = option.rect.adjusted(theme.Space.S, 0, -theme.Space.S, 0)
        middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
        painter.setPen(QColor(colours.muted))
        painter.drawText(area, middle, command.where)
        painter.drawText(area, int(middle | right), command.keys[0] if command.keys else "")
        painter.setPen(QColor(colours.text if command.possible else colours.muted))
        name = QRect(area)
        name.setLeft(area.left() + self.WHERE_PX)
        painter.drawText(name, middle, command.text)
        painter.restore()
