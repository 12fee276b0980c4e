"""Real calibrations by mouse and keys, from Prepare to what became of the result, on tiny twins."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import cv2
import pytest
from pytestqt.qtbot import QtBot

from hardware.simulator.config import IrradiationSettings as Gun
from scopeacq.manual import Manual
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.new_run import write_run
from scopeacq.plan.profiles import value_at
from tests.calibration.burn_twin import PLACE_UM, TRUE_GUN, burn_run
from tests.calibration.test_raster import DIAMETER_UM, GUN, picture
from tests.scenarios.harness import TinyRun
from tests.scopeacq.manual_bench import held
from tests.ui.calibrate_bench import CalibrateBench, shown
from ui.presenters.calibration import Decision, WizardStep

Look = Callable[[str], None]


def on_disk(run: TinyRun, folder: Path) -> TinyRun:
    """The same run, which can be changed by what is accepted."""
    run.plan = write_run(folder / "walk.scopeacq", run.plan.project, run.plan.wafer, run.plan.instrument)
    return run


def page(
    qtbot: QtBot,
    run: TinyRun,
    kind: CalibrationKind,
    hold: Callable[[TinyRun], AbstractContextManager[Manual]] = held,
) -> AbstractContextManager[CalibrateBench]:
    """The page, before anything of it is pressed, with all calibrations as they are."""
    return shown(CalibrateBench(qtbot, run, kind, hold=hold))


def accepts_and_undoes(bench: CalibrateBench, key: str, look: Look = lambda _: None) -> object:
    """Use a result, look at the list, undo it there; the value that was in use between."""
    before = value_at(bench.on_disk, key)
    bench.click(bench.view.wizard.result.accept)
    bench.qtbot.waitUntil(lambda: bool(bench.view.wizard.result.decision.text()), timeout=20_000)
    assert bench.view.wizard.result.decision.text() == Decision.ACCEPTED.value
    bench.word("Fits")
    look("accepted")
    used = value_at(bench.on_disk, key)
    bench.click(bench.view.entries.cards[bench.kind].undo)
    bench.word("Never measured")
    assert bench.view.wizard.result.decision.text() == Decision.UNDONE.value
    assert value_at(bench.on_disk, key) == before != used
    return used


def test_marks_are_burned_looked_at_accepted_and_undone(qtbot: QtBot, tmp_path: Path) -> None:
    run = on_disk(burn_run(tmp_path), tmp_path)
    with page(qtbot, run, CalibrationKind.ION_BEAM) as bench:
        bench.choose()
        prepare = bench.view.wizard.prepare
        assert prepare.form is not None and ("consent",) not in prepare.form.rows, "agreed to once"
        bench.enter("x_um", f"{PLACE_UM[0]:g}")
        bench.enter("y_um", f"{PLACE_UM[1]:g}")
        assert not prepare.begin.isEnabled()
        bench.click(prepare.confirm)
        bench.begin()
        bench.at(WizardStep.RESULT)
        assert not run.nature.gun.open and len(bench.view.wizard.result.figures.cards) >= 1
        elevation_deg = accepts_and_undoes(bench, "mill.gun_elevation_deg")
    assert elevation_deg == pytest.approx(TRUE_GUN.elevation_deg, abs=0.15)


def test_a_picture_of_a_target_gives_the_raster(qtbot: QtBot, tmp_path: Path) -> None:
    run, path = on_disk(TinyRun.make(tmp_path), tmp_path), tmp_path / "target.png"
    assert cv2.imwrite(str(path), picture())
    with page(qtbot, run, CalibrationKind.RASTER) as bench:
        bench.choose()
        for key, text in {"picture": str(path), "x_vpp": "5", "y_vpp": "6"}.items():
            bench.enter(key, text)
        bench.enter("diameter_um", f"{DIAMETER_UM:g}")
        bench.begin()
        bench.at(WizardStep.RESULT)
        um_per_volt = accepts_and_undoes(bench, "mill.raster_um_per_volt")
    assert um_per_volt == pytest.approx(GUN.um_per_vpp, rel=0.01)


def test_an_irradiation_ends_here_with_the_dose_so_far(qtbot: QtBot, tmp_path: Path) -> None:
    run = on_disk(TinyRun.make(tmp_path), tmp_path)
    body = run.nature.irradiation
    body.settings = Gun(on_after_s=40.0)
    with page(qtbot, run, CalibrationKind.IRRADIATION) as bench:
        bench.choose()
        for key, text in {"target_1e27_ev_per_cm3": "5", "area_mm2": "50", "offset_readings": "12"}.items():
            bench.enter(key, text)
        bench.begin()
        measure = bench.view.wizard.measure
        qtbot.waitUntil(lambda: "to go" in measure.sentence.text(), timeout=20_000)
        bench.click(measure.end)
        bench.at(WizardStep.RESULT)
        assert not body.beam_on(run.nature.now_s) and body.charge_uc(run.nature.now_s) > 0
        result = bench.view.wizard.result
        assert "ended before its target" in result.reasons.text() and not result.accept.isVisible()
        bench.word("Never measured")
