"""How long the GUI's thread is ever blocked, and how quickly an abort is answered, during runs on the twin.

    python -m benchmarks.gui_heartbeat [--tile 6000] [--aborts 5] [--folder DIR] [--json]

The whole window is shown on a run on the twin, which has its own process and goes at full speed. A timer
in the GUI's thread ticks every few milliseconds; the longest time between two ticks is the longest block.
A second thread that only sleeps ticks beside it: what holds up both is the processor or the interpreter,
which is one for all threads, and not the window's own work. That is what the GUI's thread has computed
between two ticks, whoever else was at work. Aborts are pressed on the real button at times
spread over the run; they count until the close command leaves for the guard, until the guard has
answered, and until the panel shows it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Thread
from typing import TypeVar

import numpy as np
from PyQt5.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PyQt5.QtWidgets import QApplication, QPushButton

from scopeacq.engine.events import AbortAnswered
from scopeacq.plan.demo import make_demo
from ui import theme
from ui.app import make_application
from ui.memory import MemoryFile
from ui.panels.run_panel import RunPanel
from ui.presenters.acquisition import Action
from ui.presenters.checklist import Confirmation
from ui.run.acquisition import Acquisition
from ui.window import MainWindow

T = TypeVar("T", bound=QObject)

TICK_MS = 5
COLUMNS = ("25 %", "50 %", "75 %", "longest", "too long")
LONGEST_S = 1_500.0
TARGET_BLOCK_S, TARGET_SENT_S, TARGET_SHOWN_S = 0.1, 0.1, 1.0


@dataclass
class Heartbeat:
    """Times between two ticks [s] by a clock, by what was going on."""

    clock: Callable[[], float] = time.monotonic
    phase: str = "start"
    gaps_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _last_s: float = 0.0

    def __post_init__(self) -> None:
        self._last_s = self.clock()

    def tick(self) -> None:
        now_s = self.clock()
        self.gaps_s[self.phase].append(now_s - self._last_s)
        self._last_s = now_s

    def enter(self, phase: str) -> None:
        """What happens from now on is counted there."""
        self.tick()
        self.phase = phase

    def summary(self) -> dict[str, dict[str, float]]:
        """Quartiles and longest of each phase [s], and how many were too long."""
        return {phase: _summary(gaps_s) for phase, gaps_s in dict(self.gaps_s).items()}


def _summary(gaps_s: list[float]) -> dict[str, float]:
    quarter, median, three_quarters, longest = np.quantile(gaps_s, [0.25, 0.5, 0.75, 1.0])
    return {
        "quarter_s": float(quarter),
        "median_s": float(median),
        "three_quarters_s": float(three_quarters),
        "longest_s": float(longest),
        "too_long": sum(gap_s > TARGET_BLOCK_S for gap_s in gaps_s),
        "ticks": len(gaps_s),
    }


class Bystander(Thread):
    """Does nothing but tick, as the GUI's thread would if it had nothing to do."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        super().__init__(name="bystander", daemon=True)
        self.heartbeat = heartbeat

    def run(self) -> None:
        while True:
            time.sleep(TICK_MS / 1e3)
            self.heartbeat.tick()


@dataclass(frozen=True)
class Abort:
    """One abort [s after the button was pressed]."""

    sent_s: float
    answered_s: float
    shown_s: float
    beam: str


