"""``scopeacq instruments``: drivers become a file, and the file an instrument that is tried and watched."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from hardware import discovery
from hardware.addresses import Address, Wire
from hardware.claim import LOCK_FILE, InstrumentLock
from hardware.emulators import __main__ as host_process
from hardware.errors import Deadline
from hardware.instruments_file import read_draft
from hardware.parts import Candidate, Part
from hardware.simulator.client import LOCK
from hardware.simulator.device import DRIVER as TWIN
from scopeacq.cli import run_command
from scopeacq.plan import preflight
from scopeacq.plan.assembly import target_of
from scopeacq.plan.demo import make_demo
from scopeacq.plan.findings import Finding, Severity
from scopeacq.plan.instrument import DriverSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.saving import save_instrument
from scopeacq.plan.settings import SettingsError
from scopeacq.telling.exit_codes import ExitCode
from tests.hardware.boxes import MAIN, Boxes, file_with, install

GUN = frozenset({Part.GUN, Part.RASTER, Part.ION_CURRENT, Part.BLANKER})
BOTH = '[devices.sem]\ndriver = "sem"\n[devices.gun]\ndriver = "gun"\n'


@pytest.fixture(autouse=True)
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    boxes = Boxes()
    drivers = {
        "sem": boxes.driver(MAIN - GUN),
        "gun": boxes.driver(GUN, recognise=lambda text: Candidate({"port": text}, "GUN 3")),
        "twin": boxes.driver(MAIN),
        "silent": boxes.driver(GUN, Deadline("gun", "does not answer", "Switch it on.")),
        "broken": None,
    }
    install(monkeypatch, drivers)
    return boxes


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command that succeeds prints."""
    capsys.readouterr()
    assert run_command(["instruments", *map(str, arguments)]) == ExitCode.FINISHED
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], code: ExitCode, *arguments: object) -> str:
    capsys.readouterr()
    assert run_command(["instruments", *map(str, arguments)]) == code
    return " ".join(capsys.readouterr().err.split())


def test_drivers_and_devices_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = file_with(tmp_path, BOTH)
    inventory = json.loads(said(capsys, "list", file, "--json"))
    assert [row["driver"] for row in inventory["drivers"]] == ["gun", "sem", "silent", "twin"]
    assert inventory["devices"][1] == {
        "device": "gun",
        "driver": "gun",
        "plays": ["gun", "ion_current", "raster", "blanker"],
    }
    assert "'broken'" in inventory["troubles"][0]
    table = said(capsys, "list", file)
    assert "A box" in table


def test_what_was_found_is_told_as_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = discovery.Listed((Address("COM1", Wire.SERIAL, known=False),), ("VISA: no answer.",))
    monkeypatch.setattr(discovery, "list_addresses", lambda _drivers: listed)
    text = said(capsys, "find", "--port", "COM7")
    assert 'COM7: GUN 3\n    driver = "gun"\n    port = "COM7"' in text
    assert "COM1: not asked" in text
    search = json.loads(said(capsys, "find", "--port", "COM7", "--only", "--json"))
    (finding,) = search["findings"]
    assert (finding["driver"], finding["settings"]) == ("gun", {"port": "COM7"})
    assert "--only needs addresses" in refused(capsys, ExitCode.BAD_INPUT, "find", "--only")


def test_a_new_file_names_every_setting_and_is_tried_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "instruments.toml"
    said(capsys, "new", file, "--device", "sem=sem", "--device", "ion gun=gun", "--name", "Merlin")
    text = file.read_text()
    for expected in (
        'name = "Merlin"',
        '[devices."ion gun"]',
        "# gain = 1.0  # Gain",
        "# It needs: nothing",
    ):
        assert expected in text
    assert set(read_draft(file).devices) == {"sem", "ion gun"}
    said(capsys, "test", file)
    assert "exists already" in refused(capsys, ExitCode.BAD_INPUT, "new", file, "--device", "sem=sem")
    wrong = refused(capsys, ExitCode.BAD_INPUT, "new", tmp_path / "x.toml", "--device", "sem=sen")
    assert "Drivers are: gun, sem" in wrong
    assert not (tmp_path / "x.toml").exists()


def test_a_new_file_has_each_part_played_once_and_works_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "merlin" / "instruments.toml"
    said(capsys, "new", file, "--device", "rest=twin", "--device", "sem=sem")
    devices = read_draft(file).devices
    assert devices["sem"].plays is None and set(devices["rest"].plays or ()) == GUN
    said(capsys, "test", file.parent)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--device", "=sem"), "a name has 1 to 80"),
        (("--device", "sem=sem", "--name", " x"), "a name has 1 to 80"),
        (("--device", "a=sem", "--device", "a=gun"), "Two devices are called 'a'"),
    ],
)
def test_names_that_cannot_be_are_refused_before_there_is_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    assert reason in refused(capsys, ExitCode.BAD_INPUT, "new", tmp_path / "x.toml", *arguments)
    assert not list(tmp_path.iterdir())


