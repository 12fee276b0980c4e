"""Pre-flight as a check-list: what was found, what the operator confirms by hand, what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from scopeacq.plan.findings import Finding, Severity, permit
from ui.presenters.tone import Badge, Sign, Tone


class Confirmation(Enum):
    """What no software can read; ``value`` is what the operator confirms."""

    GUN_VALVE = "The manual valve to the ion gun is open"
    GAS = "The gas of the ion gun is on"


HINTS = {
    Confirmation.GUN_VALVE: "Look at the valve itself. Closed, the gun gives no current and the run waits.",
    Confirmation.GAS: "Read the pressure at the regulator of the bottle.",
}

_BADGES = {
    Severity.ERROR: Badge(Tone.ALARM, Sign.CROSS, "Must be mended"),
    Severity.WARNING: Badge(Tone.CAUTION, Sign.WARNING, "Think about it"),
    Severity.NOTE: Badge(Tone.QUIET, Sign.INFO, "Note"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list."""

    badge: Badge
    text: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """``findings`` is None before the check has ended; ``finished``: nothing is left to be started.

    ``edited``: the plan on show is not the one in the files, by which a run goes.
    """

    findings: tuple[Finding, ...] | None = None
    confirmed: frozenset[Confirmation] = frozenset()
    checking: bool = False
    finished: bool = False
    edited: bool = False

    def begun(self) -> Checklist:
        """A check is under way; what was confirmed by hand still holds."""
        return replace(self, findings=None, checking=True)

    def found(self, findings: Iterable[Finding], finished: bool = False) -> Checklist:
        """A check has ended."""
        return replace(self, findings=tuple(findings), checking=False, finished=finished)

    def done(self) -> Checklist:
        """The run came to its end."""
        return replace(self, finished=True)

    def confirm(self, what: Confirmation, holds: bool) -> Checklist:
        """The operator confirms something, or takes it back."""
        others = self.confirmed - {what}
        return replace(self, confirmed=others | {what} if holds else others)

    def edits(self, unsaved: bool) -> Checklist:
        """The plan is edited, or as in the files again."""
        return replace(self, edited=unsaved)

    @property
    def held_back(self) -> str:
        """Why the run may not start yet; empty when it may."""
        if self.finished:
            return "All cycles are done."
        if self.edited:
            return "Save the edited plan (Ctrl+S) or undo the edits: runs go by the files."
        if self.checking:
            return "The plan is being checked."
        if self.findings is None:
            return "The plan was not checked yet."
        if not permit(self.findings):
            return "Mend what the check-list marks with a cross, then check again."
        missing = [what for what in Confirmation if what not in self.confirmed]
        return f"Confirm by hand: {' and '.join(_lower(w.value) for w in missing)}." if missing else ""

    @property
    def summary(self) -> Badge:
        """The whole list in a word or two."""
        if self.finished:
            return Badge(Tone.GOOD, Sign.CHECK, "Nothing left to start")
        if self.edited:
            return Badge(Tone.CAUTION, Sign.WARNING, "Edited and not saved")
        if self.findings is None:
            return Badge(Tone.ACTIVE, Sign.HOURGLASS, "Checking" if self.checking else "Not checked")
        if not permit(self.findings):
            errors = sum(f.severity is Severity.ERROR for f in self.findings)
            return Badge(Tone.ALARM, Sign.CROSS, f"{errors} to mend before the run can start")
        if self.held_back:
            return Badge(Tone.CAUTION, Sign.HAND, "Waits for your confirmation")
        return Badge(Tone.GOOD, Sign.CHECK, "Everything is ready")

    @property
    def items(self) -> tuple[Item, ...]:
        """Findings, worst first; one line that says so when there is nothing to say."""
        found = self.findings or ()
        if self.findings is not None and all(f.severity is Severity.NOTE for f in found):
            good = Item(
                Badge(Tone.GOOD, Sign.CHECK, "Good"),
                "Plan, limits, disk, drivers and networks are in order.",
            )
            return (good, *map(_item, found))
        return tuple(map(_item, found))


def _item(finding: Finding) -> Item:
    return Item(_BADGES[finding.severity], finding.text)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