class Station:
    """The window on a run, with a heartbeat."""

    def __init__(self, app: QApplication, root: Path) -> None:
        self._app, self._heartbeat, self._computed = app, Heartbeat(), Heartbeat(time.thread_time)
        self.bystander = Bystander(Heartbeat())
        self.bystander.start()
        self.answers: list[AbortAnswered] = []
        self.window = MainWindow(MemoryFile(root.parent / "window.toml"), root.parent)
        self.window.resize(1440, 900)
        self.window.show()
        timer = QTimer(self.window)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        for heartbeat in (self._heartbeat, self._computed):
            timer.timeout.connect(heartbeat.tick)
        timer.start(TICK_MS)
        self._enter("open")
        self.window.open_run(root)
        self.wait(lambda: self.window.workspace is not None)
        self._app.processEvents()  # it is painted
        self._enter("check (loads the networks)")
        self.acquisition = self._part(Acquisition)
        self.panel = self._part(RunPanel)
        self.acquisition.noticed.connect(self._note)
        self.wait(lambda: self.acquisition.checklist.findings is not None)
        for what in Confirmation:
            self.acquisition.confirm(what, True)

    def close(self) -> None:
        self.window.close()
        self.window.deleteLater()
        self._app.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def summaries(self) -> dict[str, dict[str, dict[str, float]]]:
        """Of the window, of what it computed and of the bystander, by phase."""
        return {
            "window": self._heartbeat.summary(),
            "computed by the window": self._computed.summary(),
            "bystander": self.bystander.heartbeat.summary(),
        }

    def _part(self, kind: type[T]) -> T:
        assert self.window.workspace is not None
        part = self.window.workspace.findChild(kind)
        assert isinstance(part, kind)
        return part

    def _enter(self, phase: str) -> None:
        for heartbeat in (self._heartbeat, self._computed, self.bystander.heartbeat):
            heartbeat.enter(phase)

    def wait(self, until: Callable[[], bool], timeout_s: float = LONGEST_S) -> None:
        """Let events be handled until something is so."""
        end_s = time.monotonic() + timeout_s
        while not until():
            if time.monotonic() > end_s:
                raise SystemExit(f"no end after {timeout_s:g} s: {self.acquisition.view.sentence}")
            self._app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    def press(self, button: QPushButton) -> None:
        self.wait(button.isEnabled)
        button.click()

    def start(self) -> None:
        """Start or resume, until the engine runs."""
        self._enter("start (connects)")
        self.press(self.panel.buttons.start)
        self.wait(lambda: bool(self.acquisition.view.step) or self._over())
        self._enter("run")

    def end(self) -> None:
        """Until the run has ended and let go of the instrument."""
        self.wait(self._over)
        self._enter("ended")

    def abort_after(self, seconds: float) -> Abort | None:
        """Press abort so long after the start; None where the run was over before."""
        if self.finished:
            return None
        self.start()
        ring_s, known = time.monotonic() + seconds, len(self.answers)
        self.wait(lambda: time.monotonic() > ring_s or self._over())
        if self._over() or not self.acquisition.view.allowed[Action.ABORT].now:
            return None
        pressed_s = time.monotonic()
        self.press(self.panel.buttons.abort)
        card = self.panel.abort
        self.wait(lambda: card.isVisible() and card.word.text() in ("Ion beam blanked", "Ion beam UNKNOWN"))
        shown_s, beam = time.monotonic() - pressed_s, card.word.text()
        self.end()
        answer = self.answers[-1] if len(self.answers) > known else None
        if answer is None:
            return Abort(float("inf"), float("inf"), shown_s, beam)
        return Abort(answer.sent_s, answer.answered_s, shown_s, beam)

    @property
    def finished(self) -> bool:
        """Whether all cycles are done."""
        return self._over() and self.acquisition.view.badge.word == "Finished"

    def _over(self) -> bool:
        return not self.acquisition.active and not self.acquisition.view.busy

    def _note(self, notice: object) -> None:
        if isinstance(notice, AbortAnswered):
            self.answers.append(notice)


def plan_with(folder: Path, tile_px: int) -> Path:
    """The folder of the demo with one large tile in each section, one cycle."""
    plan = make_demo(folder / "out", cycles=1)
    text = plan.folder.project_file.read_text()
    changes = {"tile_width_px": tile_px, "tile_height_px": tile_px, "grid_rows": 1, "grid_columns": 1}
    lines = [_changed(line, changes) for line in text.splitlines()]
    plan.folder.project_file.write_text("\n".join(lines))
    return plan.folder.root


def _changed(line: str, changes: dict[str, int]) -> str:
    key = line.split("=")[0].strip()
    return f"{key} = {changes[key]}" if key in changes else line


def measure(folder: Path, tile_px: int, aborts: int) -> dict[str, object]:
    """All figures of one session."""
    app = make_application()
    theme.apply(app, theme.Mode.DARK)
    station = Station(app, plan_with(folder, tile_px))
    done = [station.abort_after(1.0 + 2.5 * n) for n in range(aborts)]
    if not station.finished:
        station.start()
        station.end()
    station.close()
    return {
        "tile_px": tile_px,
        "blocked": station.summaries(),
        "aborts": [asdict(abort) for abort in done if abort is not None],
        "end": station.acquisition.view.sentence,
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tile", type=int, default=6000, help="edge of a tile [px]")
    parser.add_argument("--aborts", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the run is made; a temporary folder by default")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as scratch:
        found = measure(Path(scratch), wanted.tile, wanted.aborts)
    print(json.dumps(found, indent=2) if wanted.json else _told(found))


def _told(found: dict[str, object]) -> str:
    blocked, aborts = found["blocked"], found["aborts"]
    assert isinstance(blocked, dict) and isinstance(aborts, list)
    target_ms = TARGET_BLOCK_S * 1e3
    lines = [f"Times between two ticks [ms], due each {TICK_MS}; during a run at most {target_ms:.0f}:"]
    for who, phases in blocked.items():
        lines.append(f"{who:<30}" + "".join(f"{name:>10}" for name in COLUMNS))
        lines += [_line(phase, s) for phase, s in phases.items()]
    for name, target in (
        ("sent_s", TARGET_SENT_S),
        ("answered_s", TARGET_SHOWN_S),
        ("shown_s", TARGET_SHOWN_S),
    ):
        values = sorted(abort[name] for abort in aborts)
        if values:
            longest = f"longest of {len(values)}: {values[-1] * 1e3:7.1f} ms"
            lines.append(f"Abort {name[:-2]:<9} {longest} (target {target * 1e3:.0f})")
    lines.append(f"{found['end']} Tiles of {found['tile_px']} px, load {found['load']:.1f}.")
    return "\n".join(lines)


def _line(phase: str, s: dict[str, float]) -> str:
    keys = ("quarter_s", "median_s", "three_quarters_s", "longest_s")
    return f"  {phase:<28}" + "".join(f"{s[key] * 1e3:10.1f}" for key in keys) + f"{s['too_long']:10.0f}"


if __name__ == "__main__":
    main()
