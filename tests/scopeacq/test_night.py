"""What the night is said to be is what the engine decides."""

from __future__ import annotations

import pytest

from hardware.errors import Interlocked
from scopeacq.engine import steps as s
from scopeacq.engine.trouble import StepRefused, Trouble, decide
from scopeacq.journal.records import ErrorKind, PlaneKey, Policy
from scopeacq.plan.demo import example
from scopeacq.plan.night import CALLS, KINDS, PRESETS, UNATTENDED, consequence, night, preset_of, useful
from scopeacq.plan.project import GateSettings, ImagingSettings, PolicySettings
from tests.scopeacq.test_planner import make_plan, make_progress

KEY = PlaneKey(0, "S0", 0)
PROJECT, _, _ = example("night")
EACH = [(kind, policy) for kind in KINDS for policy in useful(kind, PolicySettings())]


def trouble_of(kind: ErrorKind) -> Trouble:
    error = OSError(5, "input/output error") if kind is ErrorKind.DISK else StepRefused(kind, "no")
    return Trouble(
        Interlocked("gun", ["too high"]) if kind is ErrorKind.INTERLOCK else error, s.Focus(KEY), KEY
    )


def decisions(kind: ErrorKind, policies: PolicySettings) -> list[Policy]:
    """What is decided when the same thing fails again and again."""
    trouble, progress, made = trouble_of(kind), make_progress(make_plan()), []
    assert trouble.kind is kind
    for attempt in range(1, 9):
        made.append(decide(trouble, policies, attempt, progress))
        if made[-1] is Policy.REQUEUE_TILE:
            progress.plane(KEY).requeued += 1
    return made


@pytest.mark.parametrize(("kind", "policy"), EACH, ids=[f"{k.value}: {p.value}" for k, p in EACH])
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_the_consequence_tells_what_is_decided(kind: ErrorKind, policy: Policy, retries: int) -> None:
    policies = PolicySettings(retries=retries).model_copy(update={kind.name.lower(): policy})
    told, made = consequence(kind, policies).lower(), decisions(kind, policies)
    ends = made[-1]
    assert (CALLS in told) == (ends in (Policy.PAUSE, Policy.PARK_AND_ALERT) or kind is ErrorKind.INTERLOCK)
    assert ("parked" in told) == (ends is Policy.PARK_AND_ALERT)
    assert ("last good optics" in told) == (ends is Policy.GO_ON)
    assert ("left out of this cycle" in told) == (ends is Policy.SKIP_SECTION)
    if kind not in (ErrorKind.INTERLOCK, ErrorKind.DISK):
        assert ("tried again" in told) == (made[0] is Policy.RETRY)
        assert made.count(made[0]) == retries or made[0] is ends
    assert ("end of the cycle" in told) == (Policy.REQUEUE_TILE in made)


def test_the_chosen_policy_is_always_offered() -> None:
    odd = PolicySettings(interlock=Policy.GO_ON)
    assert Policy.GO_ON in useful(ErrorKind.INTERLOCK, odd)
    assert Policy.GO_ON not in useful(ErrorKind.INTERLOCK, PolicySettings())


def test_usual_sets_are_recognised_and_differ() -> None:
    assert [preset_of(p.policies) for p in PRESETS] == list(PRESETS)
    assert preset_of(PolicySettings(retries=17)) is None
    assert UNATTENDED.policies.stage is Policy.PAUSE, "nothing moves by itself after a stage went wrong"


def test_the_night_says_what_becomes_of_an_unsharp_tile_and_what_ends_it() -> None:
    first, *rest = night(PROJECT)
    assert first == "If a tile stays unsharp: 2 retakes, then the mill gate stays shut and calls you."
    assert any("stage" in line and "pauses at once" in line for line in rest)
    strict = PROJECT.model_copy(update={"imaging": ImagingSettings(retakes=0)})
    assert night(strict)[0] == "If a tile stays unsharp: the mill gate stays shut and calls you."
    gate = GateSettings(accept_sections=("S002",), accept_tiles_per_cycle=3)
    spared = night(PROJECT.model_copy(update={"gate": gate}))
    assert "3 tiles" in spared[0]
    assert "S002" in spared[1]
