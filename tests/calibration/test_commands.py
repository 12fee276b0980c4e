"""``scopeacq calibrate``: results as text and JSON, profiles accepted and undone, bad input refused."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import calibration.measuring
from calibration.bench import Bench
from calibration.folders import PROFILE, sitting_folders
from calibration.keeping import look
from calibration.measurements import LOG
from calibration.procedure import Need, Result
from hardware.errors import Refused
from scopeacq.cli import run_command
from scopeacq.journal.records import RunOpened
from scopeacq.manual import Manual
from scopeacq.plan.as_found import NAME, left_changed
from scopeacq.plan.calibrations import CalibrationKind, Verdict
from scopeacq.plan.demo import make_demo
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.new_run import write_run
from scopeacq.plan.preflight import Site, check
from scopeacq.plan.profiles import value_at
from scopeacq.plan.run_templates import copy_of
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.exit_codes import ExitCode
from tests.calibration.tiny_procedure import KEY, PROCEDURE, TinySettings, measure
from tests.scenarios.harness import TinyRun
from tests.scopeacq.manual_bench import held

SITE = Site(network_problems=lambda _: [])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyRun:
    """A run whose files lie on the disk, on a twin in this process; every calibration is the tiny one."""
    run = TinyRun.make(tmp_path)
    parts = run.plan.project, run.plan.wafer, run.plan.instrument
    run.plan.folder.root.rmdir()
    run.plan = write_run(run.plan.folder.root, *parts)

    @contextmanager
    def in_hand(_: Plan) -> Iterator[Manual]:
        with OwnerLock.of_run(run.plan.folder.root), held(run) as manual:
            yield manual

    monkeypatch.setattr(calibration.measuring, "open_manual", in_hand)
    monkeypatch.setattr(calibration.measuring, "procedure_of", lambda _: PROCEDURE)
    return run


def calibrate(capsys: pytest.CaptureFixture[str], run: TinyRun, *options: str) -> tuple[int, str, str]:
    capsys.readouterr()
    name, *rest = options
    code = run_command(["calibrate", name, str(run.plan.folder.root), *rest])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return code, printed.out, " ".join(printed.err.split())


def as_json(capsys: pytest.CaptureFixture[str], run: TinyRun, *options: str) -> dict[str, Any]:
    code, out, error = calibrate(capsys, run, *options, "--json")
    assert code == ExitCode.FINISHED, error
    result: dict[str, Any] = json.loads(out)
    return result


def instrument(run: TinyRun) -> Instrument:
    return Instrument.read(run.plan.folder.instrument_file)


def bad(bench: Bench, settings: TinySettings) -> Result:
    verdict = Verdict(good=False, reasons=("Too few images.",))
    return replace(measure(bench, settings), verdict=verdict)


# -- measuring -----------------------------------------------------------------------------


def test_a_calibration_says_in_json_what_it_found(capsys: pytest.CaptureFixture[str], run: TinyRun) -> None:
    said = as_json(capsys, run, "scan", "--set", "steps=2")
    assert said["kind"] == "scan" and said["good"] and said["reasons"] == ["All images are there."]
    (value,) = said["values"]
    assert value["key"] == KEY and value["before"] == value_at(run.plan.instrument, KEY)
    assert said["conditions"]["landing_energy_kv"] == 1.5
    assert Path(said["profile"]).is_file() and Path(said["report"]).is_file()
    assert instrument(run) == run.plan.instrument, "nothing is accepted that nobody accepted"


def test_a_calibration_shows_its_comparison_and_how_to_accept(
    capsys: pytest.CaptureFixture[str], run: TinyRun
) -> None:
    code, out, _ = calibrate(capsys, run, "scan")
    assert code == ExitCode.FINISHED
    for part in ("Probe", "4.5 nm", "Good.", "report.html", "calibrate accept"):
        assert part in out


def test_accept_undo_and_undo_again(capsys: pytest.CaptureFixture[str], run: TinyRun) -> None:
    stages = [instrument(run)]
    said = as_json(capsys, run, "scan", "--accept")
    assert KEY in " ".join(said["accepted"])
    stages.append(instrument(run))
    as_json(capsys, run, "scan", "--set", "steps=2")
    assert "instead of" in " ".join(as_json(capsys, run, "accept", "scan")["said"])
    assert value_at(instrument(run), KEY) != value_at(stages[1], KEY)
    assert "In use again" in " ".join(as_json(capsys, run, "undo", "scan")["said"])
    assert instrument(run) == stages[1]
    as_json(capsys, run, "undo", "scan")
    assert instrument(run) == stages[0]
    code, _, error = calibrate(capsys, run, "undo", "scan")
    assert code == ExitCode.BAD_INPUT and "no calibration scan in use" in error


def test_a_bad_verdict_is_not_accepted_unless_somebody_insists(
    capsys: pytest.CaptureFixture[str], run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration.measuring, "procedure_of", lambda _: replace(PROCEDURE, measure=bad))
    code, out, _ = calibrate(capsys, run, "scan", "--accept")
    assert code == ExitCode.FAILED and "Too few images." in out
    assert instrument(run) == run.plan.instrument
    code, _, error = calibrate(capsys, run, "accept", "scan")
    assert code == ExitCode.BAD_INPUT and "is not good: Too few images." in error
    as_json(capsys, run, "accept", "scan", "--even-if-bad")
    assert value_at(instrument(run), KEY) != value_at(run.plan.instrument, KEY)


def test_measurements_that_were_changed_since_are_no_reason_for_a_profile(
    capsys: pytest.CaptureFixture[str], run: TinyRun
) -> None:
    profile = Path(as_json(capsys, run, "scan")["profile"])
    log = profile.with_name(LOG)
    log.write_text(log.read_text().replace("luck", "skill"))
    code, _, error = calibrate(capsys, run, "accept", "scan")
    assert code == ExitCode.BAD_INPUT and "is not what the profile beside it came from" in error
    log.unlink()
    as_json(capsys, run, "accept", "scan")


def test_ctrl_c_pauses_and_the_same_command_goes_on(
    capsys: pytest.CaptureFixture[str], run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(bench: Bench, settings: TinySettings) -> Result:
        measure(bench, TinySettings(steps=1))
        os.kill(os.getpid(), signal.SIGINT)
        return measure(bench, settings)

    paused = replace(PROCEDURE, measure=interrupted)
    monkeypatch.setattr(calibration.measuring, "procedure_of", lambda _: paused)
    code, _, error = calibrate(capsys, run, "scan")
    assert code == ExitCode.PAUSED and "the same command goes on" in error
    assert left_changed(run.plan.instrument_folder) is None
    monkeypatch.setattr(calibration.measuring, "procedure_of", lambda _: PROCEDURE)
    as_json(capsys, run, "scan")
    assert len(sitting_folders(run.plan.folder)) == 1
    as_json(capsys, run, "scan", "--anew")
    assert len(sitting_folders(run.plan.folder)) == 2


def test_what_counts_may_be_ended_with_what_it_has_once_it_was_paused(
    capsys: pytest.CaptureFixture[str], run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counting(bench: Bench, settings: TinySettings) -> Result:
        result = measure(bench, TinySettings(steps=1))
        if not bench.ends:
            os.kill(os.getpid(), signal.SIGINT)
            measure(bench, settings)
        return result

    procedure = replace(PROCEDURE, measure=counting, ends_early=True)
    monkeypatch.setattr(calibration.measuring, "procedure_of", lambda _: procedure)
    code, _, error = calibrate(capsys, run, "scan", "--end")
    assert code == ExitCode.BAD_INPUT and "nothing that was paused can be ended" in error
    code, _, error = calibrate(capsys, run, "scan")
    assert code == ExitCode.PAUSED and "With --end it ends with what it has" in error
    as_json(capsys, run, "scan", "--end")
    assert len(sitting_folders(run.plan.folder)) == 1


def on_files(bench: Bench, settings: TinySettings) -> Result:
    """A procedure that needs no instrument."""
    for share in (0.0, 0.5):
        bench.tell(share, "Reading [files]")
        os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("nobody heard the interruption")


def test_ctrl_c_pauses_what_works_on_files_as_well(
    capsys: pytest.CaptureFixture[str], run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    procedure = replace(PROCEDURE, measure=on_files, needs=frozenset())
    monkeypatch.setattr(calibration.measuring, "procedure_of", lambda _: procedure)
    assert calibrate(capsys, run, "scan")[0] == ExitCode.PAUSED


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("scan", "--set", "steps"), "not KEY=VALUE"),
        (("scan", "--set", "steps=0"), "steps should be at least 1"),
        (("scan", "--set", "stepz=2"), "did you mean steps?"),
        (("scan", "--set", "steps.x=2"), "steps"),
        (("scan", "--end"), "cannot be ended with what it has"),
        (("accept", "scan"), "no calibration scan was measured"),
        (("accept", "nothing.toml"), "no such profile. Name a profile.toml that was measured"),
        (("accept", "sacn"), "or a calibration: deepfocus, ground-truth, scan,"),
        (("adopt", "scan", "--profile", "nothing.toml"), "no such profile"),
        (("adopt", "scan"), "No calibration scan"),
        (("undo", "moon"), "moon"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], run: TinyRun, options: tuple[str, ...], says: str
) -> None:
    code, _, error = calibrate(capsys, run, *options)
    assert code == ExitCode.BAD_INPUT and says in error.replace("│ ", "")
    assert instrument(run) == run.plan.instrument and not sitting_folders(run.plan.folder)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(max_size=12) | st.from_regex(r"(steps|step_um|a)(\.\w)?=.{0,6}"), max_size=3))
def test_any_settings_are_refused_in_order_or_taken(
    capsys: pytest.CaptureFixture[str], run: TinyRun, texts: list[str]
) -> None:
    options = [f"--set={text}" for text in texts]
    code, _, _ = calibrate(capsys, run, "scan", "--show", *options)
    assert code in (ExitCode.FINISHED, ExitCode.BAD_INPUT)


def test_a_run_that_has_begun_goes_on_by_new_values_and_that_is_said(
    capsys: pytest.CaptureFixture[str], run: TinyRun
) -> None:
    with run.start() as program:
        program.rig.record(RunOpened("0", "host", 1))
    said = as_json(capsys, run, "scan", "--accept")["accepted"]
    assert "This run has begun" in said[-1]
    assert "error: The calibration" not in findings(Plan.read(run.plan.folder.root))


def test_the_ion_beam_is_only_opened_by_who_allows_it(
    capsys: pytest.CaptureFixture[str], run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs = PROCEDURE.needs | {Need.IONS}
    monkeypatch.setattr(calibration.measuring, "procedure_of", lambda _: replace(PROCEDURE, needs=needs))
    code, _, error = calibrate(capsys, run, "scan")
    assert code == ExitCode.BAD_INPUT and "--open-ion-beam" in error
    assert calibrate(capsys, run, "scan", "--open-ion-beam")[0] == ExitCode.FINISHED


def test_show_says_costs_and_settings_and_measures_nothing(
    capsys: pytest.CaptureFixture[str], run: TinyRun
) -> None:
    code, out, _ = calibrate(capsys, run, "scan", "--show", "--set", "steps=5")
    assert code == ExitCode.FINISHED and "moves the stage, takes images" in out
    assert "steps = 5" in out and "0.8 min" in out and not sitting_folders(run.plan.folder)


def test_a_run_under_way_is_left_alone(capsys: pytest.CaptureFixture[str], run: TinyRun) -> None:
    as_json(capsys, run, "scan")
    with OwnerLock.of_run(run.plan.folder.root):
        for options in (("scan",), ("accept", "scan"), ("restore", "--as-it-is")):
            assert calibrate(capsys, run, *options)[0] == ExitCode.BUSY
    assert instrument(run) == run.plan.instrument


# -- lists, other conditions, other runs ---------------------------------------------------


def test_the_list_says_what_is_in_use_and_what_waits(
    capsys: pytest.CaptureFixture[str], run: TinyRun
) -> None:
    as_json(capsys, run, "scan", "--accept")
    as_json(capsys, run, "scan", "--anew")
    newest = sitting_folders(run.plan.folder)[-1]
    (newest / PROFILE).write_text("junk")
    (newest.parent / "torn").mkdir()
    found = as_json(capsys, run, "list")
    scan = next(kind for kind in found["kinds"] if kind["kind"] == "scan")
    assert len(scan["in_use"]) == 1 and len(scan["measured"]) == 1 and scan["fit"] == "exact"
    assert [str(newest) in found["unreadable"][0], "torn" in found["unreadable"][1]] == [True, True]
    code, out, _ = calibrate(capsys, run, "list")
    assert code == ExitCode.FINISHED and "never" in out


def findings(plan: Plan) -> str:
    return " ".join(f"{f.severity.value}: {f.text}" for f in check(plan, SITE))


def with_kv(run: TinyRun, kv: float) -> Plan:
    text = run.plan.folder.instrument_file.read_text()
    start = text.index("eht_kv")
    line = text[start : text.index("\n", start)]
    run.plan.folder.instrument_file.write_text(text.replace(line, f"eht_kv = {kv}", 1))
    run.plan = Plan.read(run.plan.folder.root)
    return run.plan


def test_a_run_is_refused_under_other_conditions_until_one_is_adopted(
    capsys: pytest.CaptureFixture[str], run: TinyRun
) -> None:
    as_json(capsys, run, "scan", "--accept")
    assert "calibration scan" not in findings(Plan.read(run.plan.folder.root))
    with_kv(run, 2.5)
    assert "error: The calibration scan in use was measured at landing energy 1.5 kV" in findings(run.plan)
    as_json(capsys, run, "scan", "--accept")
    assert "error: The calibration scan" not in findings(Plan.read(run.plan.folder.root))
    with_kv(run, 2.0)
    assert "Interpolated" in " ".join(as_json(capsys, run, "adopt", "scan")["said"])
    plan = Plan.read(run.plan.folder.root)
    assert "note: The calibration scan in use is interpolated" in findings(plan)
    assert "error: The calibration scan" not in findings(plan)


def test_a_copy_of_a_run_goes_by_its_calibrations_and_says_when_profiles_are_gone(
    capsys: pytest.CaptureFixture[str], run: TinyRun, tmp_path: Path
) -> None:
    profile = Path(as_json(capsys, run, "scan", "--accept")["profile"])
    copy = copy_of(Plan.read(run.plan.folder.root)).write(tmp_path / "copy.scopeacq")
    assert value_at(copy.instrument, KEY) == value_at(instrument(run), KEY)
    assert "not there any more" not in findings(copy)
    profile.unlink()
    assert "note: The calibration scan in use came from" in findings(copy)


# -- putting back --------------------------------------------------------------------------


def test_an_instrument_that_was_left_changed_is_told_and_restored(
    capsys: pytest.CaptureFixture[str], run: TinyRun
) -> None:
    code, out, _ = calibrate(capsys, run, "restore")
    assert code == ExitCode.FINISHED and "nothing to put back" in out
    with held(run) as manual:
        found = look(manual, CalibrationKind.SCAN)
        manual.set_beam_shift(3.0, 0.0)
    (run.plan.instrument_folder / NAME).write_text(found.model_dump_json())
    assert "error: A calibration scan was cut off" in findings(run.plan)
    assert calibrate(capsys, run, "restore")[0] == ExitCode.FINISHED
    assert left_changed(run.plan.instrument_folder) is None
    with held(run) as manual:
        assert manual.devices.column.beam_shift_um() == found.beam_shift_um


def test_an_instrument_may_be_taken_as_it_is(capsys: pytest.CaptureFixture[str], run: TinyRun) -> None:
    run.plan.instrument_folder.mkdir(exist_ok=True)
    (run.plan.instrument_folder / NAME).write_text("{}")
    assert "is damaged" in findings(run.plan)
    assert calibrate(capsys, run, "scan")[0] == ExitCode.BAD_INPUT
    assert calibrate(capsys, run, "restore", "--as-it-is")[0] == ExitCode.FINISHED
    assert calibrate(capsys, run, "scan")[0] == ExitCode.FINISHED


def test_what_could_not_be_put_back_is_said_with_the_error(
    capsys: pytest.CaptureFixture[str], run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(bench: Bench, settings: TinySettings) -> Result:
        measure(bench, settings)
        raise Refused("scanner", "it refused")

    monkeypatch.setattr(
        calibration.measuring, "procedure_of", lambda _: replace(PROCEDURE, measure=failing)
    )
    code, _, error = calibrate(capsys, run, "scan")
    assert code == ExitCode.FAILED
    assert "it refused" in error and "stays where it was stopped" in error and "restore" in error


def test_the_demo_lists_its_calibrations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = make_demo(tmp_path)
    assert run_command(["calibrate", "list", str(plan.folder.root)]) == ExitCode.FINISHED
    assert run_command(["calibrate", "moon", str(plan.folder.root)]) == ExitCode.BAD_INPUT
