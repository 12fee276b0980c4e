"""The manual beside the work: pages with links, the way back, and a search over all of them."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import Qt, QUrl
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QShortcut, QVBoxLayout, QWidget

from ui import theme
from ui.help.help_view import HelpView
from ui.presenters.help import CONTENTS, Page, hits_page, missing_page, read_pages, search


class HelpPanel(QWidget):
    """Shows pages of the manual in ``folder`` and others that are made while the program runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._pages = read_pages(folder)
        self._trail: list[Page] = []
        self.view = HelpView(folder)
        self.back, self.contents = _quiet("Back"), _quiet("Contents")
        self.back.setToolTip("To the page before (Alt+Left)")
        self.contents.setToolTip("All pages, and the way from the wafer to the finished run")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search the manual")
        self.search.setClearButtonEnabled(True)
        self._lay_out()
        self._connect()

    @property
    def page(self) -> Page | None:
        """The page that is shown."""
        return self._trail[-1] if self._trail else None

    def show_page(self, key: str) -> None:
        """Show a page of the manual; one that is not there says where else to look."""
        self.show_text(self._pages.get(key) or missing_page(key))

    def show_text(self, page: Page) -> None:
        """Show a page that may have been made just now."""
        if page != self.page:
            self._trail.append(page)
        self._refresh()

    def go_back(self) -> None:
        """Show the page before."""
        if len(self._trail) > 1:
            self._trail.pop()
            self._refresh()

    def _refresh(self) -> None:
        self.back.setEnabled(len(self._trail) > 1)
        self.view.show_markdown(self._trail[-1].text)

    def _follow(self, link: QUrl) -> None:
        if link.path():
            self.show_page(Path(link.path()).stem)
        if link.fragment():
            self.view.scrollToAnchor(link.fragment())

    def _search(self, text: str) -> None:
        found = hits_page(text, search(self._pages, text))
        if self.page is not None and not self.page.key:
            self._trail.pop()
        if text.strip():
            self._trail.append(found)
        if self._trail:
            self._refresh()

    def _connect(self) -> None:
        self.view.anchorClicked.connect(self._follow)
        self.back.clicked.connect(lambda: self.go_back())
        self.contents.clicked.connect(lambda: self.show_page(CONTENTS))
        self.search.textChanged.connect(self._search)
        backwards = QShortcut(
            QKeySequence("Alt+Left"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut
        )
        backwards.setWhatsThis("To the page before")
        backwards.activated.connect(self.go_back)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(theme.Space.S, theme.Space.S, theme.Space.M, 0)
        row.setSpacing(theme.Space.XS)
        row.addWidget(self.back)
        row.addWidget(self.contents)
        row.addWidget(self.search, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.Space.S)
        box.addLayout(row)
        box.addWidget(self.view, 1)


def _quiet(text: str) -> QPushButton:
    button = QPushButton(text)
    theme.set_role(button, "quiet")
    return button
