"""The small bar on the map that says what a click will do, and what is drawn by it."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QObject, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from ui.parts.combo_box import CalmComboBox
from ui.presenters.drawing import EXPLAINED, Drawn
from ui.theme import Space, set_role
from ui.viewport.tool import HINTS, Tool, drawing_hint

HINT_PX = 330


class ToolCard(QFrame):
    """``kind_chosen`` (Drawn): this is to be drawn from now on."""

    kind_chosen = pyqtSignal(object)

    def __init__(self, map_: QWidget) -> None:
        super().__init__(map_)
        set_role(self, "card")
        self.kinds, self._hint = CalmComboBox(), QLabel()
        for kind in Drawn:
            self.kinds.addItem(kind.value, kind)
            self.kinds.setItemData(self.kinds.count() - 1, EXPLAINED[kind], 3)
        self.kinds.setAccessibleName("What is drawn")
        self.kinds.setToolTip("What is drawn; D goes to the next kind")
        self.kinds.activated.connect(lambda _: self.kind_chosen.emit(self.kinds.currentData()))
        set_role(self._hint, "remark")
        self._hint.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        row.setSpacing(Space.M)
        row.addWidget(self.kinds)
        row.addWidget(self._hint, 1)
        map_.installEventFilter(self)
        self.hide()

    def show_tool(self, tool: Tool, kind: Drawn) -> None:
        """Say what this tool does; the plain ones need no card."""
        self.setVisible(tool not in (Tool.LOOK, Tool.EDIT))
        self.kinds.setVisible(tool is Tool.DRAW)
        self.kinds.setCurrentIndex(list(Drawn).index(kind))
        self._hint.setText(drawing_hint(kind) if tool is Tool.DRAW else HINTS[tool])
        self._place()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        """In the corner at the upper left, no wider than the map."""
        parent = self.parentWidget()
        assert parent is not None
        beside = self.kinds.sizeHint().width() + Space.M if not self.kinds.isHidden() else 0
        width = min(HINT_PX + beside + 2 * Space.M, parent.width() - 2 * Space.M)
        self.resize(width, self.heightForWidth(width))
        self.move(Space.M, Space.M)
