"""The table of a device as a form: also one that lacks what must be given, as long as it is filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from hardware.model_problems import Location, located_problems
from scopeacq.telling.wording import sentence
from ui.presenters import form_text as ft
from ui.presenters.form_rows import Other, Row
from ui.presenters.forms import Field, Group, Kind, Path, groups_of

Table = Mapping[str, Any]
"""Keys and values as a file has them; what is left out is as usual."""


Groups = tuple[tuple[Group, tuple[Row, ...]], ...]
"""The rows of a form, by their groups."""

_UNKNOWN = Group((), "Unknown to this driver", "", ())


@dataclass(frozen=True)
class TableForm:
    """What stands in the form of a model. ``spoilt``: fields that hold what is no value, and why."""

    model: type[BaseModel]
    table: Table
    spoilt: Mapping[Path, str] = field(default_factory=dict)

    def entered(self, path: Path, value: object) -> TableForm:
        """With another value in a field; one that is as usual, or none, is left out of the table."""
        field_there = self._fields.get(path)
        usual = field_there and field_there.has_default and _plain(value) == _plain(field_there.default)
        table = _without(self.table, path)
        if value is not None and value != "" and not usual:
            table = _with(table, path, _plain(value))
        return replace(self, table=table, spoilt=self._others_spoilt(path))

    def spoiled(self, path: Path, problem: str) -> TableForm:
        """With a field that holds what is no value."""
        return replace(self, spoilt={**self.spoilt, path: problem})

    def given_up(self, path: Path) -> TableForm:
        """What stands in a field and is no value does not count any more."""
        return replace(self, spoilt=self._others_spoilt(path))

    @property
    def groups(self) -> Groups:
        """All rows, by their groups; last what the table has and the model does not know."""
        found = self._problems()
        groups = tuple(
            (group, tuple(self._row(_optional(field_there), found) for field_there in group.fields))
            for group in groups_of(self.model)
        )
        unknown = tuple(self._unknown_rows(found))
        return (*groups, (_UNKNOWN, unknown)) if unknown else groups

    @property
    def right(self) -> bool:
        """Whether the table is one that the model takes."""
        return not self.spoilt and not located_problems(self.model, dict(self.table))

    @property
    def _fields(self) -> dict[Path, Field]:
        return {
            field_there.path: field_there for group in groups_of(self.model) for field_there in group.fields
        }

    def _row(self, field_there: Field, problems: Mapping[Location, str]) -> Row:
        path, given = field_there.path, _at(self.table, field_there.path)
        value = field_there.default if given is None else _as_rows(given)
        problem = self.spoilt.get(path) or next(
            (text for at, text in problems.items() if at[: len(path)] == path), ""
        )
        others: tuple[Other, ...] = ()
        if field_there.has_default and given is not None:
            usual = f"default {field_there.shown(field_there.default)}"
            others = (Other(usual, "What is usual: click to take it.", field_there.default),)
        return Row(field_there, value, path in self.spoilt, problem, "", others)

    def _unknown_rows(self, problems: Mapping[Location, str]) -> Iterator[Row]:
        """Keys without a field: seen with what they hold, and to be taken out."""
        out = Other("take out", "Click to leave this key out of the file.", None)
        for at, text in problems.items():
            path = tuple(map(str, at))
            known = any(path[: len(field_path)] == field_path for field_path in self._fields)
            if path and not known and (value := _at(self.table, path)) is not None:
                yield Row(Field(path, path[-1], Kind.LINE, ft.Plain()), value, False, text, "", (out,))

    def _problems(self) -> dict[Location, str]:
        labels = {field_there.path: field_there.label for field_there in self._fields.values()}

        def label_at(location: Location) -> str:
            keys = tuple(key for key in location if isinstance(key, str))
            found = (labels[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in labels)
            return next(found, ".".join(keys) or "Together")

        found = located_problems(self.model, self._with_tables(), label_at)
        return {at: sentence(text.removeprefix("Together: ")) for at, text in found}

    def _with_tables(self) -> dict[str, Any]:
        """With tables that must be there and are not: of these each value that is missing is told."""
        table = dict(self.table)
        for path in (group.path for group in groups_of(self.model) if group.path):
            wrong = {at for at, _ in located_problems(self.model, table)}
            if path in wrong and _at(table, path) is None:
                table = _with(table, path, {})
        return table

    def _others_spoilt(self, path: Path) -> dict[Path, str]:
        return {other: problem for other, problem in self.spoilt.items() if other != path}


def _optional(field_there: Field) -> Field:
    """A field that can be empty where nothing stands in it at first."""
    if field_there.has_default:
        return field_there
    kind = Kind.LINE if field_there.kind is not Kind.NUMBER else Kind.NUMBER
    return replace(field_there, kind=kind, codec=ft.Optional(field_there.codec))


def _plain(value: object) -> object:
    """A value as TOML and JSON have it."""
    return to_jsonable_python(value)


def _as_rows(value: object) -> object:
    """Rows as a form shows them: of a file they are tables."""
    if isinstance(value, list | tuple) and value and all(isinstance(row, Mapping) for row in value):
        return tuple(SimpleNamespace(**row) for row in value)
    return value


def _at(table: Table, path: Path) -> Any:
    value: Any = table
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def _with(table: Table, path: Path, value: object) -> dict[str, Any]:
    key, *rest = path
    inner = table.get(key)
    within = inner if isinstance(inner, Mapping) else {}
    return {**table, key: _with(within, tuple(rest), value) if rest else value}


def _without(table: Table, path: Path) -> dict[str, Any]:
    key, *rest = path
    inner = table.get(key)
    if rest and isinstance(inner, Mapping):
        within = _without(inner, tuple(rest))
        return {**table, key: within} if within else {k: v for k, v in table.items() if k != key}
    return {k: v for k, v in table.items() if k != key} if not rest else dict(table)
