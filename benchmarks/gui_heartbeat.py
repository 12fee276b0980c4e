"""How long the GUI's thread is ever blocked, and how quickly an abort is answered, during runs on the twin.

    python -m benchmarks.gui_heartbeat [--tile 6000] [--aborts 5] [--folder DIR] [--json]

The twin runs in its own process at full speed. A timer in the GUI's thread ticks every few milliseconds;
the longest time between two ticks is the longest block. Aborts are pressed on the real button at times
spread over the run; they count until the close command leaves for the guard, until the guard has
answered, and until the panel shows it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from PyQt5.QtCore import QEventLoop, Qt, QTimer
from PyQt5.QtWidgets import QApplication, QPushButton

from scopeacq.demo import make_demo
from scopeacq.events import AbortAnswered
from scopeacq.runfolder import Plan
from ui import theme
from ui.acquisition import Acquisition
from ui.presenters.acquisition import Action
from ui.presenters.checklist import Confirmation
from ui.run_docks import RunPanels

TICK_MS = 5
LONGEST_S = 1_500.0
TARGET_BLOCK_S, TARGET_SENT_S, TARGET_SHOWN_S = 0.1, 0.1, 1.0


@dataclass
class Heartbeat:
    """Longest times between two ticks [s], by what was going on."""

    phase: str = "start"
    longest_s: dict[str, float] = field(default_factory=dict)
    ticks: int = 0
    _last_s: float = field(default_factory=time.monotonic)

    def tick(self) -> None:
        now_s = time.monotonic()
        self.longest_s[self.phase] = max(self.longest_s.get(self.phase, 0.0), now_s - self._last_s)
        self._last_s, self.ticks = now_s, self.ticks + 1

    def enter(self, phase: str) -> None:
        """What happens from now on is counted there."""
        self.tick()
        self.phase = phase


@dataclass(frozen=True)
class Abort:
    """One abort [s after the button was pressed]."""

    sent_s: float
    answered_s: float
    shown_s: float
    beam: str


class Station:
    """The widgets of a run, shown, with a heartbeat."""

    def __init__(self, app: QApplication, plan: Plan) -> None:
        self._app, self._heartbeat = app, Heartbeat()
        self.acquisition = Acquisition()
        self.panels = RunPanels.made_for(self.acquisition)
        self.answers: list[AbortAnswered] = []
        self.acquisition.noticed.connect(self._note)
        for panel in (self.panels.run, self.panels.preflight, self.panels.timeline, self.panels.log):
            panel.resize(480, 420)
            panel.show()
        timer = QTimer(self.acquisition)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._heartbeat.tick)
        timer.start(TICK_MS)
        self._heartbeat.enter("check (loads the networks)")
        self.acquisition.open(plan)
        self.wait(lambda: self.acquisition.checklist.findings is not None)
        for what in Confirmation:
            self.acquisition.confirm(what, True)

    @property
    def heartbeat(self) -> Heartbeat:
        return self._heartbeat

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
        self._heartbeat.enter("start (connects)")
        self.press(self.panels.run.buttons.start)
        self.wait(lambda: bool(self.acquisition.view.step) or self._over())
        self._heartbeat.enter("run")

    def end(self) -> None:
        """Until the run has ended and let go of the instrument."""
        self.wait(self._over)
        self._heartbeat.enter("ended")

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
        self.press(self.panels.run.buttons.abort)
        card = self.panels.run.abort
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


def plan_with(folder: Path, tile_px: int) -> Plan:
    """The demo with one large tile in each section, one cycle."""
    plan = make_demo(folder / "out", cycles=1)
    text = plan.folder.project_file.read_text()
    changes = {"tile_width_px": tile_px, "tile_height_px": tile_px, "grid_rows": 1, "grid_columns": 1}
    lines = [_changed(line, changes) for line in text.splitlines()]
    plan.folder.project_file.write_text("\n".join(lines))
    return Plan.read(plan.folder.root)


def _changed(line: str, changes: dict[str, int]) -> str:
    key = line.split("=")[0].strip()
    return f"{key} = {changes[key]}" if key in changes else line


def measure(folder: Path, tile_px: int, aborts: int) -> dict[str, object]:
    """All figures of one session."""
    app = QApplication(sys.argv[:1])
    theme.apply(app, theme.Mode.DARK)
    station = Station(app, plan_with(folder, tile_px))
    done = [station.abort_after(1.0 + 2.5 * n) for n in range(aborts)]
    if not station.finished:
        station.start()
        station.end()
    return {
        "tile_px": tile_px,
        "blocked_longest_s": {k: round(v, 4) for k, v in station.heartbeat.longest_s.items()},
        "ticks": station.heartbeat.ticks,
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
    blocked, aborts = found["blocked_longest_s"], found["aborts"]
    assert isinstance(blocked, dict) and isinstance(aborts, list)
    lines = [f"Longest block of the GUI's thread [ms] (target {TARGET_BLOCK_S * 1e3:.0f} during a run):"]
    lines += [f"  {phase:<28} {seconds * 1e3:7.1f}" for phase, seconds in blocked.items()]
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


if __name__ == "__main__":
    main()
