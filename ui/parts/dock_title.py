"""The title of a panel: its name, a question mark that opens its help page, and a cross that hides it."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel

from ui import theme
from ui.parts.sign_button import SignButton
from ui.presenters.tone import Sign


class DockTitle(QFrame):
    """The title bar of ``dock``, by which it is dragged; ``help_wanted``: the question mark was pressed."""

    help_wanted = pyqtSignal()

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__()
        title = dock.windowTitle()
        self.help = SignButton(Sign.QUESTION, f"What stands in {title}, explained (F1)")
        self.hiding = SignButton(Sign.CROSS, f"Hide {title}; View, Panels shows it again", 12)
        self.help.clicked.connect(lambda: self.help_wanted.emit())
        self.hiding.clicked.connect(lambda: dock.hide())
        name = QLabel(title)
        theme.set_role(name, "muted")
        theme.set_role(self, "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.L, theme.Space.XS, theme.Space.S, theme.Space.XS)
        row.setSpacing(theme.Space.XS)
        row.addWidget(name, 1)
        row.addWidget(self.help)
        row.addWidget(self.hiding)
