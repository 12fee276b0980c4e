"""The start page's sentences, and after a kill the resume card with its evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scopeacq.engine.planner import mill_plan
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import MillKey, PlaneKey, RunEnd, Verdict
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.standing import MillLeft, read_standing
from ui.presenters.start import ProjectCard, read_card, resume_card, told, unread_card
from ui.presenters.tone import Tone

OPENED = r.RunOpened("0", "host", 1)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_demo(tmp_path / "made")


def journalled(plan: Plan, *records: r.Record) -> ProjectCard:
    journal = Journal.create(plan.folder.journal_file, DiskFiles())
    for record in records:
        journal.append(record)
    journal.close()
    return read_card(plan.folder.root)


def slice_taken(plan: Plan) -> Iterator[r.Record]:
    for section in plan.wafer.sections:
        for tile in range(4):
            key = PlaneKey(0, section.id, tile)
            yield r.PlaneDurable(key, 0, "0", 1, "x")
            yield r.PlaneJudged(key, 0, Verdict.SHARP, 0.4, 100.0, 30.0, 0.0)
            yield r.PlaneChosen(key, 0)
    yield r.GatePassed(0, 16, 0, mill_plan(plan))


def opening(plan: Plan, charge_uc: float) -> r.MillBegin:
    return r.MillBegin(MillKey(0, 0, 1), "an opening", charge_uc, charge_uc, 40.0, 0.5, 1.0, 0.0)


def first_pass(plan: Plan) -> tuple[r.Record, float]:
    (key, charge_uc), *_ = mill_plan(plan).passes(0)
    return r.MillDone(key, charge_uc, charge_uc, 0.0), charge_uc


def test_folders_in_the_home_folder_are_named_from_there() -> None:
    home = Path("/home/operator")
    assert told(home / "runs" / "night.scopeacq", home) == "~/runs/night.scopeacq"
    assert told(home, home) == "~"
    assert told(Path("/home/operators"), home) == "/home/operators"


def test_a_run_that_was_never_begun_says_what_is_planned(plan: Plan) -> None:
    card = read_card(plan.folder.root)
    assert card.sentence == "Not begun: 5 cycles of 4 sections."
    assert card.simulated
    assert card.resume is None


def test_a_run_that_ended_in_order_needs_no_resume_card(plan: Plan) -> None:
    card = journalled(plan, OPENED, r.RunClosed(RunEnd.PAUSED, "as asked"))
    assert (card.badge.word, card.resume) == ("Paused", None)


def test_a_kill_while_imaging_names_cycle_section_and_tile(plan: Plan) -> None:
    taken = list(slice_taken(plan))[:3]
    card = journalled(plan, OPENED, *taken)
    assert card.badge.word == "Interrupted"
    assert card.resume is not None
    first = plan.wafer.sections[0].id
    assert card.resume.sentence.startswith(f"Cycle 1 of 5, section {first}, tile 2: 15 planes")
    assert any(f"section {first}, tile 1 of cycle 1" in s for s in card.resume.evidence)
    assert any("The journal ends on 2" in s for s in card.resume.evidence)


def test_a_kill_while_milling_says_how_many_seconds_are_left_between_bounds(plan: Plan) -> None:
    done, charge_uc = first_pass(plan)
    heartbeat_uc = charge_uc / 2
    card = journalled(
        plan,
        OPENED,
        *slice_taken(plan),
        done,
        opening(plan, charge_uc),
        r.MillHeartbeat("an opening", heartbeat_uc),
    )
    mill = read_standing(plan).mill
    assert mill is not None
    assert mill.key == MillKey(0, 0, 1)
    assert mill.most_s == pytest.approx((charge_uc - heartbeat_uc) / 40.0 * 1e3)
    assert mill.least_s is not None
    assert mill.least_s <= mill.most_s
    assert card.resume is not None
    assert "milling from azimuth 2" in card.resume.sentence
    assert "s left" in card.resume.sentence
    assert any("last heartbeat" in s for s in card.resume.evidence)


def test_a_beam_that_nobody_saw_closed_is_unknown(plan: Plan) -> None:
    journalled(plan, OPENED)
    doubtful = replace(read_standing(plan), mill=MillLeft(MillKey(0, 0, 1), 120.0, None, 142.0))
    assert "UNKNOWN" in resume_card(doubtful).sentence


def test_a_run_that_another_process_holds_was_not_interrupted(plan: Plan) -> None:
    with OwnerLock.of_run(plan.folder.root):
        card = journalled(plan, OPENED)
    assert (card.badge.word, card.resume) == ("Running", None)


def test_a_run_whose_folder_vanished_is_no_alarm(tmp_path: Path) -> None:
    card = read_card(tmp_path / "gone.scopeacq")
    assert card.gone
    assert (card.badge.word, card.badge.tone) == ("Not there", Tone.QUIET)


@pytest.mark.parametrize("damage", ["journal", "project"])
def test_what_cannot_be_read_says_so(plan: Plan, damage: str) -> None:
    root = plan.folder.root
    if damage == "journal":
        plan.folder.journal_file.write_bytes(b"not a journal" * 100)
    else:
        plan.folder.project_file.write_bytes(b"\xff\xfe")
    card = read_card(root)
    assert card.badge.tone is Tone.ALARM
    assert str(root) in card.sentence


def test_a_card_is_shown_before_anything_was_read(tmp_path: Path) -> None:
    began_s = time.monotonic()
    assert unread_card(tmp_path / "far away.scopeacq").name == "far away"
    assert time.monotonic() - began_s < 0.1
