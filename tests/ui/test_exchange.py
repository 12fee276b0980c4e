"""Sections from and for other programs, in the step Sections: asked about, read, taken, written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from hardware.errors import Busy
from scopeacq.manual import Manual
from scopeacq.plan.overviews import Overview
from scopeacq.plan.placement import Placement
from scopeacq.plan.runfolder import Plan
from scopeacq.sections.candidates import Candidates, Origin, Verdict
from scopeacq.sections.imports.reading import read_sections
from scopeacq.storage.pyramid_tiff import Level
from tests.scopeacq.drawn_wafers import OUTLINES_PX, placed, same, true_rings
from tests.ui.wafers import plan_of, written
from ui.hand.manual import ManualControl
from ui.hand.works import Works
from ui.messages.banner import Banner
from ui.plan.plan_editing import PlanEditing
from ui.prepare.desk import PrepareDesk
from ui.prepare.exchange import BY_DIALOG, Choosers
from ui.prepare.exchange_work import ExchangeWork
from ui.prepare.sections_step import SectionsStep
from ui.presenters import review_edits
from ui.presenters.overviews import Underlay
from ui.presenters.prepare import PrepareView, Step, StepView
from ui.tasks import Tasks

SOON_MS = 10_000
COUNT = len(OUTLINES_PX)
TRUE = true_rings(placed())
MAGC = "".join(
    f"[sections.{k:04d}]\npolygon = {','.join(f'{v:.3f}' for p in outline for v in p)}\n"
    for k, outline in enumerate(OUTLINES_PX)
)
LANDMARK = "[landmarks.0000]\nlocation = 20,30\n"
TABLE = "id;x1;y1;x2;y2;x3;y3;x4;y4\n" + "".join(
    f"{k};{';'.join(f'{v:.3f}' for p in outline for v in p)}\n" for k, outline in enumerate(OUTLINES_PX)
)


@contextmanager
def taken(_: Plan) -> Iterator[Manual]:
    """Nobody needs the instrument here."""
    raise Busy("instrument", "it is held by another program", "Close that first.")
    yield


def picture(folder: Path, name: str, placement: Placement) -> Overview:
    path = folder / f"{name}.ome.tif"
    path.touch()
    return Overview(path, placement, (Level((500, 600), (500, 600)),))


@dataclass
class Bench:
    """The step Sections over a run on the disk, and what its operator will name."""

    qtbot: QtBot
    body: SectionsStep
    desk: PrepareDesk
    work: ExchangeWork
    folder: Path
    named: list[Path] = field(default_factory=list)
    views: list[PrepareView] = field(default_factory=list)
    listed: list[None] = field(default_factory=list)

    def press(self, entry: str) -> None:
        """Choose an entry of the menu by how it begins, and wait until all is done."""
        menu = self.body.exchange.button.menu()
        assert menu is not None
        (action,) = [a for a in menu.actions() if a.text().startswith(entry)]
        action.trigger()
        self.settle()

    def bring(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.named.append(path)
        self.press("Import")

    def answer(self, words: str) -> None:
        card = self.body.exchange.question
        card.frames.setCurrentIndex(card.frames.findText(words))
        card.go_on.click()
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.desk.works.work is None, timeout=SOON_MS)

    def show(self, *overviews: Overview) -> None:
        self.desk.show_underlay(Underlay(overviews))

    def offered(self) -> list[str]:
        """What may be answered; nothing where nothing is asked."""
        card = self.body.exchange.question
        texts = [card.frames.itemText(n) for n in range(card.frames.count())]
        return texts if card.isVisibleTo(self.body) else []

    @property
    def candidates(self) -> Candidates:
        return self.desk.candidates

    @property
    def step(self) -> StepView:
        return self.views[-1].step(Step.SECTIONS)


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    plan = written(plan_of(tmp_path / "run.scopeacq"))
    banner, tasks, manual = Banner(), Tasks(), ManualControl(plan, taken)
    editing = PlanEditing(plan, tasks, banner)
    desk = PrepareDesk(editing, Works(manual))
    body = SectionsStep()
    for widget in (banner, body):
        qtbot.addWidget(widget)
    named: list[Path] = []

    def choose(_: QWidget) -> Path | None:
        return named.pop() if named else None

    work = ExchangeWork(body.exchange, desk, Choosers(choose, choose))
    made = Bench(qtbot, body, desk, work, tmp_path, named)
    desk.viewed.connect(made.views.append)
    work.review_wanted.connect(lambda: made.listed.append(None))
    editing.edit_in(desk)
    with qtbot.waitSignal(editing.allowed, timeout=SOON_MS):
        editing.allow()
    made.show(picture(tmp_path, "mosaic", placed()))
    yield made
    desk.stop()
    editing.stop()
    tasks.close()
    manual.close()


def test_pixels_of_the_only_picture_need_no_question(bench: Bench) -> None:
    bench.bring("wafer.magc", MAGC + LANDMARK)
    assert bench.offered() == []
    assert bench.step.note == (
        f"{COUNT} sections of wafer.magc added. 1 landmark added. Look at them, then accept them."
    )
    brought = bench.candidates.sections
    assert all(same(c.outline_um, ring) > 0.99 for c, ring in zip(brought, TRUE, strict=True))
    assert {c.origin for c in brought} == {Origin.IMPORTED}
    (mark,) = bench.desk.plan.wafer.landmarks
    assert mark.wafer_um == pytest.approx(placed().wafer_um((20.0, 30.0)))
    assert len(bench.listed) == 1


def test_an_import_is_one_step_to_undo(bench: Bench) -> None:
    bench.bring("wafer.magc", MAGC + LANDMARK)
    editor = bench.desk.editor
    assert editor is not None
    assert editor.to_undo == "Import wafer.magc"
    editor.undo()
    assert not editor.unsaved and editor.to_undo == ""


def test_what_lies_on_known_ones_is_counted_and_left_out(bench: Bench) -> None:
    bench.bring("wafer.magc", MAGC)
    bench.desk.propose(review_edits.accept(["S000", "S001"]))
    bench.desk.propose(review_edits.remove(["S002"]))
    bench.bring("again.magc", MAGC)
    assert bench.step.note.startswith(f"1 section of again.magc added; {COUNT - 1} on known ones left out.")
    bench.bring("again.magc", MAGC)
    assert bench.step.note == f"{COUNT} sections in again.magc, on known ones: none added."
    assert len(bench.candidates.sections) == COUNT
    assert len(bench.listed) == 2


def test_a_file_without_a_unit_is_asked_about(bench: Bench) -> None:
    bench.bring("table.csv", TABLE)
    assert bench.body.exchange.question.asks.text() == "table.csv does not say what its places are in."
    assert bench.offered() == ["Pixels of mosaic", "Micrometres on the wafer"]
    assert bench.candidates == Candidates()
    bench.answer("Micrometres on the wafer")
    assert bench.offered() == []
    corner = bench.candidates.sections[0].outline_um[0]
    assert min(abs(corner[0] - x) for x, _ in OUTLINES_PX[0]) < 0.01


def test_of_several_pictures_one_is_chosen(bench: Bench) -> None:
    other = picture(bench.folder, "light", placed(mirrored=True))
    bench.show(picture(bench.folder, "mosaic", placed()), other)
    bench.bring("wafer.magc", MAGC)
    assert sorted(bench.offered()) == ["Pixels of light", "Pixels of mosaic"]
    bench.answer("Pixels of light")
    mirrored = true_rings(placed(mirrored=True))
    assert same(bench.candidates.sections[3].outline_um, mirrored[3]) > 0.99


def test_a_question_is_given_up_and_follows_the_pictures(bench: Bench) -> None:
    first = picture(bench.folder, "mosaic", placed())
    bench.show(first, picture(bench.folder, "light", placed()))
    bench.bring("wafer.magc", MAGC)
    bench.body.exchange.question.give_up.click()
    assert bench.offered() == [] and bench.candidates == Candidates()
    bench.bring("wafer.magc", MAGC)
    bench.show(first)
    bench.settle()
    assert bench.offered() == []
    assert len(bench.candidates.sections) == COUNT


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "id;x;y\nA;1;two\n", "line 2: y is 'two'"),
        ("a.geojson", "{", "not valid JSON"),
        ("a.pdf", "", "files of this kind are not read"),
        ("a.magc", MAGC.replace("polygon = ", "polygon = x"), f"{COUNT} problems"),
        ("a.magc", "[sections.0000]\npolygon = 9000,9000,9100,9000,9100,9100\n", "lie beside mosaic"),
        ("a.csv", "id;x_um;y_um;width;height\nA;9e5;9e5;999999;999999\n", "no simple polygon"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(bench: Bench, name: str, text: str, said: str) -> None:
    bench.bring(name, text)
    assert said in bench.step.trouble
    assert "failed" not in bench.step.trouble
    assert bench.candidates == Candidates() and not bench.listed


def test_pixels_without_a_picture_are_refused(bench: Bench) -> None:
    bench.show()
    bench.bring("wafer.magc", MAGC)
    assert "add that picture as an overview" in bench.step.trouble


def test_what_is_edited_meanwhile_is_kept(bench: Bench) -> None:
    bench.named.append(bench.folder / "wafer.magc")
    bench.named[0].write_text(MAGC)
    bench.work.import_sections()
    bench.desk.propose(review_edits.draw_found(TRUE[0]))
    bench.settle()
    origins = [c.origin for c in bench.candidates.sections]
    assert origins == [Origin.DRAWN, *[Origin.IMPORTED] * (COUNT - 1)]
    assert "1 on known ones left out" in bench.step.note


def test_sections_are_written_as_they_lie_in_the_plan(bench: Bench) -> None:
    bench.bring("wafer.magc", MAGC)
    bench.desk.propose(review_edits.accept(["S000"]))
    bench.desk.propose(review_edits.reject(["S001"]))
    for entry, unit in (("Export in pixels of mosaic", "px"), ("Export in micrometres", "um")):
        target = bench.folder / f"{unit}.geojson"
        target.write_text("replaced, since the dialog has asked")
        bench.named.append(target)
        bench.press(entry)
        assert bench.step.note.startswith(f"{COUNT - 1} sections written to {unit}.geojson, in ")
        sections = {s.name: s.outline for s in read_sections(target).sections}
        assert "S001" not in sections
        there = tuple((float(x), float(y)) for x, y in OUTLINES_PX[4]) if unit == "px" else TRUE[4]
        assert same(sections["S004"], there) > 0.99
    verdicts = [f["properties"]["verdict"] for f in json.loads(target.read_text())["features"]]
    assert verdicts == [Verdict.ACCEPTED.value, *[Verdict.OPEN.value] * (COUNT - 2)]


def test_the_files_of_the_run_are_not_written_over(bench: Bench) -> None:
    bench.bring("wafer.magc", MAGC)
    own = bench.desk.plan.folder.wafer_file
    before = own.read_text()
    bench.named.append(own)
    bench.press("Export in micrometres")
    assert "belongs to the run" in bench.step.trouble
    assert own.read_text() == before


def test_without_a_section_nothing_is_written(bench: Bench) -> None:
    bench.named.append(bench.folder / "out.geojson")
    bench.press("Export in micrometres")
    assert "no section to write" in bench.step.trouble
    assert not (bench.folder / "out.geojson").exists()


def test_a_folder_that_is_gone_is_told(bench: Bench) -> None:
    bench.bring("wafer.magc", MAGC)
    bench.named.append(bench.folder / "gone" / "out.geojson")
    bench.press("Export in micrometres")
    assert "gone" in bench.step.trouble and "failed" not in bench.step.trouble


def test_files_are_named_in_qts_own_dialog(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    asked: list[str] = []

    def named(_: QWidget, title: str, folder: str, kinds: str) -> tuple[str, str]:
        asked.append(f"{title}: {kinds}")
        return (str(tmp_path / "a.magc"), kinds) if len(asked) == 1 else ("", "")

    monkeypatch.setattr(QFileDialog, "getOpenFileName", named)
    assert BY_DIALOG.source(parent) == tmp_path / "a.magc"
    assert "*.magc" in asked[0] and "*.csv" in asked[0]
    assert BY_DIALOG.source(parent) is None

    def typed(dialog: QFileDialog) -> int:
        assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
        assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setDirectory(str(tmp_path))
        dialog.selectFile("mine")
        return 1

    monkeypatch.setattr(QFileDialog, "exec", typed)
    target = BY_DIALOG.target(parent)
    assert target is not None and target.name.startswith("mine") and target.parent == tmp_path
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 0)
    assert BY_DIALOG.target(parent) is None
