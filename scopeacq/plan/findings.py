"""What a check finds: one sentence each, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """Whether a finding forbids the run, should be thought about, or is for the record."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the plan."""

    severity: Severity
    text: str


Findings = Iterator[Finding]


def error(text: str) -> Finding:
    return Finding(Severity.ERROR, text)


def warning(text: str) -> Finding:
    return Finding(Severity.WARNING, text)


def note(text: str) -> Finding:
    return Finding(Severity.NOTE, text)


def permit(findings: Iterable[Finding]) -> bool:
    """Whether a run may start with these."""
    return all(finding.severity is not Severity.ERROR for finding in findings)
