"""A sign, a word and a sentence: how panels tell something, always in the same way."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.label import label
from ui.presenters.tone import Badge, Sign, Tone


class Telling(QWidget):
    """The word has the tone's colour, the sentence wraps below it; both can be selected and copied."""

    def __init__(self, sign_px: int = theme.Space.ICON, word_role: str = "", text_role: str = "") -> None:
        super().__init__()
        self.sign = SignLabel(Sign.INFO, Tone.QUIET, sign_px)
        self.word, self.text = label(role=word_role, wrap=False), label(role=text_role)
        texts = QVBoxLayout()
        texts.setSpacing(theme.Space.XS)
        texts.addWidget(self.word)
        texts.addWidget(self.text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.M)
        row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)

    def tell(self, badge: Badge, text: str) -> None:
        """Show a state and what is to be said of it."""
        self.sign.show_sign(badge.sign, badge.tone)
        self.word.setText(badge.word)
        theme.set_tone(self.word, badge.tone)
        self.text.setText(text)
