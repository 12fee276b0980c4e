"""The wizard Connect with an operator before it, who has an emulated laboratory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from hardware import discovery
from hardware.addresses import Address, Wire, addresses_in
from hardware.discovery import Listed
from hardware.emulators.host import Laboratory, emulated
from hardware.instruments_file import Draft, read_draft, written
from hardware.parts import Part
from tests.scenarios.harness import TinyRun
from tests.ui.cut_texts import cut_texts
from ui.connect.mounting import Connect
from ui.connect.services import CONNECTIONS, Connections
from ui.presenters.connection_state import Step

AT_LEISURE_MS = 60_000
LEFT = Qt.MouseButton.LeftButton


@dataclass
class Operator:
    """Mouse and keys before the wizard."""

    qtbot: QtBot
    wizard: Connect

    def __post_init__(self) -> None:
        self.page, self.desk = self.wizard.page, self.wizard.desk

    def click(self, widget: QWidget) -> None:
        self.qtbot.waitUntil(lambda: widget.isVisible() and widget.isEnabled(), timeout=AT_LEISURE_MS)
        self.qtbot.mouseClick(widget, LEFT)

    def rests(self) -> None:
        self.qtbot.waitUntil(lambda: self.desk.now.doing is None, timeout=AT_LEISURE_MS)

    def next(self, step: Step) -> None:
        """To the next step."""
        self.click(self.page.next)
        assert self.page.step is step
        self.qtbot.waitUntil(lambda: not cut_texts(self.page))

    def reads(self, words: str) -> None:
        """Wait until the step says so."""
        sentence = self.page.pages[self.page.step].sentence
        self.qtbot.waitUntil(lambda: words in sentence.text(), timeout=AT_LEISURE_MS)

    def enter(self, values: dict[tuple[str, ...], str]) -> None:
        """Type into the form of the device that is chosen."""
        for path, text in values.items():
            field = self.page.settings.rows[path].input
            self.qtbot.mouseClick(field, LEFT)
            self.qtbot.keyClicks(field, text)

    def let_play(self, part: Part, device: str) -> None:
        """Choose who plays a part, in its list, by the keys."""
        choice = self.page.parts.players[part].choice
        choice.setFocus()
        while choice.currentText() != device:
            self.qtbot.keyClick(choice, Qt.Key.Key_Down)

    def add(self, driver: str) -> None:
        """One more device."""
        drivers = self.page.parts.drivers
        drivers.setCurrentIndex(drivers.findData(driver))
        self.click(self.page.parts.add)


@contextmanager
def wizard_on(
    qtbot: QtBot,
    file: Path,
    core: Connections = CONNECTIONS,
    there: tuple[Address, ...] = (),
    run: Path | None = None,
    choose: Callable[[QWidget], Path | None] = lambda _: None,
) -> Iterator[Operator]:
    """The wizard, shown, once it has looked where devices may be: ``there``, on this computer."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(discovery, "list_addresses", lambda _: Listed(there))
    wizard = Connect(file, choose, core, run)
    qtbot.addWidget(wizard)
    wizard.resize(1100, 700)
    wizard.show()
    operator = Operator(qtbot, wizard)
    try:
        operator.rests()
        yield operator
    finally:
        wizard.end()
        monkeypatch.undo()


@contextmanager
def laboratory(folder: Path) -> Iterator[Laboratory]:
    """A tiny twin behind wires; its file is taken away, for the wizard to make."""
    run = TinyRun.make(folder)
    with emulated(run.nature, folder / "instrument") as devices:
        yield devices


def at(devices: Laboratory, *names: str) -> tuple[Address, ...]:
    """The addresses of some of the devices."""
    texts = (text for name in names for text in addresses_in(devices[name].settings))
    return tuple(Address(text, Wire.SERIAL, "on the bench", known=False) for text in texts)


def begun(devices: Laboratory, file: Path) -> str:
    """A file that names the twin alone, as somebody has written it: it keeps the time."""
    twin = read_draft(file).devices["simulator"]
    only = Draft(name="Bench", devices={"simulator": twin.model_copy(update={"plays": (Part.CLOCK,)})})
    text = f"# Ours, since spring.\n{written(only)}"
    file.write_text(text)
    return text


def flat(table: Mapping[str, object], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """All values of a table by their paths, as somebody types them."""
    found: dict[tuple[str, ...], str] = {}
    for key, value in table.items():
        found |= flat(value, (*path, key)) if isinstance(value, Mapping) else {(*path, key): f"{value}"}
    return found
