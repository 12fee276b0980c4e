"""Error policies as a table: what can happen, what is done about it, and what that means for the night."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.journal.records import ErrorKind, Policy
from scopeacq.plan.night import KINDS, PRESETS, Preset, consequence, night, preset_of, title_of, useful
from scopeacq.plan.project import PolicySettings, Project
from scopeacq.telling.meaning import meaning_of_kind
from ui.presenters.forms import Path

_ACTIONS = {
    Policy.RETRY: "Try again",
    Policy.REQUEUE_TILE: "Put the tile at the end",
    Policy.SKIP_SECTION: "Leave out the section",
    Policy.GO_ON: "Go on without it",
    Policy.PAUSE: "Pause and call",
    Policy.PARK_AND_ALERT: "Park, pause and call",
}
_WAITS = {ErrorKind.INTERLOCK: "Wait until it is well", ErrorKind.DISK: "Wait for room"}


@dataclass(frozen=True, slots=True)
class Option:
    """A policy as it is offered."""

    policy: Policy
    text: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A kind of error, what is done about it now, and what else could be."""

    kind: ErrorKind
    title: str
    happens: str
    chosen: Policy
    options: tuple[Option, ...]
    consequence: str

    @property
    def path(self) -> Path:
        """Where the choice stands in the project."""
        return ("policies", self.kind.name.lower())


@dataclass(frozen=True, slots=True)
class NightView:
    """All policies, and the night in a few sentences. ``preset`` is None for a set of one's own."""

    sentences: tuple[str, ...]
    rows: tuple[PolicyRow, ...]
    preset: Preset | None
    presets: tuple[Preset, ...] = PRESETS


def night_view(project: Project) -> NightView:
    """The policies of a project as they are shown."""
    policies = project.policies
    return NightView(night(project), tuple(_row(kind, policies) for kind in KINDS), preset_of(policies))


def _row(kind: ErrorKind, policies: PolicySettings) -> PolicyRow:
    options = tuple(Option(policy, _text(kind, policy)) for policy in useful(kind, policies))
    chosen = policies.of(kind)
    return PolicyRow(
        kind, title_of(kind), meaning_of_kind(kind), chosen, options, consequence(kind, policies)
    )


def _text(kind: ErrorKind, policy: Policy) -> str:
    return _WAITS.get(kind, _ACTIONS[policy]) if policy is Policy.RETRY else _ACTIONS[policy]
