"""The command line: quick help, exit codes for scripts, one sentence for bad input, nothing touched."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hardware.errors import Busy, Collision, ConnectionLost, OutOfRange
from scopeacq.cli import run_command
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import RunEnd
from scopeacq.plan.demo import make_demo
from scopeacq.plan.findings import error
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.exit_codes import ExitCode, of_run_end
from scopeacq.telling.explain import Explained, expected_code, explaining

FILES = ("project.toml", "wafer.geojson", "instrument.toml")
COMMANDS = ("check", "status", "run", "report")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo")).folder.root


@pytest.fixture
def copy_of(demo: Path, tmp_path: Path) -> Callable[[str], Path]:
    def copied(name: str) -> Path:
        target = tmp_path / name
        target.mkdir()
        for file in FILES:
            (target / file).write_bytes((demo / file).read_bytes())
        return target

    return copied


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence of a refusal with exit code 2."""
    capsys.readouterr()
    assert run_command(list(arguments)) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1, error
    return error


def _loaded(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join(m for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_loads_nothing_heavy_and_says_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    heavy = {"torch", "PyQt5", "cv2", "scipy", "numpy", "tensorstore", "pydantic"}
    loaded = _loaded("from scopeacq.cli import run_command; run_command(['--help'])")
    assert heavy & loaded == set()
    assert run_command(["--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert all(code.meaning in text for code in ExitCode)


def test_the_version_is_said_without_loading_torch(capsys: pytest.CaptureFixture[str]) -> None:
    # the word itself is part of what is said
    assert "torch.nn" not in _loaded("from scopeacq.cli import run_command; run_command(['--version'])")
    assert run_command(["--version"]) == 0
    said = capsys.readouterr().out
    assert f"scopeacq {version('scopeacq')} (Python {platform.python_version()}, torch " in said


def test_the_demo_never_loads_qt() -> None:
    loaded = _loaded("import scopeacq.plan.demo, scopeacq.running, scopeacq.telling.report")
    assert not any(name.startswith(("PyQt5", "pyqtgraph")) for name in loaded)


def test_new_makes_a_run_that_check_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine.scopeacq"
    assert run_command(["new", str(folder)]) == 0
    # nobody has confirmed the wiring of the blanker yet: an error of the plan, not of the program
    assert run_command(["check", str(folder)]) == ExitCode.BAD_INPUT
    assert "unpowered or unplugged" in capsys.readouterr().err
    assert "exists already" in refused(capsys, "new", str(folder))


def test_check_says_costs_and_reminders(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["check", str(demo)]) == 0
    text = capsys.readouterr().out
    for part in ("80 in all", "Finished at", "5.18 \u00b5C", "manual valve"):
        assert part in text


def test_status_as_json_of_a_run_that_has_not_begun(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["status", str(demo), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["state"], document["cycles_done"]) == ("paused", 0)


def test_status_sees_whether_a_process_holds_the_run(
    copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of("run")
    journal = Journal.create(run / "journal.sqlite")
    journal.append(r.RunOpened("0", "host", 1))
    journal.close()

    def status() -> dict[str, object]:
        capsys.readouterr()
        assert run_command(["status", str(run), "--json"]) == 0
        document: dict[str, object] = json.loads(capsys.readouterr().out)
        return document

    with OwnerLock.of_run(run):
        held = status()
        assert held["state"] == "running"
        assert isinstance(held["running_since"], float)
        assert abs(time.time() - held["running_since"]) < 60
    after = status()
    assert (after["state"], after["running_since"], after["last_plane_at"]) == ("paused", None, None)


def test_cycles_that_are_done_already_are_said_and_nothing_starts(
    copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of("run")
    journal = Journal.create(run / "journal.sqlite")
    journal.append(r.RunOpened("0", "host", 1), r.CycleDone(0), r.CycleDone(1))
    journal.close()
    before = sorted(run.parent.rglob("*"))
    assert run_command(["run", str(run), "--cycles", "2"]) == ExitCode.FINISHED
    assert "2 cycles done, 2 asked for" in capsys.readouterr().out
    assert {p.name for p in set(run.parent.rglob("*")) - set(before)} <= {
        "journal.sqlite-wal",
        "journal.sqlite-shm",
    }


def test_a_second_program_on_a_run_is_refused(
    copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of("run")
    with OwnerLock.of_run(run):
        assert run_command(["run", str(run)]) == ExitCode.BUSY
    assert "in use by process" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(
    command: str, file: str, copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of("run")
    (run / file).unlink()
    before = contents(run)
    assert file in refused(capsys, command, str(run))
    assert contents(run) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_is_no_run_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "not a run folder" in refused(capsys, command, str(tmp_path / "nowhere"))


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"\x00" * 5000, os.urandom(3000)])
@pytest.mark.parametrize("command", ["check", "status", "report", "run"])
def test_a_damaged_journal_is_refused_and_left_alone(
    command: str, content: bytes, copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of("run")
    (run / "journal.sqlite").write_bytes(content)
    before = contents(run)
    error = refused(capsys, command, str(run))
    for name in ("journal.sqlite-wal", "journal.sqlite-shm", "journal-before-mill.sqlite"):
        assert name in error
    assert contents(run) == before


def test_a_specimen_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = refused(capsys, "demo", "--out", str(tmp_path / "o"), "--specimen", str(tmp_path / "no.tif"))
    assert "no.tif" in error
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_may_not_start_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scopeacq.plan.preflight.check", lambda *_, **__: [error("There is no room.")])
    assert run_command(["demo", "--out", str(tmp_path / "o")]) == ExitCode.BAD_INPUT
    shown = capsys.readouterr()
    assert "There is no room." in shown.err
    assert "Report" not in shown.out
    assert list(tmp_path.iterdir()) == []


def test_a_report_into_a_folder_is_refused(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is a folder" in refused(capsys, "report", str(demo), "--out", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "deepfocus, deepscore" in refused(capsys, "train", "nobody")


def test_an_export_into_the_run_itself_is_refused(
    copy_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of("run")
    Journal.create(run / "journal.sqlite").close()
    assert "outside of it" in refused(capsys, "export", str(run), str(run / "copy"))


def test_an_export_of_a_run_that_has_not_begun_makes_nothing(
    copy_of: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no journal" in refused(capsys, "export", str(copy_of("run")), str(tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()


def test_a_seed_that_no_project_takes_is_an_argument_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    assert run_command(["demo", "--seed", "9" * 30, "--out", str(out)]) == ExitCode.BAD_INPUT
    assert "--seed" in capsys.readouterr().err
    assert not out.exists()


def test_the_readme_says_the_exit_codes() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert all(f"| {code.value} | {code.meaning} |" in readme for code in ExitCode)


# -- hostile files -----------------------------------------------------------------------

REPLACEMENTS = [
    b"\x00",
    b"\xff\xfe",
    b"1e999",
    b"-1",
    b"nan",
    b"99999999999999999999999999",
    b'"\\u0000"',
    b"[" * 5000,
    b"{" * 5000,
    b"null",
    b"true",
    b"\n",
    b"x" * 10_000,
]


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Cut a file somewhere, or put something wrong over a part of it."""
    where, length = draw(st.floats(0, 1)), draw(st.integers(0, 60))
    what = draw(st.one_of(st.none(), st.sampled_from(REPLACEMENTS), st.binary(max_size=40)))

    def apply(data: bytes) -> bytes:
        at = int(where * len(data))
        return data[:at] if what is None else data[:at] + what + data[at + length :]

    return apply


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from(FILES), damaged=damage())
@example(file="wafer.geojson", damaged=lambda _: b"[" * 100_000)
@example(file="wafer.geojson", damaged=lambda _: b'{"a":' * 100_000)
@example(file="project.toml", damaged=lambda _: b"a = " + b"[" * 100_000)
@example(file="instrument.toml", damaged=lambda _: bytes(range(256)))
@example(file="project.toml", damaged=lambda data: data.replace(b"cycles = 5", b"cycles = " + b"9" * 5000))
@example(file="wafer.geojson", damaged=lambda data: data.replace(b"200.0", b"9" * 5000))
@example(file="project.toml", damaged=lambda data: data.replace(b"scopeacq.run/1", b"scopeacq.run/2"))
@example(file="wafer.geojson", damaged=lambda data: data.replace(b"Polygon", b"MultiPolygon"))
def test_a_damaged_file_is_refused_a_line_per_problem_or_harmless(
    file: str,
    damaged: Callable[[bytes], bytes],
    demo: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path_factory.mktemp("hostile")
    for name in FILES:
        (run / name).write_bytes((demo / name).read_bytes())
    (run / file).write_bytes(damaged((demo / file).read_bytes()))
    before = contents(run)
    capsys.readouterr()
    code = run_command(["status", str(run), "--json"])
    error = capsys.readouterr().err.strip()
    # damage in a comment or a harmless digit is no damage
    assert code in (ExitCode.FINISHED, ExitCode.BAD_INPUT), error
    if code == ExitCode.BAD_INPUT:
        first, *problems = error.splitlines()
        assert file in first
        assert not problems or f": {len(problems)} problems. " in first
    assert contents(run) == before


# -- errors and codes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Busy("microscope", "in use"), ExitCode.BUSY),
        (OutOfRange("simulator", "setting seed: wrong"), ExitCode.BAD_INPUT),
        (ConnectionLost("stage", "gone"), ExitCode.FAILED),
        (Collision("stage", "would touch"), ExitCode.FAILED),
        (FileExistsError(17, "exists", "f"), ExitCode.BAD_INPUT),
        (OSError(5, "input/output error"), ExitCode.FAILED),
        (KeyError("a bug"), None),
        (ValueError("a bug"), None),
    ],
)
def test_errors_have_codes_that_scripts_can_use(error: Exception, code: ExitCode | None) -> None:
    assert expected_code(error) == code


def test_what_the_system_refuses_is_a_sentence_with_the_file_and_advice(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "file"
    with pytest.raises(Explained) as caught, explaining():
        file.write_text("x")
    sentence = f"{file}: No such file or directory. Check the path and its permissions."
    assert str(caught.value) == sentence


def test_every_end_of_a_run_has_a_code() -> None:
    assert {of_run_end(end) for end in RunEnd} == {
        ExitCode.FINISHED,
        ExitCode.PAUSED,
        ExitCode.WAITING,
        ExitCode.FAILED,
    }


def test_what_nobody_expected_is_logged_in_full_and_said_in_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(Explained, match=r"ZeroDivisionError.*error-.*\.log") as caught,
        explaining(tmp_path / "logs"),
    ):
        _ = 1 / 0
    (log,) = (tmp_path / "logs").iterdir()
    assert "Traceback" in log.read_text()
    assert caught.value.code is ExitCode.FAILED