def test_a_new_file_asks_until_all_parts_are_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("sem\neyes\nnone\ngun\n\n"))
    text = said(capsys, "new", tmp_path / "asked.toml")
    assert "There is no driver 'none'" in text
    assert {n: d.driver for n, d in read_draft(tmp_path / "asked.toml").devices.items()} == {
        "eyes": "sem",
        "gun": "gun",
    }


def test_an_instrument_is_tried_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], boxes: Boxes
) -> None:
    file = file_with(tmp_path, BOTH)
    text = said(capsys, "test", file, "--report", tmp_path / "report.md")
    assert "passed   stage: the pose reads twice as the same" in text
    assert "left out scanner: a small frame is scanned: electrons were not chosen" in text
    assert "0 failed" in text
    assert (tmp_path / "report.md").read_text().startswith("# Self-test of Test")
    assert boxes.seen == ["+ sem", "+ gun", "- gun", "- sem"]
    document = json.loads(said(capsys, "test", file, "--json", "--with-beam"))
    assert document["with_beam"]
    outcomes = {check["part"]: check["outcome"] for check in document["checks"]}
    assert outcomes["scanner"] == "passed"


def test_a_report_that_cannot_be_written_loses_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_with(tmp_path, BOTH)
    assert run_command(["instruments", "test", str(file), "--report", str(tmp_path)]) != ExitCode.FINISHED
    shown = capsys.readouterr()
    assert "0 failed" in shown.out and f"{tmp_path}: " in shown.err
    said(capsys, "test", file, "--report", tmp_path / "reports" / "first.json")
    assert json.loads((tmp_path / "reports" / "first.json").read_text())["checks"]


def test_a_file_that_is_not_there_is_told_with_what_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = refused(capsys, ExitCode.BAD_INPUT, "test", tmp_path / "instruments.toml")
    assert missing.endswith("does not exist. Check the path, or make it with `scopeacq instruments new`.")


def test_one_device_is_tried_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], boxes: Boxes
) -> None:
    file = file_with(tmp_path, BOTH)
    said(capsys, "test", file, "--device", "gun")
    assert boxes.seen == ["+ gun", "- gun"]
    unknown = refused(capsys, ExitCode.BAD_INPUT, "test", file, "--device", "pump")
    assert "There is no device 'pump'" in unknown


def test_a_check_that_fails_is_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.hardware.fakes.FakeChamber.pressure_mbar", lambda _gauge: -1.0)
    file = file_with(tmp_path, BOTH)
    assert run_command(["instruments", "test", str(file)]) == ExitCode.FAILED
    assert "failed   chamber" in capsys.readouterr().out


def test_what_is_wrong_is_said_at_once_and_nothing_is_connected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], boxes: Boxes
) -> None:
    file = file_with(tmp_path, '[devices.sem]\ndriver = "semm"\n[devices.gun]\ndriver = "gun"\nplay = []\n')
    text = refused(capsys, ExitCode.BAD_INPUT, "test", file)
    assert "devices.gun.play is unknown; did you mean plays?" in text
    file_with(tmp_path, BOTH.replace('"sem"', '"silent"'))
    assert "2 problems" in refused(capsys, ExitCode.BAD_INPUT, "monitor", file)
    assert boxes.seen == []
    file_with(tmp_path, BOTH.replace('"gun"', '"silent"'))
    silent = refused(capsys, ExitCode.FAILED, "test", file)
    assert silent == "Connecting the sem ... Connecting the gun ... gun: does not answer. Switch it on."


def test_monitoring_is_a_line_of_json_for_each_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_with(tmp_path, BOTH)
    text = said(capsys, "monitor", file, "--json", "--rounds", 2, "--every-s", 0.1)
    first, second = map(json.loads, text.splitlines())
    assert second["at_s"] >= first["at_s"] + 0.1
    assert first["chamber"] == {"pressure_mbar": 2e-6}
    assert first["raster"]["load_ohm"] == 50.0
    assert first["troubles"] == {}
    table = said(capsys, "monitor", file, "--rounds", 1)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if "│" in line]
    assert ["chamber", "pressure", "2e-06", "mbar"] in rows
    assert ["raster", "load", "50", "ohm"] in rows
    named = [(part, what) for part, what, *_ in rows]
    assert len(named) == len(set(named))


def test_monitoring_goes_on_without_what_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_gauge: object) -> float:
        raise Deadline("gauge", "did not answer", "Look at it.")

    monkeypatch.setattr("tests.hardware.fakes.FakeChamber.pressure_mbar", lost)
    text = said(capsys, "monitor", file_with(tmp_path, BOTH), "--json", "--rounds", 1)
    line = json.loads(text)
    assert line["troubles"] == {"chamber": "gauge: did not answer. Look at it."}
    assert "stage" in line


@pytest.mark.parametrize("command", ["test", "monitor"])
def test_an_instrument_that_a_run_holds_is_left_alone(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], boxes: Boxes
) -> None:
    file = file_with(tmp_path, BOTH)
    lock = InstrumentLock(tmp_path / LOCK_FILE)
    try:
        assert "it is in use by process" in refused(capsys, ExitCode.BUSY, command, file)
    finally:
        lock.release()
    assert boxes.seen == []


