"""What happens next, from now downwards."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QFont
from PyQt5.QtWidgets import QAction, QHBoxLayout, QLabel, QMenu, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.parts.sign_button import SignButton
from ui.presenters.timeline import Choice, Entry
from ui.presenters.tone import Sign

NOTHING = "What the run does next is listed here."


class TimelinePanel(QWidget):
    """Shows timeline entries, and says by ``wished(Wish)`` what of them its operator wants changed.

    Rows are reused: a run says what lies ahead at each of its steps.
    """

    wished = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[_Row] = []
        self._nothing = QLabel(NOTHING)
        theme.set_role(self._nothing, "muted")
        self._nothing.setWordWrap(True)
        holder, area = QWidget(), QScrollArea()
        self._list = QVBoxLayout(holder)
        self._list.setContentsMargins(0, 0, theme.Space.S, 0)
        self._list.setSpacing(theme.Space.M)
        self._list.addWidget(self._nothing)
        self._list.addStretch(1)
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        hint = QLabel("Times are the microscope's, by the estimate")
        hint.setWordWrap(True)
        theme.set_role(hint, "small")
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.L, theme.Space.L, theme.Space.L)
        box.setSpacing(theme.Space.M)
        box.addWidget(area, 1)
        box.addWidget(hint)

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show what lies ahead."""
        self._nothing.setVisible(not entries)
        while len(self._rows) < len(entries):
            row = _Row()
            row.wished.connect(self.wished)
            self._rows.append(row)
            self._list.insertWidget(len(self._rows), row)
        for n, row in enumerate(self._rows):
            row.setVisible(n < len(entries))
            if n < len(entries):
                row.show_entry(entries[n])


class _Row(QWidget):
    """Sign, text, when, and the button for changes."""

    wished = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.change = SignButton(Sign.SLIDERS, "Change this step: focus again, leave out, pause before")
        self.change.setPopupMode(SignButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self.change)
        self._menu.setToolTipsVisible(True)
        self.change.setFixedHeight(22)
        self.change.setMenu(self._menu)
        policy = self.change.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the times of all rows stay in one column
        self.change.setSizePolicy(policy)
        self._entry: Entry | None = None
        self.text, self.when = QLabel(), QLabel()
        self.text.setWordWrap(True)
        theme.set_role(self.when, "small")
        self.when.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(theme.Space.M)
        self._line.addWidget(self.text, 1)
        self._line.addWidget(self.when)
        self._line.addWidget(self.change, 0, Qt.AlignmentFlag.AlignTop)
        self._sign: SignLabel | None = None

    def show_entry(self, entry: Entry) -> None:
        """Show an entry; the same again costs nothing."""
        if entry == self._entry:
            return
        if self._entry is None or entry.choices != self._entry.choices:
            self._offer(entry.choices)
        self._entry = entry
        if self._sign is None:
            self._sign = SignLabel(entry.sign, entry.tone, 18)
            self._line.insertWidget(0, self._sign, 0, Qt.AlignmentFlag.AlignTop)
        self._sign.show_sign(entry.sign, entry.tone)
        self.text.setText(entry.text)
        font = theme.font(weight=QFont.DemiBold if entry.current else QFont.Normal)
        self.text.setFont(font)
        self.when.setText("\n".join(filter(None, (entry.when, entry.takes and f"takes {entry.takes}"))))

    def _offer(self, choices: tuple[Choice, ...]) -> None:
        self.change.setVisible(bool(choices))
        self._menu.clear()
        for choice in choices:
            action = QAction(choice.text, self._menu)
            action.setEnabled(choice.now)
            action.setToolTip(choice.why)
            action.triggered.connect(lambda _=False, wish=choice.wish: self.wished.emit(wish))
            self._menu.addAction(action)
