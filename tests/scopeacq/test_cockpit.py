"""The cockpit on the tiny twin: doses add up, optics come back, and frames can be kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tifffile

from hardware.errors import HardwareError
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from models.estimate import AberrationEstimator
from scopeacq.cockpit import Cockpit
from scopeacq.engine.readings import Author, Quantity
from scopeacq.focus.autofocus import Nobody
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.journal.laid_down import LaidDown
from scopeacq.journal.records import DoseBooked, FocusTried, Verdict
from scopeacq.manual import Manual
from scopeacq.plan.project import EstimatorName, FocusSettings
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.kept_frames import keep_frame
from scopeacq.storage.latest_tile import LatestTile, look_at_tile
from tests.scenarios.harness import NoAberration, Scores, TinyRun, tiny_project
from tests.scopeacq.manual_bench import FRAME, held

FOCUS = FocusSettings(width_px=64, height_px=64, estimators=(EstimatorName.DEEPFOCUS,))


def tiny(folder: Path, *faults: Fault) -> TinyRun:
    return TinyRun.make(folder, tiny_project(focus=FOCUS), FaultScript(faults))


def cockpit(manual: Manual, estimator: AberrationEstimator | None = None) -> Cockpit:
    methods = (PairFocus(estimator or NoAberration()),)
    vars(manual).update(scorer=Scores(), methods=methods)
    return Cockpit(manual, LaidDown())


def test_what_is_said_to_be_laid_down_is_what_was_booked(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    with held(run) as manual:
        made = cockpit(manual)
        made.grab(FRAME)
        made.focus(None, Nobody())
        series = made.through_focus(4.0, 5, lambda _: None)
    booked = [r.electron_dose_per_nm2 for r in run.records() if isinstance(r, DoseBooked)]
    assert len(booked) == 1 + 2 + 5
    assert series.laid_per_nm2 == pytest.approx(sum(booked))


def test_an_applied_correction_is_said_to_be_autofocus(tmp_path: Path) -> None:
    with held(tiny(tmp_path)) as manual:
        trial = cockpit(manual).focus(EstimatorName.DEEPFOCUS, Nobody())
        assert trial.outcome.applied and trial.depth.wd_um > 0
        assert manual.read().set_by[Quantity.WD] is Author.AUTOFOCUS


def test_a_dead_scanner_leaves_optics_and_beam_as_they_were(tmp_path: Path) -> None:
    with held(tiny(tmp_path, Fault(Device.SCANNER, FaultKind.UNPLUGGED, AfterCalls(3)))) as manual:
        made, before = cockpit(manual), manual.devices.column.optics()
        with pytest.raises(HardwareError):
            made.through_focus(4.0, 9, lambda _: None)
        assert made.laid.at(manual.looks_at_um()) > 0
        trial = made.focus(None, Nobody())
        assert trial.outcome.trouble is not None
        with pytest.raises(HardwareError):
            made.compare()
        assert manual.devices.column.optics() == before
        assert manual.devices.column.state().blanked


def test_a_method_that_the_project_does_not_name_is_refused(tmp_path: Path) -> None:
    with held(tiny(tmp_path)) as manual, pytest.raises(SettingsError, match="by hand"):
        cockpit(manual).focus(EstimatorName.MAPFOST, Nobody())


def test_frames_are_kept_beside_each_other(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    with held(run) as manual:
        made = cockpit(manual)
        shot = made.grab(replace(FRAME, bit_depth=16))
    names = {keep_frame(run.plan, shot) for _ in range(3)}
    assert len(names) == 3
    with tifffile.TiffFile(run.plan.folder.root / names.pop()) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        told = json.loads(page.description)
        assert page.asarray().dtype == shot.seen.frame.image.dtype
    assert told["electron_dose_per_nm2"] == shot.electron_dose_per_nm2
    assert told["instrument"] == run.plan.instrument.name and told["verdict"] == Verdict.SHARP.value


def test_the_latest_tile_of_a_run_can_be_looked_at(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    latest = LatestTile()
    with run.start() as program:
        assert look_at_tile(program.rig.store, latest) is None
        program.engine.run(1)
        for record in run.records():
            latest.apply(record)
        seen = look_at_tile(program.rig.store, latest)
    assert seen is not None and seen.image.shape == (64, 64)
    assert seen.judged.key.section == run.plan.wafer.sections[0].id
    assert seen.histogram.counts.sum() == seen.image.size


@pytest.mark.parametrize("dead", [False, True])
def test_a_correction_by_hand_is_journalled_whatever_comes_of_it(tmp_path: Path, dead: bool) -> None:
    faults = [Fault(Device.SCANNER, FaultKind.UNPLUGGED, AfterCalls(0))] if dead else []
    run = tiny(tmp_path, *faults)
    with held(run) as manual:
        made = cockpit(manual)
        place_um = manual.looks_at_um()
        trial = made.focus(None, Nobody())
    (tried,) = (r for r in run.records() if isinstance(r, FocusTried))
    assert (tried.x_um, tried.y_um) == pytest.approx(place_um)
    assert (tried.applied, tried.end) == (not dead, trial.outcome.end)
    assert tried.iterations == trial.outcome.iterations