def test_an_emulated_laboratory_runs_once_in_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hosted(folder: Path, _settings: object, _stop: object, ready: Callable[[Path], None]) -> None:
        ready(folder / "instruments.toml")

    monkeypatch.setattr(host_process, "emulate", hosted)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert said(capsys, "emulate", tmp_path) == f"{tmp_path / 'instruments.toml'}\n"
    with FileLock(tmp_path / LOCK):
        assert "runs in" in refused(capsys, ExitCode.BUSY, "emulate", tmp_path)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from scopeacq.cli import run_command; run_command(['instruments', '--help']); "
        "print(sorted({'torch', 'numpy', 'serial', 'pyvisa', 'PyQt5'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "emulate" in done.stdout


@pytest.fixture
def assembled_run(tmp_path: Path) -> Plan:
    """A run whose instrument is assembled, of no file yet."""
    plan = make_demo(tmp_path / "demo")
    driver = DriverSettings(name="assembled", folder=str(tmp_path), settings={})
    return save_instrument(plan, plan.instrument.model_copy(update={"driver": driver}))


def findings(plan: Plan, severity: Severity) -> list[str]:
    return [f.text for f in preflight.check(plan) if isinstance(f, Finding) and f.severity is severity]


def test_preflight_says_all_that_is_wrong_with_the_file(assembled_run: Plan, tmp_path: Path) -> None:
    (missing,) = findings(assembled_run, Severity.ERROR)
    assert "does not exist" in missing
    file_with(
        tmp_path, '[devices.sem]\ndriver = "semm"\n[devices.gun]\ndriver = "gun"\nsettings = {gain = 0}'
    )
    unknown, wrong = findings(assembled_run, Severity.ERROR)
    assert "devices.sem.driver: there is no driver 'semm'; did you mean sem?" in unknown
    assert "devices.gun.settings.gain should be greater than 0, but is 0." in wrong


def test_settings_left_over_from_another_driver_are_told_with_the_file_that_holds_them(
    assembled_run: Plan, tmp_path: Path
) -> None:
    file_with(tmp_path, BOTH)
    driver = assembled_run.instrument.driver.model_copy(update={"settings": {"seed": 0}})
    plan = save_instrument(assembled_run, assembled_run.instrument.model_copy(update={"driver": driver}))
    (wrong,) = findings(plan, Severity.ERROR)
    assert wrong == f"{plan.folder.instrument_file}: seed is unknown. Correct [driver.settings]."


def test_preflight_says_what_is_simulated(assembled_run: Plan, tmp_path: Path) -> None:
    file_with(tmp_path, BOTH)
    assert not findings(assembled_run, Severity.ERROR)
    assert not any("simulated" in text for text in findings(assembled_run, Severity.WARNING))
    file_with(
        tmp_path, '[devices.sem]\ndriver = "twin"\nplays = ["stage", "clock"]\n[devices.x]\ndriver = "twin"'
    )
    assert "All parts of this instrument are simulated." in findings(assembled_run, Severity.NOTE)
    parts = [part.value for part in MAIN - GUN]
    file_with(tmp_path, f'[devices.sem]\ndriver = "twin"\nplays = {parts}\n[devices.gun]\ndriver = "gun"\n')
    warned = findings(assembled_run, Severity.WARNING)
    assert any(
        text.startswith("These parts of the instrument are simulated: clock, column") for text in warned
    )
    assert not assembled_run.instrument.simulated


@pytest.mark.parametrize(
    ("settings", "right"),
    [
        ("", False),
        ('time = "real"\npace = 20', False),
        ('time = "real"', True),
        ("emulators = true", True),
    ],
)
def test_a_clock_that_is_simulated_may_not_time_real_devices(
    settings: str, right: bool, assembled_run: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, {"sem": Boxes().driver(MAIN - GUN - {Part.CLOCK}), "twin": TWIN})
    plays = [Part.CLOCK.value, *(part.value for part in GUN)]
    rest = f'[devices.rest]\ndriver = "twin"\nplays = {plays}\n[devices.rest.settings]\n{settings}\n'
    file_with(tmp_path, f'[devices.sem]\ndriver = "sem"\n{rest}')
    wrong = "rest: its time does not pass as that of the real devices beside it."
    said = [f'{wrong} Set time = "real" and pace = 1.']
    assert findings(assembled_run, Severity.ERROR) == ([] if right else said)


def test_a_runs_instrument_is_a_target_as_a_file_is(
    assembled_run: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str], boxes: Boxes
) -> None:
    root = assembled_run.folder.root
    with pytest.raises(SettingsError, match="does not exist"):
        target_of(root)
    file_with(tmp_path, BOTH)
    said(capsys, "test", root)
    assert boxes.seen == ["+ sem", "+ gun", "- gun", "- sem"]
    assert (tmp_path / "guard.jsonl").exists()
