"""The rail at the left edge: one button for each view of the run, of which one is shown."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt5.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout

from ui import theme
from ui.icons import icon
from ui.parts.sign_button import SignButton
from ui.presenters.tone import Sign, Tone

WIDTH_PX = 76


class Rail(QFrame):
    """Emits ``chosen`` with the key of the view that the operator wants to see.

    ``help_wanted``: what is the view about that is shown?
    """

    chosen = pyqtSignal(str)
    help_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._buttons: dict[str, tuple[QToolButton, Sign]] = {}
        theme.set_role(self, "rail")
        self.setFixedWidth(WIDTH_PX)
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.Space.XS, theme.Space.S, theme.Space.XS, theme.Space.S)
        self._column.setSpacing(theme.Space.XS)
        self._column.addStretch(1)
        question = SignButton(Sign.QUESTION, "What this view shows, explained (F1)", theme.Space.L)
        question.clicked.connect(lambda: self.help_wanted.emit())
        self._column.addWidget(question, 0, Qt.AlignmentFlag.AlignHCenter)

    def add(self, key: str, title: str, sign: Sign, hint: str) -> None:
        """Add a view below the others; the n-th is reached by Ctrl+n."""
        keys = f"Ctrl+{len(self._buttons) + 1}"
        button = QToolButton()
        button.setText(title)
        button.setToolTip(f"{hint} ({keys})")
        button.setShortcut(keys)
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(theme.Space.L, theme.Space.L))
        button.setFixedWidth(WIDTH_PX - 2 * theme.Space.XS)
        theme.set_role(button, "rail")
        button.clicked.connect(lambda: self.chosen.emit(key))
        button.toggled.connect(lambda _: self._paint_icons())
        self._group.addButton(button)
        self._buttons[key] = (button, sign)
        self._column.insertWidget(len(self._buttons) - 1, button)
        self._paint_icons()

    def mark(self, key: str) -> None:
        """Say which view is shown. Raises ``KeyError``."""
        self._buttons[key][0].setChecked(True)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._paint_icons()

    def _paint_icons(self) -> None:
        shades = theme.shades(self)
        for button, sign in self._buttons.values():
            tone = Tone.ACTIVE if button.isChecked() else Tone.QUIET
            button.setIcon(icon(sign, shades.of(tone)))
