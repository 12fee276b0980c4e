"""What a run does by itself while nobody looks, in words: its error policies, and usual sets of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scopeacq.journal.records import ErrorKind, Policy
from scopeacq.plan.project import PolicySettings, Project
from scopeacq.telling.wording import counted, sentence

CALLS = "the run pauses and calls you"

KINDS = tuple(kind for kind in ErrorKind if kind is not ErrorKind.INTERNAL)
"""What an operator chooses a policy for; a fault of the program itself always pauses."""

_USEFUL: dict[ErrorKind, tuple[Policy, ...]] = {
    ErrorKind.FOCUS_REFUSED: (Policy.REQUEUE_TILE, Policy.RETRY, Policy.GO_ON, Policy.SKIP_SECTION),
    ErrorKind.BAD_FRAME: (Policy.RETRY, Policy.REQUEUE_TILE, Policy.SKIP_SECTION),
    ErrorKind.STAGE: (Policy.RETRY,),
    ErrorKind.REGISTRATION: (Policy.RETRY, Policy.SKIP_SECTION),
    ErrorKind.INTERLOCK: (Policy.RETRY,),
    ErrorKind.CONNECTION: (Policy.RETRY,),
    ErrorKind.DISK: (Policy.RETRY,),
    ErrorKind.ION_BEAM: (Policy.RETRY,),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A usual set of policies."""

    name: str
    description: str
    policies: PolicySettings


CAREFUL = Preset(
    "Careful",
    "Somebody is near: whatever is odd pauses the run and calls.",
    PolicySettings(
        retries=1,
        focus_refused=Policy.PAUSE,
        bad_frame=Policy.RETRY,
        registration=Policy.PAUSE,
        interlock=Policy.PAUSE,
        disk=Policy.PAUSE,
    ),
)
USUAL = Preset("Usual", "As a new run begins: what often passes is tried again.", PolicySettings())
UNATTENDED = Preset(
    "Unattended",
    "A night or a weekend: more retries and long waits; what is not found is left out, and the mill "
    "gate waits for it.",
    PolicySettings(
        retries=4,
        focus_refused=Policy.REQUEUE_TILE,
        registration=Policy.SKIP_SECTION,
        interlock_wait_s=12 * 3600.0,
    ),
)
PRESETS = (CAREFUL, USUAL, UNATTENDED)


def preset_of(policies: PolicySettings) -> Preset | None:
    """The usual set that these policies are, if they are one."""
    return next((preset for preset in PRESETS if preset.policies == policies), None)


def useful(kind: ErrorKind, policies: PolicySettings) -> tuple[Policy, ...]:
    """Policies that make a difference for a kind of error; the one that is chosen is always among them."""
    choices = (*_USEFUL[kind], Policy.PAUSE, Policy.PARK_AND_ALERT)
    chosen = policies.of(kind)
    return choices if chosen in choices else (*choices, chosen)


def consequence(kind: ErrorKind, policies: PolicySettings) -> str:
    """What happens upon an error of this kind, as :func:`scopeacq.engine.trouble.decide` has it."""
    retries = policies.retries
    focus = kind is ErrorKind.FOCUS_REFUSED
    match policies.of(kind):
        case Policy.RETRY if kind is ErrorKind.INTERLOCK:
            return (
                "The run waits with both beams blanked and goes on by itself when all is well again; after "
                f"{_hours(policies.interlock_wait_s)} {CALLS}."
            )
        case Policy.RETRY if kind is ErrorKind.DISK:
            return (
                "When the disk is full the run waits for room and goes on by itself. Any other error of it "
                f"is tried again {_times(retries)}, then {CALLS}."
            )
        case Policy.RETRY if retries:
            return f"It is tried again {_times(retries)}, then {CALLS}."
        case Policy.REQUEUE_TILE if retries:
            then = "it is imaged with the last good optics and judged" if focus else CALLS
            return f"The tile is put at the end of the cycle {_times(retries)}, then {then}."
        case Policy.REQUEUE_TILE | Policy.GO_ON if focus:
            return "The tile is imaged with the last good optics; it is judged, and retaken if not sharp."
        case Policy.SKIP_SECTION:
            wafer = " Where the whole wafer is not found, the run pauses." * (
                kind is ErrorKind.REGISTRATION
            )
            return (
                "The section is left out of this cycle and the others are imaged. Then the mill gate waits "
                f"for you, unless the section is accepted as missing.{wafer}"
            )
        case Policy.PARK_AND_ALERT:
            return f"The stage is parked along a checked path, then {CALLS}."
    return f"{sentence(CALLS)} Nothing moves meanwhile."


def title_of(kind: ErrorKind) -> str:
    """What operators call a kind of error."""
    return PolicySettings.model_fields[kind.name.lower()].title or kind.value.capitalize()


def night(project: Project) -> tuple[str, ...]:
    """The night in a few sentences: what is mended alone, what is waited for, what ends it."""
    return tuple(_night(project))


def _night(project: Project) -> Iterator[str]:
    retakes, gate = project.imaging.retakes, project.gate
    tries = f"{counted(retakes, 'retake')}, then " if retakes else ""
    allowed = gate.accept_tiles_per_cycle
    spared = f"up to {counted(allowed, 'tile')} of a cycle may lack; beyond that " if allowed else ""
    yield f"If a tile stays unsharp: {tries}{spared}the mill gate stays shut and calls you."
    if gate.accept_sections:
        yield f"The gate does not wait for {', '.join(gate.accept_sections)}."
    policies = project.policies
    ends = Policy.PAUSE, Policy.PARK_AND_ALERT
    stops = [title_of(kind).lower() for kind in KINDS if policies.of(kind) in ends]
    if stops:
        yield f"The run pauses at once and calls you for: {', '.join(stops)}."
    alone = [title_of(kind).lower() for kind in KINDS if policies.of(kind) not in ends]
    if alone:
        yield f"It helps itself first with: {', '.join(alone)}."


def _times(number: int) -> str:
    return "once" if number == 1 else "up to twice" if number == 2 else f"up to {number} times"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.3g} h" if seconds >= 3600 else f"{seconds / 60:.3g} min"
