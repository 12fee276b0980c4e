"""An operator changes what lies ahead of a run under way; a kill at any moment forgets no wish."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
import xxhash

from scopeacq.engine.events import WishAnswered
from scopeacq.engine.wishes import leave_wish
from scopeacq.journal.journal import JournalReader
from scopeacq.journal.records import (
    FocusDone,
    MillBegin,
    PlaneChosen,
    PlaneExposing,
    PlaneKey,
    Record,
    RunEnd,
    Wish,
    WishKind,
)
from scopeacq.storage import ome_zarr
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.storage import ImageStore
from scopeacq.telling.status import SectionPhase, read_status
from tests.scenarios.harness import Scores, TinyRun, tiny_project
from tests.scenarios.life import Killed, Life
from tests.scenarios.promises import broken_promises

FIRST, LAST = "S001", "S003"


def three_sections(folder: Path, cycles: int = 1) -> TinyRun:
    return TinyRun.make(folder, tiny_project(cycles), n_sections=3)


def run_with(run: TinyRun, wishes: Iterable[Wish], life: Life | None = None) -> tuple[RunEnd, list[str]]:
    """A start with wishes that are asked for before its first step: its end and the refusals."""
    with run.start(life) as program:
        told = run.events.subscribe()
        for wish in wishes:
            program.engine.wish(wish)
        end, answers = program.engine.run(), list[str]()
        while (event := told.get(0.0)) is not None:
            if isinstance(event, WishAnswered):
                answers.append(event.why_not)
        run.events.unsubscribe(told)
    return end, answers


def imaged(records: Iterable[Record]) -> list[str]:
    return [record.key.section for record in records if isinstance(record, PlaneExposing)]


def test_a_section_is_focused_and_imaged_next(tmp_path: Path) -> None:
    run = three_sections(tmp_path)
    assert run_with(run, [Wish(WishKind.FOCUS_NEXT, 0, LAST)]) == (RunEnd.FINISHED, [""])
    focused = [r.key.section for r in run.records() if isinstance(r, FocusDone)]
    assert imaged(run.records())[0] == focused[0] == LAST


def test_a_section_that_is_left_out_is_not_imaged_and_nothing_is_milled(tmp_path: Path) -> None:
    run = three_sections(tmp_path)
    end, _ = run_with(run, [Wish(WishKind.LEAVE_OUT, 0, FIRST)])
    assert end is RunEnd.WAITING
    assert FIRST not in imaged(run.records())
    assert not any(isinstance(r, MillBegin) for r in run.records())
    assert read_status(run.plan).sections[0].state is SectionPhase.SKIPPED
    assert run_with(run, [])[0] is RunEnd.WAITING  # a new start keeps to it
    assert leave_wish(run.plan, Wish(WishKind.TAKE_IN, 0, FIRST)) == ""
    assert run_with(run, [])[0] is RunEnd.FINISHED
    assert not broken_promises(run)


def test_the_run_pauses_before_a_section_once(tmp_path: Path) -> None:
    run = three_sections(tmp_path)
    assert run_with(run, [Wish(WishKind.PAUSE_BEFORE, 0, LAST)])[0] is RunEnd.PAUSED
    assert LAST not in imaged(run.records())
    assert run_with(run, [])[0] is RunEnd.FINISHED


def test_what_is_refused_is_not_journalled(tmp_path: Path) -> None:
    run = three_sections(tmp_path)
    _, answers = run_with(run, [Wish(WishKind.LEAVE_OUT, 7, FIRST), Wish(WishKind.TAKE_IN, 0, FIRST)])
    assert answers == ["Cycle 8 is over.", f"Section {FIRST} is not left out."]
    assert not any(isinstance(r, Wish) for r in run.records())
    assert leave_wish(run.plan, Wish(WishKind.LEAVE_OUT, 0, FIRST)) == "Cycle 1 is over."


def test_a_run_that_was_not_started_takes_no_wishes(tmp_path: Path) -> None:
    run = three_sections(tmp_path)
    assert "not started" in leave_wish(run.plan, Wish(WishKind.LEAVE_OUT, 0, FIRST))
    assert not run.plan.folder.journal_file.exists()


@pytest.mark.parametrize("deeds", [30, 90, 200, 400, 700])
def test_a_wish_that_was_granted_outlives_a_kill(tmp_path: Path, deeds: int) -> None:
    run = three_sections(tmp_path)
    wishes = [Wish(WishKind.FOCUS_NEXT, 0, LAST), Wish(WishKind.PAUSE_BEFORE, 0, FIRST)]
    life = Life()
    life.dies_at = deeds
    with suppress(Killed):
        run_with(run, wishes, life)
    granted = [r for r in run.records() if isinstance(r, Wish) and r.kind is not WishKind.GO_ON]
    paused = any(isinstance(r, Wish) and r.kind is WishKind.GO_ON for r in run.records())
    end, _ = run_with(run, [])
    if len(granted) == len(wishes) and not paused and FIRST not in imaged(run.records()):
        assert end is RunEnd.PAUSED
        end, _ = run_with(run, [])
    assert end is RunEnd.FINISHED
    if granted:
        assert imaged(run.records())[0] == LAST
    assert not broken_promises(run)
    assert sum(isinstance(r, PlaneChosen) for r in run.records()) == 3


@pytest.mark.parametrize("sharp", [True, False])
def test_a_tile_is_taken_again_and_only_a_sharp_take_replaces_the_one_before(
    tmp_path: Path, sharp: bool
) -> None:
    run = three_sections(tmp_path)
    key = PlaneKey(0, FIRST, 0)
    assert run_with(run, [Wish(WishKind.PAUSE_BEFORE, 0, LAST)])[0] is RunEnd.PAUSED
    if not sharp:
        run.scorer = Scores(3.0, 0.5)
    assert leave_wish(run.plan, Wish(WishKind.RETAKE, 0, FIRST, 0)) == ""
    assert run_with(run, [])[0] is RunEnd.FINISHED
    takes = [row for row in JournalReader(run.plan.folder.journal_file).planes(0, FIRST) if row.key == key]
    assert [row.chosen for row in takes] == ([False, True] if sharp else [True, False])
    chosen = next(row for row in takes if row.chosen)
    assert chosen.durable is not None
    store = ImageStore.open(run.plan.folder.images(run.plan.project), DiskFiles())
    data = ome_zarr.encode_shard(store.read(key))
    assert xxhash.xxh3_128_hexdigest(data) == chosen.durable.checksum, "the chunk grid holds it"
    assert not broken_promises(run)


@pytest.mark.parametrize("deeds", range(4, 60, 7))
def test_a_kill_while_a_tile_is_taken_again_loses_neither_take(tmp_path: Path, deeds: int) -> None:
    run = three_sections(tmp_path)
    run_with(run, [Wish(WishKind.PAUSE_BEFORE, 0, LAST)])
    assert leave_wish(run.plan, Wish(WishKind.RETAKE, 0, FIRST, 0)) == ""
    life = Life()
    life.dies_at = deeds
    with suppress(Killed):
        run_with(run, [], life)
    assert run_with(run, [])[0] is RunEnd.FINISHED
    assert not broken_promises(run)
    takes = JournalReader(run.plan.folder.journal_file).planes(0, FIRST)
    assert [row.take for row in takes if row.chosen] == [len(takes) - 1]
