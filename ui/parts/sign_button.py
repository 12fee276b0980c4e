"""A small button that is a sign without a word; what it does stands in its tooltip."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QSize, Qt
from PyQt5.QtWidgets import QToolButton

from ui import theme
from ui.icons import icon
from ui.presenters.tone import Sign, Tone


class SignButton(QToolButton):
    """Keeps its sign in the colour of its tone when the mode changes."""

    def __init__(self, sign: Sign, tip: str, size_px: int = 16) -> None:
        super().__init__()
        self._sign, self._tone = sign, Tone.QUIET
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setIconSize(QSize(size_px, size_px))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.set_role(self, "sign")
        self.show_tone(Tone.QUIET)

    def show_tone(self, tone: Tone) -> None:
        """Paint the sign in another tone."""
        self._tone = tone
        # the window's: the style sheet's transparent background counts as black in a button's palette
        self.setIcon(icon(self._sign, theme.shades(self.window() or self).of(tone)))

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.show_tone(self._tone)
