"""What the menus of the window hold, with the keys that do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.parts.menus import SEPARATOR, Entry

if TYPE_CHECKING:
    from ui.window import MainWindow

Entries = tuple[Entry | None, ...]


def run_entries(window: MainWindow) -> Entries:
    """What is done with runs and instruments."""
    return (
        Entry("&Open ...", lambda: window.open_run(None), ("Ctrl+O",)),
        Entry("&New from template ...", window.choose_template, ("Ctrl+N",)),
        Entry("&Simulate", window.simulate, ("Ctrl+T",)),
        Entry("Write the &report", window.write_report, ("Ctrl+R",)),
        SEPARATOR,
        Entry("&Connect an instrument ...", window.connect_instrument, ("Ctrl+Shift+I",)),
        SEPARATOR,
        Entry("Start &page", window.show_start, ("Ctrl+Home",)),
        Entry("&Quit", window.close, ("Ctrl+Q",)),
    )


def view_entries(window: MainWindow, *, sound: bool) -> Entries:
    """How the window looks and sounds. ``sound``: as it is now."""
    return (
        Entry("&Dark or light", window.toggle_mode, ("Ctrl+Shift+D",)),
        Entry("&Full screen", window.toggle_full_screen, ("F11",)),
        Entry("&Messages", window.messages.show, ("Ctrl+M",)),
        Entry("&Sound when somebody is needed", window.toggle_sound, ticked=sound),
        SEPARATOR,
    )
