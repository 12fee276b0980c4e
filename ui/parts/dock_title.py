"""The title of a panel: its name, a question mark that opens its help page, and a cross that hides it.

A panel behind others has its name in its tab, and not once more here.
"""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QObject, pyqtSignal
from PyQt5.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel, QMainWindow

from ui import theme
from ui.parts.sign_button import SignButton
from ui.presenters.tone import Sign

_MOVED = frozenset({QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show})
"""What a dock sees of it when it gets tabs, or is the last one that had them."""


class DockTitle(QFrame):
    """The title bar of ``dock``, by which it is dragged; ``help_wanted``: the question mark was pressed."""

    help_wanted = pyqtSignal()

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__()
        self._dock = dock
        title = dock.windowTitle()
        self.help = SignButton(Sign.QUESTION, f"What stands in {title}, explained (F1)")
        self.hiding = SignButton(Sign.CROSS, f"Hide {title}; View, Panels shows it again", 12)
        self.help.clicked.connect(lambda: self.help_wanted.emit())
        self.hiding.clicked.connect(lambda: dock.hide())
        self.name = QLabel(title)
        theme.set_role(self.name, "muted")
        theme.set_role(self, "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.L, theme.Space.XS, theme.Space.S, theme.Space.XS)
        row.setSpacing(theme.Space.XS)
        row.addWidget(self.name)
        row.addStretch(1)
        row.addWidget(self.help)
        row.addWidget(self.hiding)
        dock.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        """Leave the name to the tab where there is one."""
        if event is not None and event.type() in _MOVED:
            self.name.setHidden(self._tabbed)
        return False

    @property
    def _tabbed(self) -> bool:
        area = self._dock.parent()
        others = area.tabifiedDockWidgets(self._dock) if isinstance(area, QMainWindow) else ()
        return any(not other.isHidden() for other in others)
