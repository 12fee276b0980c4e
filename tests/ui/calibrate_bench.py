"""The view Calibrate on a tiny twin in this process, with a calibration that only pretends to measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from scopeacq.engine.readings import Readings
from scopeacq.manual import Manual
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.runfolder import Plan
from tests.scenarios.harness import TinyRun
from tests.scopeacq.manual_bench import held
from tests.ui.calibrations import Pretended
from tests.ui.story import run_on_disk
from ui.calibrate.desk import CalibrateDesk
from ui.calibrate.mounting import wire
from ui.calibrate.services import CALIBRATIONS, Calibrations, opened_with
from ui.calibrate.view import CalibrateView
from ui.hand.manual import ManualControl, ManualState
from ui.presenters.calibration import WizardStep
from ui.presenters.messages import Message

AT_LEISURE_MS = 20_000
LEFT = Qt.MouseButton.LeftButton


def core_with(pretended: Pretended) -> Calibrations:
    """All as ever, but for what is measured."""
    return replace(
        CALIBRATIONS, open=lambda plan, kind: opened_with(pretended.procedure, plan, pretended.kind)
    )


@dataclass
class CalibrateBench:
    """The page with its controls, and an operator's mouse.

    ``hold``: how the instrument is taken in hand; ``core``: what is measured, all as ever where None.
    """

    qtbot: QtBot
    run: TinyRun
    kind: CalibrationKind
    core: Calibrations = CALIBRATIONS
    hold: Callable[[TinyRun], AbstractContextManager[Manual]] = held
    told: list[Message] = field(default_factory=list)
    read: list[Readings] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manual = ManualControl(self.run.plan, self._opened)
        self.desk = CalibrateDesk(self.run.plan, self.manual, self.core)
        self.view = CalibrateView()
        self.qtbot.addWidget(self.view)
        wire(self.view, self.desk)
        self.view.shown.connect(self.desk.look)
        self.desk.changed.connect(self._take)
        for source in (self.manual, self.desk):
            source.told.connect(self.told.append)
        self.manual.readings.connect(self._read)
        self.view.resize(1000, 700)
        self.view.show()

    @contextmanager
    def _opened(self, _: Plan) -> Iterator[Manual]:
        with self.hold(self.run) as manual:
            yield manual

    def _read(self, readings: Readings) -> None:
        if self.manual.state is ManualState.BUSY:
            self.read.append(readings)

    def _take(self, plan: Plan) -> None:
        self.run.plan = plan
        self.manual.take_plan(plan)
        self.desk.take_plan(plan)

    # -- mouse and eyes ----------------------------------------------------------------------

    @property
    def wizard(self) -> QWidget:
        return self.view.wizard

    def choose(self, kind: CalibrationKind | None = None) -> None:
        """Choose in the list, and wait for the form."""
        self.qtbot.mouseClick(self.card(kind), LEFT)
        self.qtbot.waitUntil(lambda: self.view.wizard.prepare.form is not None, timeout=AT_LEISURE_MS)
        self.qtbot.waitUntil(lambda: bool(self.view.wizard.prepare.estimate.text()), timeout=AT_LEISURE_MS)

    def card(self, kind: CalibrationKind | None = None) -> QWidget:
        return self.view.entries.cards[kind or self.kind]

    def click(self, widget: QWidget) -> None:
        self.qtbot.waitUntil(lambda: widget.isVisible() and widget.isEnabled(), timeout=AT_LEISURE_MS)
        self.qtbot.mouseClick(widget, LEFT)

    def enter(self, key: str, text: str) -> None:
        """Type a value into the form."""
        form = self.view.wizard.prepare.form
        assert form is not None
        field = form.rows[key,].input
        self.qtbot.mouseClick(field, LEFT)
        self.qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        self.qtbot.keyClicks(field, text)
        self.qtbot.keyClick(field, Qt.Key.Key_Return)

    def begin(self) -> None:
        self.click(self.view.wizard.prepare.begin)

    def at(self, step: WizardStep) -> None:
        """Wait until the wizard is there."""
        self.qtbot.waitUntil(lambda: self.view.wizard.step is step, timeout=AT_LEISURE_MS)

    def word(self, word: str, kind: CalibrationKind | None = None) -> None:
        """Wait until the list says so."""
        card = self.card(kind)
        self.qtbot.waitUntil(lambda: card.word.text() == word, timeout=AT_LEISURE_MS)

    def rests(self) -> None:
        self.qtbot.waitUntil(lambda: self.desk.works.work is None, timeout=AT_LEISURE_MS)

    @property
    def on_disk(self) -> Instrument:
        return Instrument.read(self.run.plan.folder.instrument_file)

    def close(self) -> None:
        self.desk.close()
        self.manual.close()


@contextmanager
def at_the_page(
    qtbot: QtBot, folder: Path, pretended: Pretended, run: TinyRun | None = None
) -> Iterator[CalibrateBench]:
    """The page, shown; closed at the end."""
    with shown(
        CalibrateBench(qtbot, run or run_on_disk(folder), pretended.kind, core_with(pretended))
    ) as bench:
        yield bench


@contextmanager
def shown(bench: CalibrateBench) -> Iterator[CalibrateBench]:
    """A page; closed at the end."""
    try:
        yield bench
    finally:
        bench.close()
