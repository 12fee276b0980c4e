"""The plan's forms without a window: what is entered is in the plan and its files, or says why not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.types import FrameSettings
from scopeacq.journal.records import PlaneExposing, PlaneKey
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.plan_changes import Begun
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import DiskFiles
from tests.ui.wafers import plan_of, section, written
from ui.presenters import form_text as ft
from ui.presenters.editing import Editor
from ui.presenters.edits import delete
from ui.presenters.forms import Field, fields_of
from ui.presenters.forms import Path as Keys
from ui.presenters.plan_forms import PlanForms

PLAN = plan_of(Path("nowhere.scopeacq"), section("S001"), section("S002", (900.0, 0.0)))
DWELL = ("imaging", "dwell_ns")
ACCEPTED = ("gate", "accept_sections")


def forms_of(plan: Plan = PLAN, begun: Begun | None = None) -> tuple[PlanForms, Editor]:
    forms, editor = PlanForms(plan), Editor(plan, begun)
    forms.show(editor)
    return forms, editor


def enter(forms: PlanForms, path: Keys, value: object) -> None:
    forms.project.enter(path, value, lambda project: forms.accept_project(path, project))
    forms.show(forms.editor)


def typed(field: Field) -> st.SearchStrategy[Any]:
    """Texts that people may type into a field."""
    words = st.sampled_from(
        ["", "abc", "1,5", "0", "12", "1e3", "200 ns", "S001", "S001, S002", "-4", "1.234"]
    )
    return words | st.sampled_from(field.codec.names) if isinstance(field.codec, ft.Choice) else words


keystrokes = st.sampled_from(sorted(fields_of(Project).items())).flatmap(
    lambda item: st.tuples(st.just(item[0]), typed(item[1]))
)


@settings(max_examples=60)
@given(st.lists(keystrokes, max_size=10))
def test_whatever_is_typed_the_plan_can_be_written_and_undone(entered: list[tuple[Keys, str]]) -> None:
    forms, editor = forms_of()
    for path, text in entered:
        try:
            value = fields_of(Project)[path].codec.value(text)
        except ValueError as reason:
            forms.project.spoil(path, str(reason))
        else:
            enter(forms, path, value)
        forms.end_step()
        project = editor.document.project
        assert Project.model_validate(tomllib.loads(to_toml(project))) == project
        assert forms.project.settings == project
    assert all(reason.endswith((".", "?")) for reason in forms.project.problems.values())
    while editor.to_undo:
        forms.undo()
    forms.undo()
    assert editor.document.project == PLAN.project
    assert not forms.wrong


def test_sections_that_are_not_there_are_refused_in_the_form_s_words() -> None:
    forms, editor = forms_of()
    enter(forms, ACCEPTED, ("S009",))
    assert (
        forms.project.problems[ACCEPTED] == "Accepted sections names S009, which the wafer does not hold."
    )
    enter(forms, DWELL, 400.0)
    assert ACCEPTED in forms.project.problems, "a refusal is kept while others are entered"
    assert editor.document.project.imaging.dwell_ns == 400.0
    assert forms.wrong == ("Accepted sections",)
    enter(forms, ACCEPTED, ("S002",))
    assert not forms.wrong
    with pytest.raises(ValueError, match="S002"):
        editor.do(delete(["S002"]))


def test_steps_have_the_names_of_what_was_set() -> None:
    forms, editor = forms_of()
    enter(forms, DWELL, 300.0)
    enter(forms, DWELL, 350.0)
    assert editor.to_undo == "Set dwell time"
    forms.end_step()
    enter(forms, DWELL, 400.0)
    forms.undo()
    assert editor.document.project.imaging.dwell_ns == 350.0
    forms.undo()
    assert editor.document.project == PLAN.project
    forms.redo()
    assert editor.document.project.imaging.dwell_ns == 350.0


def test_a_run_that_has_begun_keeps_what_its_images_are() -> None:
    begun = Begun()
    begun.apply(PlaneExposing(PlaneKey(0, "S001", 0), 0, FrameSettings(1000, 800, 100.0, 200.0), 1.0))
    forms, _ = forms_of(begun=begun)
    assert forms.locks(True).fixed.keys() == {
        ("imaging", key) for key in ("tile_width_px", "tile_height_px", "pixel_size_nm", "bit_depth")
    }
    enter(forms, ("imaging", "tile_width_px"), 2000)
    assert "Tile width is 2000 now" in forms.project.problems[("imaging", "tile_width_px")]


def test_without_an_editor_nothing_is_taken() -> None:
    forms = PlanForms(PLAN)
    enter(forms, DWELL, 300.0)
    assert "only shown" in forms.project.problems[DWELL]
    assert forms.state.text.startswith("Only shown")


def test_project_and_instrument_are_saved_together_and_read_back(tmp_path: Path) -> None:
    plan = written(plan_of(tmp_path / "run.scopeacq", section("S001")))
    forms, editor = forms_of(plan)
    enter(forms, DWELL, 333.0)
    path = ("electron", "eht_kv")
    forms.instrument.enter(path, 2.0, lambda changed: forms.accept_instrument(path, changed))
    assert forms.unsaved
    editor.save(DiskFiles())
    again = Plan.read(plan.folder.root)
    assert (again.project.imaging.dwell_ns, again.instrument.electron.eht_kv) == (333.0, 2.0)
    assert not forms.unsaved
    assert isinstance(forms.instrument.settings, Instrument)
