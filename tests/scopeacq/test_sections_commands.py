"""``scopeacq wafer detect``, ``train`` and ``review`` on a drawn wafer: from its picture to a plan."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.weights import Weights
from scopeacq.cli import run_command
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.sections import review
from scopeacq.sections.candidates import Candidates, LabelKind, Verdict
from scopeacq.sections.tuning import Teaching, TuneProgress
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.exit_codes import ExitCode
from tests.scopeacq.drawn_wafers import OUTLINES_PX, greys, overview_in, placed, true_rings

TRUE = true_rings(placed())
COUNT = len(OUTLINES_PX)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an overview and no section."""
    plan = make_demo(tmp_path_factory.mktemp("bare"))
    bare = replace(plan.wafer, sections=())
    plan.folder.wafer_file.write_text(bare.to_geojson(), encoding="utf-8")
    overview_in(plan.folder.overviews, greys(), placed())
    return plan.folder.root


@pytest.fixture
def run(prepared: Path, tmp_path: Path) -> RunFolder:
    """A copy of it."""
    return RunFolder(Path(shutil.copytree(prepared, tmp_path / "run.scopeacq")))


def done(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    """What a command says with ``--json``."""
    capsys.readouterr()
    assert run_command(["wafer", *map(str, arguments), "--json"]) == ExitCode.FINISHED, (
        capsys.readouterr().err
    )
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one sentence of a refusal with exit code 2."""
    capsys.readouterr()
    assert run_command(["wafer", *map(str, arguments)]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err.strip()
    assert "Traceback" not in said
    return said


def candidates_of(run: RunFolder) -> Candidates:
    return Candidates.read(run.candidates_file)


def drawn(run: RunFolder, candidates: Candidates) -> None:
    run.candidates_file.write_text(candidates.to_geojson(), encoding="utf-8")


def test_a_bare_wafer_becomes_a_plan(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    found = done(capsys, "detect", run.root)
    assert found["new"] == found["candidates"]["open"] == COUNT
    assert found["way"] == "without training"
    assert found["section_length_um"] == pytest.approx(240, rel=0.08)
    judged = done(
        capsys, "review", run.root, "--reject", "S001,S002", "--accept", "S003", "--accept-above", 0.5
    )
    assert judged["counts"]["rejected"] == 2
    assert judged["counts"]["accepted"] == judged["counts"]["in_plan"] == COUNT - 2
    sections = Plan.read(run.root).wafer.sections
    assert {s.id for s in sections} == {c["id"] for c in judged["candidates"] if c["verdict"] == "accepted"}
    again = done(capsys, "detect", run.root, "--example", "S005")
    assert again["new"] == 0
    assert again["way"] == "by one example"
    back = done(capsys, "review", run.root, "--reopen", "S003")
    assert back["counts"]["in_plan"] == COUNT - 3


def test_a_person_reads_sentences_and_a_table(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["wafer", "detect", str(run.root)]) == ExitCode.FINISHED
    assert f"{COUNT} new candidates of about 24" in capsys.readouterr().out
    assert run_command(["wafer", "review", str(run.root)]) == ExitCode.FINISHED
    said = capsys.readouterr().out
    assert "S015" in said
    assert f"{COUNT} open, 0 accepted, 0 rejected; 0 sections in the plan." in said


def test_what_another_program_drew_is_imported_and_exported(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "sections.csv"
    lines = [
        f"{k};{';'.join(f'{v:.2f}'.replace('.', ',') for p in o for v in p)}"
        for k, o in enumerate(OUTLINES_PX)
    ]
    table.write_text("id;x1;y1;x2;y2;x3;y3;x4;y4\n" + "\n".join(lines), encoding="utf-8")
    brought = done(capsys, "review", run.root, "--import", table, "--accept-above", 1)
    assert brought["imported"] == brought["counts"]["in_plan"] == COUNT
    out = tmp_path / "out.geojson"
    assert done(capsys, "review", run.root, "--export", out, "--overview", "wafer")["exported_to"] == str(
        out
    )
    corners = json.loads(out.read_text())["features"][0]["geometry"]["coordinates"][0]
    assert sorted(corners[:-1])[0] == pytest.approx(sorted(OUTLINES_PX[0].tolist())[0], abs=0.01)
    before = run.candidates_file.read_text(), run.wafer_file.read_text()
    for bad, said in ((out, "exists already"), (tmp_path / "more.geojson", "there is no overview other")):
        options = "--reject", "S001", "--export", bad, "--overview", "other"
        assert said in refused(capsys, "review", run.root, *options)
        assert (run.candidates_file.read_text(), run.wafer_file.read_text()) == before


def test_the_network_is_taught_and_then_used(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    labelled = Candidates()
    for ring in TRUE[:5]:
        labelled = review.label(labelled, LabelKind.TISSUE, ring)
    drawn(run, labelled)
    taught = done(capsys, "train", run.root, "--minutes", 0.02)
    assert taught["outlined"] == 5
    assert not taught["stopped"]
    assert Weights.load(run.section_weights).card["tuned_on_sections"] == 5
    found = done(capsys, "detect", run.root)
    assert found["way"] == "by the network taught this wafer"
    assert found["new"] >= COUNT - 2
    assert candidates_of(run).labels == labelled.labels


def test_what_cannot_be_done_is_said_and_changes_nothing(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn(run, review.label(Candidates(), LabelKind.BACKGROUND, TRUE[0]))
    before = run.candidates_file.read_text(), run.wafer_file.read_text()
    root = run.root
    assert "only say where no section is" in refused(capsys, "train", root)
    assert "no overview nowhere" in refused(capsys, "detect", root, "--overview", "nowhere")
    assert "neither a candidate nor a section S9" in refused(capsys, "detect", root, "--example", "S9")
    assert "leave out --learned" in refused(capsys, "detect", root, "--example", "S9", "--learned")
    assert "no candidate S9" in refused(capsys, "review", root, "--accept", "S9")
    assert "no candidate S9" in refused(capsys, "review", root, "--split", "S9")
    assert "does not exist" in refused(capsys, "review", root, "--import", tmp_path / "none.csv")
    assert "--unit" in refused(capsys, "review", root, "--import", "a.csv", "--unit", "inch")
    with OwnerLock.of_run(root):
        drawn_before = run_command(["wafer", "detect", str(root)])
    assert drawn_before == ExitCode.BUSY
    assert before == (run.candidates_file.read_text(), run.wafer_file.read_text())


def test_a_run_that_has_begun_keeps_the_sections_that_it_worked_on(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    done(capsys, "detect", run.root)
    done(capsys, "review", run.root, "--accept", "S001,S002")
    frame = Plan.read(run.root).project.imaging.frame(0.0)
    exposing = r.PlaneExposing(r.PlaneKey(0, "S001", 0), 0, frame, 1.0)
    with closing(Journal.create(run.journal_file)) as journal:
        journal.append(r.RunOpened("0", "host", 1), exposing)
    assert "no longer holds S001" in refused(capsys, "review", run.root, "--reopen", "S001")
    assert candidates_of(run).section("S001").verdict is Verdict.ACCEPTED
    assert done(capsys, "review", run.root, "--reopen", "S002")["counts"]["in_plan"] == 1


def test_a_teaching_is_stopped_by_ctrl_c_and_kept(
    run: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = Candidates()
    for ring in TRUE[:3]:
        candidates = review.label(candidates, LabelKind.TISSUE, ring)
    drawn(run, candidates)
    steps = Teaching.steps

    def with_ctrl_c(teaching: Teaching) -> Iterator[TuneProgress]:
        for told in steps(teaching):
            os.kill(os.getpid(), signal.SIGINT)
            yield told

    monkeypatch.setattr(Teaching, "steps", with_ctrl_c)
    taught = done(capsys, "train", run.root, "--minutes", 60)
    assert (taught["steps"], taught["stopped"]) == (1, True)
    assert run.section_weights.is_file()


def test_an_interrupted_search_changes_nothing(
    run: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scopeacq.sections.on_wafer.find_sections", interrupted)
    assert run_command(["wafer", "detect", str(run.root)]) == ExitCode.PAUSED
    assert "nothing was changed" in capsys.readouterr().err
    assert not run.candidates_file.exists()


def test_one_of_several_overviews_is_chosen(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(run.overviews / "wafer.ome.tif", run.overviews / "other.ome.tif")
    shutil.copy(run.overviews / "wafer.toml", run.overviews / "other.toml")
    assert "Choose one with --overview: other, wafer" in refused(capsys, "detect", run.root)
    assert done(capsys, "detect", run.root, "--overview", "other")["overview"] == "other"


def test_a_run_without_an_overview_says_how_to_get_one(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(run.overviews)
    assert "scopeacq wafer overview" in refused(capsys, "detect", run.root)
