"""A self-test as a file: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from hardware.self_test import Checked, Outcome


@dataclass(frozen=True, slots=True)
class SelfTestReport:
    """What was tried of an instrument, and when it was begun. ``with_beam``: electrons were chosen."""

    instrument: str
    begun: datetime
    with_beam: bool
    checks: tuple[Checked, ...]


def save(report: SelfTestReport, path: Path) -> None:
    """Write a report, as JSON where the name ends in ``.json``, else as Markdown. Raises ``OSError``."""
    text = as_json(report) if path.suffix == ".json" else as_markdown(report)
    path.write_text(text, encoding="utf-8")


def as_json(report: SelfTestReport) -> str:
    """The report as an object with its fields as keys."""
    checks = [{**asdict(c), "part": c.part.value, "outcome": c.outcome.value} for c in report.checks]
    whole = {
        "instrument": report.instrument,
        "begun": report.begun.isoformat(timespec="seconds"),
        "with_beam": report.with_beam,
        "checks": checks,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def as_markdown(report: SelfTestReport) -> str:
    """The report as a page: a verdict, then a table with a row for each check."""
    rows = [
        f"| {_part(c)} | {c.title} | {c.outcome.value} | {_cell(c.said)} | {c.took_s:.2f} |"
        for c in report.checks
    ]
    electrons = "with" if report.with_beam else "without"
    return "\n".join(
        [
            f"# Self-test of {_cell(report.instrument)}",
            "",
            f"{report.begun:%Y-%m-%d %H:%M:%S}, {electrons} electrons. {verdict(report.checks)}",
            "",
            "| part | check | outcome | read | seconds |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def verdict(checks: Sequence[Checked]) -> str:
    """How many checks passed, failed and were left out, in a sentence."""
    counts = [sum(check.outcome is outcome for check in checks) for outcome in Outcome]
    said = ", ".join(f"{n} {outcome.value}" for outcome, n in zip(Outcome, counts, strict=True))
    return f"{len(checks)} checks: {said}."


def _part(check: Checked) -> str:
    return check.part.value.replace("_", " ")


def _cell(text: str) -> str:
    """Text that stays within a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
