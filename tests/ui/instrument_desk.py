"""A window with a tiny twin behind it and an operator before it, who uses the instrument by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from PyQt5.QtCore import QEvent, QObject, Qt
from PyQt5.QtWidgets import QAbstractButton, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from scopeacq.plan.briefing import brief
from scopeacq.plan.new_run import write_run
from tests.scenarios.harness import TinyRun
from tests.scopeacq.manual_bench import held
from tests.ui.tiny_acquisition import SITE, conduct_tiny
from ui.furnishing import furnish
from ui.hand.go_card import GoCard
from ui.hand.manual import ManualControl, ManualState
from ui.memory import MemoryFile
from ui.panels.instrument_panel import InstrumentPanel
from ui.panels.instrument_rows import NumberRow, Row, SwitchRow
from ui.panels.preflight_panel import PreflightPanel
from ui.panels.run_panel import RunPanel
from ui.run.services import Services
from ui.viewport.widget import WaferViewport
from ui.window import MainWindow
from ui.workspace import Workspace

SOON_MS = 20_000
LEFT = Qt.MouseButton.LeftButton
T = TypeVar("T", bound=QObject)


@dataclass
class Desk:
    """What an operator sees and does."""

    qtbot: QtBot
    window: MainWindow
    run: TinyRun

    @property
    def workspace(self) -> Workspace:
        assert self.window.workspace is not None
        return self.window.workspace

    @property
    def manual(self) -> ManualControl:
        return self.part(ManualControl)

    @property
    def panel(self) -> InstrumentPanel:
        return self.part(InstrumentPanel)

    @property
    def viewport(self) -> WaferViewport:
        return self.part(WaferViewport)

    @property
    def card(self) -> GoCard:
        """The card over the wafer."""
        card = self.viewport.canvas.findChild(GoCard)
        assert isinstance(card, GoCard)
        return card

    @property
    def sentence(self) -> str:
        return self.workspace.strip.view.sentence

    @property
    def said(self) -> str:
        """All that the banner says."""
        return " ".join(message.text for message in self.window.banner.messages)

    def part(self, kind: type[T]) -> T:
        found = self.workspace.findChild(kind)
        assert isinstance(found, kind)
        return found

    def row(self, group: str, name: str) -> Row:
        return next(row for row in self.panel.groups[group].rows if row.name.text() == name)

    def number(self, group: str, name: str) -> NumberRow:
        row = self.row(group, name)
        assert isinstance(row, NumberRow)
        return row

    def switch(self, group: str, name: str) -> SwitchRow:
        row = self.row(group, name)
        assert isinstance(row, SwitchRow)
        return row

    def until(self, holds: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(holds, timeout=SOON_MS)

    def click(self, button: QAbstractButton) -> None:
        self.until(lambda: button.isVisible() and button.isEnabled())
        self.qtbot.mouseClick(button, LEFT)  # type: ignore[no-untyped-call]

    def type(self, field: QLineEdit, text: str) -> None:
        """Type into a field; what stood there goes unless it is being typed in already."""
        if not field.hasFocus():
            field.setFocus()
            field.selectAll()
        self.qtbot.keyClicks(field, text)  # type: ignore[no-untyped-call]

    def connect(self) -> None:
        """Press Connect in the panel and wait for the first readings."""
        self.click(self.panel.head.button)
        self.until(lambda: self.manual.connected and "Stage at" in self.sentence)

    def idle(self) -> None:
        """Wait until nothing is under way and was read since."""
        self.until(lambda: self.manual.state is ManualState.CONNECTED)
        with self.qtbot.waitSignal(self.manual.readings, timeout=SOON_MS):
            pass

    def wish(self, x_um: float, y_um: float) -> None:
        """Ask for a point of the stage frame, as a double-click on the map does."""
        self.viewport.go_to_requested.emit(self.viewport.canvas.shown.target((x_um, y_um)))


@contextmanager
def desk(qtbot: QtBot, run: TinyRun, folder: Path) -> Iterator[Desk]:
    """A window that has opened the run; what it leaves behind fails the test."""
    run.plan = write_run(folder / "desk.scopeacq", run.plan.project, run.plan.wafer, run.plan.instrument)
    services = Services(partial(conduct_tiny, run), lambda plan: brief(plan, SITE), lambda _: held(run))
    window = MainWindow(
        MemoryFile(folder / "window.toml"), folder, furnish=partial(furnish, services=services)
    )
    window.resize(1440, 900)
    window.show()
    with qtbot.waitSignal(window.opened, timeout=SOON_MS):
        window.open_run(run.plan.folder.root)
    made = Desk(qtbot, window, run)
    made.workspace.panel("instrument").raise_()
    yield made
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qtbot.wait(1)


def strike(at_desk: Desk, device: Device, kind: FaultKind) -> None:
    """Let a fault begin at the next call."""
    nature = at_desk.run.nature
    with nature.lock:
        script = FaultScript((Fault(device, kind, AfterCalls(0), n_times=99),))
        nature.faults = FaultDesk(script, np.random.default_rng(0))


def start_run(at_desk: Desk) -> None:
    """Confirm what is to be confirmed, and start."""
    preflight = at_desk.part(PreflightPanel)
    for box in preflight.boxes.values():
        at_desk.until(box.isEnabled)
        box.click()
    button = at_desk.part(RunPanel).buttons.start
    at_desk.until(button.isEnabled)
    button.click()
