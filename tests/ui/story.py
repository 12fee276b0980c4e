"""A window on a tiny run that lies on the disk, driven as its operator would: by mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from hardware.simulator.faults import FaultDesk, FaultScript
from hardware.simulator.specimen import demo_wafer
from scopeacq.conduct import Attendant, Outcome
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.journal.records import Record
from scopeacq.manual import Manual
from scopeacq.plan.briefing import brief
from scopeacq.plan.geometry import Point
from scopeacq.plan.new_run import write_run
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Fiducial
from tests.scenarios.harness import TinyRun, Waves, tiny_project
from tests.scopeacq.manual_bench import held
from tests.ui.tiny_acquisition import SITE, conduct_tiny
from ui.calibrate.services import CALIBRATIONS, Calibrations
from ui.furnishing import furnish
from ui.live.page import LivePage
from ui.memory import MemoryFile
from ui.panels.log_panel import LogPanel
from ui.panels.preflight_panel import PreflightPanel
from ui.panels.run_panel import RunPanel
from ui.panels.telling import Telling
from ui.run.services import Services
from ui.slices.view import SlicesView
from ui.start.choosers import Choosers
from ui.viewport.widget import WaferViewport
from ui.window import MainWindow
from ui.workspace import Workspace

AT_LEISURE_MS = 60_000
LEFT = Qt.MouseButton.LeftButton


def run_on_disk(folder: Path, project: Project | None = None, sections: int = 1) -> TinyRun:
    """A run folder that passes pre-flight, on a tiny twin that has one section more than its wafer file."""
    specimen = demo_wafer(0, sections + 1, Waves())
    run = TinyRun.make(folder, project or tiny_project(), specimen=specimen)
    wafer = replace(
        run.plan.wafer,
        sections=run.plan.wafer.sections[:sections],
        fiducials=tuple(Fiducial(f.id, (f.x_um, f.y_um)) for f in specimen.fiducials),
    )
    run.plan = write_run(folder / "story.scopeacq", run.plan.project, wafer, run.plan.instrument)
    return run


@dataclass
class Operator:
    """Mouse and keys, and eyes for what the window says."""

    qtbot: QtBot
    window: MainWindow
    run: TinyRun
    clicks: int = 0

    @property
    def workspace(self) -> Workspace:
        assert self.window.workspace is not None
        return self.window.workspace

    @property
    def panel(self) -> RunPanel:
        return self._part(RunPanel)

    @property
    def preflight(self) -> PreflightPanel:
        return self._part(PreflightPanel)

    @property
    def log(self) -> LogPanel:
        return self._part(LogPanel)

    @property
    def viewport(self) -> WaferViewport:
        return self._part(WaferViewport)

    @property
    def live(self) -> LivePage:
        return self._part(LivePage)

    @property
    def slices(self) -> SlicesView:
        return self._part(SlicesView)

    def look_at(self, view: str) -> None:
        """Go to a view by its key, which stands in the rail."""
        number = self.workspace.views.index(view) + 1
        self.press(Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        self.qtbot.waitUntil(lambda: self.workspace.shown_view == view, timeout=AT_LEISURE_MS)

    def _part(self, kind: type) -> QWidget:
        part = self.workspace.findChild(kind)
        assert isinstance(part, kind)
        return part

    def click(self, widget: QWidget) -> None:
        """Click what is there to be clicked."""
        self.qtbot.waitUntil(lambda: widget.isVisible() and widget.isEnabled(), timeout=AT_LEISURE_MS)
        self.qtbot.mouseClick(widget, LEFT)
        self.clicks += 1

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key, wherever the focus is."""
        self.window.activateWindow()
        self.qtbot.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def open(self) -> None:
        """By Ctrl+O; the folder is chosen at once."""
        with self.qtbot.waitSignal(self.window.opened, timeout=AT_LEISURE_MS):
            self.press(Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)

    def drag(self, start_um: Point, end_um: Point) -> None:
        """Drag over the wafer from one point of the stage frame to another."""
        canvas = self.viewport.canvas
        start, end = (QPoint(*map(round, canvas.camera.to_px(p))) for p in (start_um, end_um))
        self.qtbot.mousePress(canvas, LEFT, pos=start)
        for part in (0.3, 0.7, 1.0):
            moving = QPointF(start + (end - start) * part)
            none = Qt.KeyboardModifier.NoModifier
            canvas.mouseMoveEvent(QMouseEvent(QEvent.Type.MouseMove, moving, LEFT, LEFT, none))
        self.qtbot.mouseRelease(canvas, LEFT, pos=end)

    def confirm(self) -> None:
        """Confirm by hand what no software can read."""
        for box in self.preflight.boxes.values():
            self.click(box)

    def start(self) -> None:
        """Start or resume."""
        self.click(self.panel.buttons.start)

    def reads(self, word: str) -> None:
        """Wait until the run panel says so and, of a run that ended before its last cycle, can resume."""
        ended = word in ("Paused", "Failed")

        def said() -> None:
            assert self.panel.head.word.text() == word, self.panel.head.sentence.text()
            assert self.panel.buttons.start.isEnabled() or not ended

        self.qtbot.waitUntil(said, timeout=AT_LEISURE_MS)

    def findings(self) -> list[str]:
        """What the check-list lists."""
        return [row.text.text() for row in self.preflight.findChildren(Telling) if row.isVisible()]

    def recorded(self, kind: type[Record], at_least: int = 1) -> None:
        """Wait until the journal holds so many of a kind."""
        count = lambda: sum(isinstance(r, kind) for r in self.run.records())  # noqa: E731
        self.qtbot.waitUntil(lambda: count() >= at_least, timeout=AT_LEISURE_MS)

    def breaks(self, script: FaultScript) -> None:
        """Something will go wrong with the instrument."""
        with self.run.nature.lock:
            self.run.nature.faults = FaultDesk(script, np.random.default_rng(0))


@contextmanager
def at_work(
    qtbot: QtBot, folder: Path, run: TinyRun, calibrations: Calibrations = CALIBRATIONS
) -> Iterator[Operator]:
    """The real window, shown, on a tiny run; closed at the end."""

    def conduct(plan: Plan, cycles: int | None, attendant: Attendant) -> Outcome:
        run.plan = plan
        return conduct_tiny(run, plan, cycles, attendant)

    @contextmanager
    def in_hand(_: Plan) -> Iterator[Manual]:
        with held(run) as manual:
            methods = tuple(PairFocus(run.estimator) for _ in run.plan.project.focus.estimators)
            vars(manual).update(scorer=run.scorer, methods=methods)
            yield manual

    services = Services(conduct, partial(brief, site=SITE), in_hand, calibrations)
    root = run.plan.folder.root
    window = MainWindow(
        MemoryFile(folder / "config" / "window.toml"),
        folder,
        Choosers(lambda _: root, lambda _: None),
        partial(furnish, services=services),
    )
    window.resize(1440, 900)
    window.show()
    with qtbot.waitActive(window, timeout=AT_LEISURE_MS):
        window.activateWindow()
    try:
        yield Operator(qtbot, window, run)
    finally:
        window.close()
        window.deleteLater()
        QApplication.sendPostedEvents(None, 52)  # deferred deletes
        qtbot.wait(1)
