"""What is made of an error: the operator's policy, and an end to whatever could go on for ever."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from hardware.errors import BlankerUnknown, ConnectionLost, Interlocked
from hardware.types import Optics
from scopeacq.engine import steps as s
from scopeacq.engine.trouble import StepRefused, Trouble, decide, told
from scopeacq.journal import records as r
from scopeacq.journal.records import ErrorKind, PlaneKey, Policy
from scopeacq.plan.project import PolicySettings
from scopeacq.storage.files import DiskFull
from tests.scopeacq.test_planner import ask, make_plan, make_progress, run_until

KEY = PlaneKey(0, "S0", 0)
OPTICS = Optics(4500.0, 0.0, 0.0)
LOST = StepRefused(ErrorKind.REGISTRATION, "not found")
UNFOCUSED = StepRefused(ErrorKind.FOCUS_REFUSED, "too uncertain")


def decided(trouble: Trouble, policies: PolicySettings, attempts: int = 1) -> Policy:
    return decide(trouble, policies, attempts, make_progress(make_plan()))


def test_a_full_disk_and_an_interlock_are_waited_for_however_long() -> None:
    policies, step = PolicySettings(retries=2), s.AcquireTile(KEY, 0)
    for error in (DiskFull(Path("images")), Interlocked("chamber", ["too high"])):
        assert decided(Trouble(error, step, KEY), policies, attempts=1000) is Policy.RETRY


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), DiskFull(Path("images"))])
def test_a_plane_that_cannot_be_written_is_not_exposed_again_and_again(error: OSError) -> None:
    policies = PolicySettings(retries=2)
    assert decided(Trouble(error, None, KEY), policies, attempts=2) is Policy.RETRY
    assert decided(Trouble(error, None, KEY), policies, attempts=3) is Policy.PAUSE


def test_only_a_refused_focus_can_be_gone_on_without() -> None:
    policies = PolicySettings(stage=Policy.GO_ON, focus_refused=Policy.GO_ON, registration=Policy.GO_ON)
    assert decided(Trouble(UNFOCUSED, s.Focus(KEY), KEY), policies) is Policy.GO_ON
    assert decided(Trouble(LOST, s.RegisterSection(0, "S0")), policies) is Policy.PAUSE


def test_a_section_that_is_not_found_can_be_skipped_and_a_wafer_cannot() -> None:
    policies = PolicySettings(registration=Policy.SKIP_SECTION)
    trouble = Trouble(LOST, s.RegisterSection(0, "S0"))
    assert decided(trouble, policies) is Policy.SKIP_SECTION
    assert trouble.section == "S0"
    assert decided(Trouble(LOST, s.RegisterWafer(0)), policies) is Policy.PAUSE


def test_nothing_is_decided_alone_while_nobody_knows_of_the_ion_beam() -> None:
    policies = PolicySettings(ion_beam=Policy.RETRY)
    assert decided(Trouble(BlankerUnknown("no answer"), s.RecoverImaging(0)), policies) is Policy.PAUSE


def test_a_correction_that_broke_off_is_made_again() -> None:
    """Its record books the dose; that the tile is in focus it does not say."""
    plan = make_plan()
    progress = make_progress(plan)
    step = run_until(plan, progress, s.Focus)
    assert isinstance(step, s.Focus)
    progress.apply(r.FocusDone(step.key, False, "the frame is torn", OPTICS, OPTICS, (), 9.4, "", 0.0))
    assert ask(plan, progress) == step
    refusal = Trouble(UNFOCUSED, step, step.key)
    progress.apply(refusal.incident(Policy.GO_ON))
    assert ask(plan, progress) == s.AcquireTile(step.key, 0)


def test_a_disk_that_loses_every_plane_is_not_fed_for_ever() -> None:
    plan = make_plan(sections=1, tiles=1)
    progress = make_progress(plan)
    for take in range(1 + plan.project.imaging.retakes):
        run_until(plan, progress, s.PassGate)
        progress.apply(r.PlaneLost(KEY, take, "its file differs from its checksum"))
    run_until(plan, progress, s.Wait, limit=20)


def test_nothing_is_told_twice_when_a_device_cannot_be_made_safe_for_the_same_reason() -> None:
    lost = ConnectionLost("stage", "the connection is gone", "Check its cable and power.")
    incident = Trouble(lost, None).incident(Policy.PAUSE, (str(lost),))
    assert told(incident) == "stage: the connection is gone. Check its cable and power."
