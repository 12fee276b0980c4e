"""Help of a window: the manual in a dock, the keys that hold now, and commands by typing."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QApplication, QDockWidget, QMainWindow, QWhatsThis

from ui.help.commands import commands_of
from ui.help.help_keys import page_about
from ui.help.help_panel import HelpPanel
from ui.help.palette import Palette
from ui.parts.menus import SEPARATOR, Entry, menu
from ui.parts.side_docks import side_dock
from ui.presenters.commands import keys_page
from ui.presenters.help import CONTENTS, manual_folder

KEYS_NOW = (
    "These keys hold now, in what is shown. Type a command's name after `Ctrl+K` to do it without its keys."
)


class Assistance(QObject):
    """What a window offers to an operator who does not know; pages are read when first asked for."""

    def __init__(self, window: QMainWindow, here: Callable[[], str]) -> None:
        """``here``: the page about what is seen, for a focus that belongs to no page."""
        super().__init__(window)
        self._window, self._here = window, here
        self._dock: QDockWidget | None = None
        self.palette = Palette(window, lambda: commands_of(window))
        self.menu = menu(
            window,
            "&Help",
            (
                Entry("&Help on what has the focus", self._show_page_in_focus, ("F1",)),
                Entry("&What is this?", QWhatsThis.enterWhatsThisMode, ("Shift+F1",)),
                Entry("&Contents", lambda: self.show_page(CONTENTS)),
                SEPARATOR,
                Entry("&Keys that hold now", self.show_keys, ("Ctrl+/", "?")),
                Entry("&Find a command ...", self.palette.open, ("Ctrl+K",)),
            ),
        )

    @property
    def panel(self) -> HelpPanel:
        """The manual, shown beside the work."""
        widget = self._docked().widget()
        assert isinstance(widget, HelpPanel)
        return widget

    def show_page(self, key: str) -> None:
        """Show a page of the manual."""
        self._raise()
        self.panel.show_page(key)

    def show_keys(self) -> None:
        """Show the keys that hold now."""
        page = keys_page(commands_of(self._window), KEYS_NOW)
        self._raise()
        self.panel.show_text(page)

    def _show_page_in_focus(self) -> None:
        self.show_page(page_about(QApplication.focusWidget(), self._here()))

    def _raise(self) -> None:
        self._docked().show()
        self._docked().raise_()

    def _docked(self) -> QDockWidget:
        if self._dock is None:
            self._dock = side_dock(self._window, "help", "Help", HelpPanel(manual_folder()), CONTENTS)
        return self._dock
