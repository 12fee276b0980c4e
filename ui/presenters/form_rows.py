"""A form's rows as they are shown: value, what it was, what is usual, what is wrong, what is fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopeacq.plan.settings import S
from ui.presenters.form_state import SettingsForm
from ui.presenters.forms import Field, Group, Path, groups_of, value_at

MEASURED = "Measured by calibration; unlock it above to change it."


@dataclass(frozen=True, slots=True)
class Other:
    """Another value that a field could have: the one in the file, or the usual one."""

    text: str
    hint: str
    value: object


@dataclass(frozen=True, slots=True)
class Row:
    """A field as it is shown. ``kept``: what was typed stays, since it is not part of the settings."""

    field: Field
    value: object
    kept: bool
    problem: str
    fixed: str
    others: tuple[Other, ...]

    @property
    def hint(self) -> str:
        """What the tooltip says."""
        field = self.field
        usual = (
            f"Default: {field.shown(field.default)}" if field.has_default else "No default: must be given"
        )
        key = f"In the file: {'.'.join(field.path)}"
        return "\n".join(part for part in (field.description, usual, key, self.fixed) if part)


@dataclass(frozen=True, slots=True)
class Locks:
    """What must not be edited: ``fixed`` says why by path; ``measured``: so are measured values."""

    fixed: Mapping[Path, str]
    measured: bool = True

    def reason(self, field: Field) -> str:
        """Why a field is locked, empty where it is not."""
        return self.fixed.get(field.path) or (MEASURED if field.measured and self.measured else "")


def row_of(form: SettingsForm[S], field: Field, locks: Locks) -> Row:
    """How a field is shown now."""
    value, saved = value_at(form.settings, field.path), value_at(form.saved, field.path)
    problem, fixed = form.problems.get(field.path, ""), locks.reason(field)
    others = []
    if problem or value != saved:
        others.append(Other(f"was {field.shown(saved)}", "As in the file: click to put it back.", saved))
    if field.has_default and field.default not in (value, saved):
        others.append(
            Other(
                f"default {field.shown(field.default)}", "What is usual: click to take it.", field.default
            )
        )
    kept = field.path in form.wrong or field.path in form.spoilt
    return Row(field, value, kept, problem, fixed, () if fixed else tuple(others))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which fields are wanted: those that somebody searches for, or the basic ones, or all."""

    words: str = ""
    everything: bool = False

    def takes(self, group: Group, row: Row, basic: frozenset[Path]) -> bool:
        """Whether a row is shown. Where not all are wanted, what is not as usual is shown as well."""
        field = row.field
        if self.words.strip():
            return field.matches(self.words, group.title)
        unusual = field.has_default and row.value != field.default
        return self.everything or field.path in basic or unusual or bool(row.problem or row.others)


def rows_of(form: SettingsForm[S], locks: Locks) -> tuple[tuple[Group, tuple[Row, ...]], ...]:
    """All rows of a form."""
    groups = groups_of(type(form.settings))
    return tuple((group, tuple(row_of(form, field, locks) for field in group.fields)) for group in groups)
