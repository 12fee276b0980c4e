"""Pictures of the window for README and manual, every view and panel in dark and light.

``python -m tests.screenshots`` makes them all in ``docs/pictures/window`` within some minutes: of a demo
run that it makes (or ``--run FOLDER``: of one that is finished), and of one that is under way. It writes
the manual's page of all keys, too. ``--scale 2 --out DIR`` shows how the window looks on a screen of 200 %.

They show neither folders nor names of the machine that makes them: runs lie in a home folder of their own.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from PIL import Image, ImageColor
from PyQt5.QtCore import QBuffer, QByteArray, QIODevice
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from ui.hand.manual import ManualControl
    from ui.viewport import WaferViewport
    from ui.window import MainWindow
    from ui.workspace import Workspace

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "pictures" / "window"
KEYBOARD = ROOT / "docs" / "manual" / "keyboard.md"
SEED = 5
SIZE_PX = 1440, 900
SETTLE_S = 1.0
PATIENCE_S = 300.0
HOST = "microscope"
WITH_INSTRUMENT = frozenset({"live", "calibrate", "calibrating"})
DEVICES = {
    "SEM": {"driver": "zeiss-smartsem"},
    "raster": {
        "driver": "keysight-33500",
        "settings": {"address": "USB0::0x0957::0x2C07::MY52800001::INSTR"},
    },
    "blanker": {"driver": "dcon-relay", "settings": {"port": "COM4"}},
    "Faraday cup": {"driver": "keithley-6485", "settings": {"port": "COM5"}},
    "plasma cleaner": {"driver": "ibss-gv10x", "settings": {"port": "COM6"}},
}
"""Of the instrument that the wizard is shown with."""
COLOURS = 200, 128, 64, 32, 16, 8
LARGEST_BYTES = 200_000


@dataclass(frozen=True)
class Wanted:
    """What is to be made. ``only``: names of pictures, all where empty; ``run``: a finished demo run."""

    out: Path = OUT
    only: frozenset[str] = frozenset()
    run: Path | None = None
    size_px: tuple[int, int] = SIZE_PX

    def __contains__(self, name: str) -> bool:
        return not self.only or name in self.only


def main(arguments: list[str]) -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the pictures")
    parser.add_argument("--scale", type=float, default=1.0, help="of the screen: 1, 1.5 or 2")
    parser.add_argument("--size", default=f"{SIZE_PX[0]}x{SIZE_PX[1]}", help="of the window, unscaled")
    parser.add_argument("--run", type=Path, help="a finished demo run, which is copied")
    parser.add_argument("only", nargs="*", help="names of pictures; all of them by default")
    asked = parser.parse_args(arguments)
    width, height = map(int, asked.size.split("x"))
    os.environ.update(QT_QPA_PLATFORM="offscreen", QT_FONT_DPI="96", QT_SCALE_FACTOR=str(asked.scale))
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        patch("platform.node", return_value=HOST),
    ):
        os.environ["HOME"] = home
        folder = Path(home) / "runs"
        folder.mkdir()
        run = asked.run and shutil.copytree(asked.run, folder / "finished" / asked.run.name)
        make(Wanted(asked.out.absolute(), frozenset(asked.only), run, (width, height)), folder)


def make(wanted: Wanted, folder: Path) -> None:
    """Make pictures, with runs in ``folder``."""
    from ui.app import make_application

    app = QApplication.instance() or make_application()
    assert isinstance(app, QApplication)
    wanted.out.mkdir(parents=True, exist_ok=True)
    finished = wanted.run or finished_run(folder)
    if not wanted.only or wanted.only - {"start", "prepare", "found", "running", *WITH_INSTRUMENT}:
        with studio(app, wanted, folder) as work:
            work.of_finished(finished)
    with studio(
        app, wanted, folder, (interrupted_run(folder), finished, folder / "moved.scopeacq")
    ) as work:
        work.of_start()
        work.of_connecting()
        work.of_bare_wafer(folder)
        work.of_running(folder)


def finished_run(folder: Path) -> Path:
    """The demo, run to its end as the command line runs it."""
    from scopeacq.cli import run_command

    run_command(["demo", "--seed", str(SEED), "--out", str(folder / "finished")])
    return folder / "finished" / "demo.scopeacq"


def interrupted_run(folder: Path) -> Path:
    """A run that was killed in its first mill pass."""
    from scopeacq.journal.journal import Journal
    from scopeacq.plan.demo import make_demo
    from scopeacq.storage.files import DiskFiles
    from tests.ui.presenters.test_start import OPENED, first_pass, opening, slice_taken

    plan = make_demo(folder / "interrupted", seed=SEED)
    journal = Journal.create(plan.folder.journal_file, DiskFiles())
    first, charge_uc = first_pass(plan)
    for record in (OPENED, *slice_taken(plan), first, opening(plan, charge_uc)):
        journal.append(record)
    journal.close()
    return plan.folder.root


@contextmanager
def studio(
    app: QApplication, wanted: Wanted, folder: Path, recent: Sequence[Path] = ()
) -> Iterator[Studio]:
    """A window of its own, closed at the end. ``recent``: runs that it remembers."""
    from ui.memory import Memory, MemoryFile
    from ui.window import MainWindow

    settings = MemoryFile(folder / "window.toml")
    settings.write(Memory(recent=tuple(map(str, recent))))
    window = MainWindow(settings, folder)
    window.resize(*wanted.size_px)
    window.show()
    try:
        yield Studio(app, window, wanted)
    finally:
        window.close()
        window.deleteLater()
        app.processEvents()


class Studio:
    """Brings the window into a state, and keeps a picture of it in each mode."""

    def __init__(self, app: QApplication, window: MainWindow, wanted: Wanted) -> None:
        self._app, self._window, self._wanted = app, window, wanted

    def of_finished(self, root: Path) -> None:
        """Each view and each panel of a run that is done, the help beside them, and all keys."""
        from tests.ui.keyboard import keyboard_page

        workspace = self._open(root)
        for key in workspace.views:
            if key not in WITH_INSTRUMENT:
                workspace.show_view(key)
                self.keep(key, self._window)
        workspace.show_view(workspace.views[0])
        for key in workspace.panels:
            if key in workspace.rooms.homes:
                continue  # shown where a wafer is prepared
            dock = workspace.panel(key)
            dock.raise_()
            self.keep(f"panel-{key}", dock)
        if "keyboard" in self._wanted:
            KEYBOARD.write_text(keyboard_page(self._window), encoding="utf-8")
        workspace.show_view(workspace.views[0])
        workspace.panel("preflight").raise_()
        self._window.assistance.show_page("index")
        self.keep("help", self._window)

    def of_start(self) -> None:
        """The start page with the runs that it remembers."""
        self._window.show_start()
        self.wait(4 * SETTLE_S)
        self.keep("start", self._window)

    def of_connecting(self) -> None:
        """The wizard on an instrument of several makers, of which the gun is still to be found."""
        if "connect" not in self._wanted:
            return
        from hardware.instruments_file import FILE_NAME, Draft, written
        from ui.connect.mounting import Connect

        draft = Draft.model_validate({"name": "Merlin with GCIB 10S", "devices": DEVICES})
        file = Path.home() / "instrument" / FILE_NAME
        file.parent.mkdir()
        file.write_text(written(draft), encoding="utf-8")
        self._window.connect_instrument()
        wizard = self._window.findChild(Connect)
        assert isinstance(wizard, Connect)
        self.until(lambda: wizard.desk.now.doing is None)
        wizard.page.next.click()
        self.wait(SETTLE_S)
        self.keep("connect", self._window)
        self._window.show_start()

    def of_bare_wafer(self, folder: Path) -> None:
        """A wafer whose overview was taken, and whose sections were found on it."""
        if not {"prepare", "found"} & (self._wanted.only or {"prepare"}):
            return
        from scopeacq.plan.run_templates import template_named
        from ui.prepare.panel import PreparePanel
        from ui.prepare.sections_step import SectionsStep
        from ui.presenters.prepare import State, Step

        plan = template_named("wafer").write(folder / "bare" / "wafer.scopeacq")
        workspace = self._open(plan.folder.root)
        panel = workspace.findChild(PreparePanel)
        assert isinstance(panel, PreparePanel)
        word = lambda step: panel.cards[step].head.word.text()  # noqa: E731
        panel.cards[Step.OVERVIEW].body.acquire.click()
        self.until(lambda: word(Step.OVERVIEW) == State.DONE.value.word)
        panel.open_step(Step.SECTIONS)
        body = panel.cards[Step.SECTIONS].body
        assert isinstance(body, SectionsStep)
        body.seek.click()
        self.until(lambda: word(Step.SECTIONS) == State.LOOK.value.word)
        self.wait(2 * SETTLE_S)
        self.keep("prepare", self._window)
        viewport = self._of_review(workspace)
        workspace.strip.release_asked.emit()
        while viewport.editor is not None and viewport.editor.to_undo:
            viewport.undo()
        self.until(lambda: workspace.objection() is None)

    def _of_review(self, workspace: Workspace) -> WaferViewport:
        """What was found, some of it judged, from near."""
        from ui.presenters import review_edits
        from ui.viewport import WaferViewport

        viewport = workspace.view("wafer")
        assert isinstance(viewport, WaferViewport)
        names = [candidate.id for candidate in viewport.items.candidates.sections]
        viewport.propose(review_edits.accept(names[:5]))
        viewport.propose(review_edits.reject(names[5:6]))
        workspace.panel("found").show()
        workspace.panel("found").raise_()
        viewport.review.go_on()
        self.keep("found", self._window)
        return viewport

    def of_running(self, folder: Path) -> None:
        """The live view with the instrument in hand, then a run until its first section is imaged."""
        if not {"running", *WITH_INSTRUMENT} & (self._wanted.only or {"live"}):
            return
        from scopeacq.plan.demo import make_demo

        workspace = self._open(make_demo(folder / "running", seed=SEED).folder.root)
        if "live" in self._wanted:
            self._of_live(workspace)
        if "calibrate" in self._wanted or "calibrating" in self._wanted:
            self._of_calibration(workspace)
        if "running" in self._wanted:
            self._of_run(workspace)

    def _of_live(self, workspace: Workspace) -> None:
        """A frame in focus on the first section."""
        from ui.live.page import LivePage

        page = workspace.findChild(LivePage)
        assert isinstance(page, LivePage)
        workspace.show_view("live")
        self._take_in_hand(workspace)
        for press in (page.focus.start, page.action_bar.grab_button):
            self.until(press.isEnabled)
            press.click()
            self.wait(SETTLE_S)
        self.until(page.action_bar.grab_button.isEnabled)
        self.wait(SETTLE_S)
        page.tabs.setCurrentWidget(page.frame)
        workspace.panel("instrument").raise_()
        self.keep("live", self._window)
        self._let_go(workspace)

    def _of_calibration(self, workspace: Workspace) -> None:
        """The stage being calibrated, and what came of it."""
        from scopeacq.plan.calibrations import CalibrationKind
        from ui.calibrate.view import CalibrateView
        from ui.presenters.calibration import WizardStep

        view = workspace.view("calibrate")
        assert isinstance(view, CalibrateView)
        workspace.show_view("calibrate")
        self._take_in_hand(workspace)
        view.entries.cards[CalibrationKind.STAGE].pressed.emit()
        wizard = view.wizard
        self.until(wizard.prepare.begin.isEnabled)
        wizard.prepare.begin.click()
        self.until(lambda: wizard.measure.bar.value() > 0.6 * wizard.measure.bar.maximum() > 0)
        self.keep("calibrating", self._window)
        self.until(lambda: wizard.step is WizardStep.RESULT)
        self.wait(SETTLE_S)
        self.keep("calibrate", self._window)
        self._let_go(workspace)

    def _take_in_hand(self, workspace: Workspace) -> None:
        """Connect, and drive to the first section."""
        manual = _manual_of(workspace)
        workspace.strip.connect_asked.emit()
        self.until(lambda: manual.connected)
        x_um, y_um = workspace.plan.wafer.sections[0].roi_centre_um
        there: list[object] = []
        manual.submit(lambda hand: hand.go(hand.way_to(x_um, y_um)), there.append, "Going there")
        self.until(lambda: there)

    def _let_go(self, workspace: Workspace) -> None:
        workspace.strip.release_asked.emit()
        manual = _manual_of(workspace)
        self.until(lambda: not manual.connected)
        workspace.show_view(workspace.views[0])

    def _of_run(self, workspace: Workspace) -> None:
        from ui.panels.preflight_panel import PreflightPanel
        from ui.panels.run_panel import RunPanel

        panel, preflight = workspace.findChild(RunPanel), workspace.findChild(PreflightPanel)
        assert isinstance(panel, RunPanel)
        assert isinstance(preflight, PreflightPanel)
        for box in preflight.boxes.values():
            box.click()
        self.until(panel.buttons.start.isEnabled)
        panel.buttons.start.click()
        self.until(lambda: panel.planes.bar.value() >= 6)
        self.keep("running", self._window)
        panel.buttons.abort.click()
        self.until(lambda: workspace.objection() is None)

    def keep(self, name: str, widget: QWidget) -> None:
        """A picture in each mode, if it is wanted."""
        if name not in self._wanted:
            return
        from ui.theme import Mode

        for mode in Mode:
            self._window.use_mode(mode)
            self.wait(SETTLE_S)
            (self._wanted.out / f"{name}-{mode.value}.png").write_bytes(small_png(widget.grab()))

    def wait(self, seconds: float) -> None:
        """Let the window work."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._app.processEvents()
            time.sleep(0.01)

    def until(self, holds: Callable[[], object]) -> None:
        """Let the window work until something holds."""
        end_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end_s, "the window did not get there"
            self.wait(0.05)

    def _open(self, root: Path) -> Workspace:
        self._window.open_run(root)
        self.until(lambda: self._window.workspace is not None)
        assert self._window.workspace is not None
        self.wait(4 * SETTLE_S)
        return self._window.workspace


