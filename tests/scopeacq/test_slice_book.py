"""What became of each plane, and why one is not there."""

from __future__ import annotations

from hardware.types import FrameSettings
from scopeacq.journal import records as r
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.journal.slice_book import PlaneMark, SliceBook, worst

PLAN = r.MillPlan((0.0, 120.0, 240.0), 2, 3.0, 10.0, 2.0)


def book() -> SliceBook:
    return SliceBook({"S1": (0, 1), "S2": (0,)}, planned_cycles=4)


def told(made: SliceBook, *records: r.Record) -> SliceBook:
    for record in records:
        made.apply(record)
    return made


def scanned(key: PlaneKey, take: int, verdict: Verdict, chosen: bool = True) -> list[r.Record]:
    found: list[r.Record] = [
        r.PlaneExposing(key, take, FrameSettings(8, 8, 10.0, 200.0), 20.0),
        r.PlaneJudged(key, take, verdict, 0.4, 100.0, 20.0, 0.0),
    ]
    return [*found, r.PlaneChosen(key, take)] if chosen else found


def mill(cycle: int) -> list[r.Record]:
    key = r.MillKey(cycle, 0, 0)
    return [
        r.GatePassed(cycle, 3, 0, PLAN),
        r.MillBegin(key, "a", 3.0, 3.0, 38.0, 0.5, 1.0, 0.0),
        r.MillEnd(key, "a", 3.0, 0.0, "done"),
        r.CycleDone(cycle),
    ]


KEY = PlaneKey(0, "S1", 0)


def test_a_plane_goes_from_open_to_sharp() -> None:
    made = book()
    assert made.mark(KEY) is PlaneMark.OPEN
    told(made, *scanned(KEY, 0, Verdict.SHARP, chosen=False))
    assert made.mark(KEY) is PlaneMark.PENDING
    told(made, r.PlaneChosen(KEY, 0))
    assert made.mark(KEY) is PlaneMark.SHARP


def test_a_retake_and_other_verdicts_are_told_apart() -> None:
    other = PlaneKey(0, "S1", 1)
    made = told(
        book(),
        *scanned(KEY, 0, Verdict.UNSHARP, chosen=False),
        *scanned(KEY, 1, Verdict.SHARP),
        *scanned(other, 0, Verdict.BLANK),
    )
    assert made.mark(KEY) is PlaneMark.RETAKEN
    assert made.mark(other) is PlaneMark.ACCEPTED
    assert made.slice_mark("S1", 0) is PlaneMark.ACCEPTED
    assert made.slice_mark("S1", 0, 0) is PlaneMark.RETAKEN


def test_what_was_not_accepted_when_the_ions_came_is_missing() -> None:
    made = told(book(), *scanned(KEY, 0, Verdict.SHARP), *mill(0))
    missing = PlaneKey(0, "S1", 1)
    assert made.mark(missing) is PlaneMark.MISSING
    assert "before this tile was accepted" in made.why(missing)
    assert made.slice_mark("S1", 0) is PlaneMark.MISSING
    assert made.mark(PlaneKey(1, "S1", 1)) is PlaneMark.OPEN


def test_each_reason_is_kept() -> None:
    waived, lost, skipped, struck = (PlaneKey(0, "S1", 0), PlaneKey(0, "S1", 1), PlaneKey(0, "S2", 0), KEY)
    made = told(
        book(),
        r.PlaneWaived(waived, "policy accepts section S1"),
        *scanned(lost, 0, Verdict.SHARP),
        r.PlaneLost(lost, 0, "its file is gone"),
        r.SectionSkipped(0, "S2", "registration failed twice"),
        *mill(0),
    )
    assert made.mark(waived) is PlaneMark.WAIVED
    assert made.why(waived) == "Policy accepts section S1."
    assert made.mark(lost) is PlaneMark.MISSING
    assert made.why(lost) == "Its file is gone."
    assert "registration failed twice" in made.why(skipped)
    incident = r.Incident(
        r.ErrorKind.BAD_FRAME, "scanner", "the frame is black", "", "", r.Policy.RETRY, struck
    )
    assert told(book(), incident).why(struck) == "The frame is black."


def test_a_lost_plane_that_is_taken_again_is_there_again() -> None:
    made = told(book(), *scanned(KEY, 0, Verdict.SHARP), r.PlaneLost(KEY, 0, "gone"))
    assert made.mark(KEY) is PlaneMark.PENDING
    told(made, *scanned(KEY, 1, Verdict.SHARP))
    assert made.mark(KEY) is PlaneMark.RETAKEN


def test_a_dropped_section_says_with_what_evidence() -> None:
    made = told(book(), *mill(0), r.SectionDropped(1, "S2", ("96 % is dark in two cycles.",)))
    for cycle in (1, 3):
        key = PlaneKey(cycle, "S2", 0)
        assert made.mark(key) is PlaneMark.DROPPED
        assert "96 %" in made.why(key)
    assert made.mark(PlaneKey(0, "S2", 0)) is PlaneMark.MISSING


def test_tiles_that_the_plan_leaves_out_are_said_to_be() -> None:
    assert book().mark(PlaneKey(0, "S2", 1)) is PlaneMark.LEFT_OUT
    taken_before = told(book(), *scanned(PlaneKey(0, "S2", 1), 0, Verdict.SHARP))
    assert taken_before.mark(PlaneKey(0, "S2", 1)) is PlaneMark.SHARP


def test_depth_follows_the_delivered_charge() -> None:
    made = told(book(), *mill(0), *mill(1))
    assert [made.depth_nm(cycle) for cycle in range(4)] == [0.0, 6.0, 12.0, 12.0]


def test_changes_are_counted_per_slice() -> None:
    made = book()
    before = made.changes("S1", 0), made.changes("S1", 1)
    told(made, *scanned(KEY, 0, Verdict.SHARP))
    assert made.changes("S1", 0) > before[0]
    assert made.changes("S1", 1) == before[1]


def test_cycles_beyond_the_plan_can_be_looked_at() -> None:
    assert book().cycles == 4
    assert told(book(), *scanned(PlaneKey(6, "S1", 0), 0, Verdict.SHARP)).cycles == 7


def test_the_worst_mark_counts() -> None:
    assert worst([]) is PlaneMark.OPEN
    assert worst([PlaneMark.SHARP, PlaneMark.MISSING, PlaneMark.WAIVED]) is PlaneMark.MISSING