def _manual_of(workspace: Workspace) -> ManualControl:
    from ui.hand.manual import ManualControl

    manual = workspace.findChild(ManualControl)
    assert isinstance(manual, ManualControl)
    return manual


def small_png(pixmap: QPixmap) -> bytes:
    """A PNG with a palette, of as many colours as it may have to be small."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixmap.save(buffer, "PNG")
    picture = Image.open(io.BytesIO(bytes(data))).convert("RGB")
    made = (_with_palette(picture, colours) for colours in COLOURS)
    return next((png for png in made if len(png) < LARGEST_BYTES), _with_palette(picture, COLOURS[-1]))


def _with_palette(picture: Image.Image, colours: int) -> bytes:
    png = io.BytesIO()
    palette = _palette(picture, colours)
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(png, "PNG", optimize=True)
    return png.getvalue()


def _palette(picture: Image.Image, colours: int) -> Image.Image:
    """The theme's colours, the plain grounds of the picture, and what its images need of other colours."""
    from ui.theme import SHADES

    theme = {ImageColor.getrgb(getattr(shades, n)) for shades in SHADES.values() for n in shades.__slots__}
    counted = sorted(picture.getcolors(picture.width * picture.height) or (), reverse=True)
    plain = [colour for _, colour in counted[: colours // 4]]
    others = picture.quantize(colours // 2).getpalette() or []
    made = Image.new("P", (1, 1))
    made.putpalette([part for colour in dict.fromkeys((*theme, *plain)) for part in colour] + others)
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
