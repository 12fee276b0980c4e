"""Any settings model as a form: its fields, what stands in them, and what is wrong with that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scopeacq.plan.settings import S, is_measured
from scopeacq.plan.templates import unit_of, without_unit
from ui.presenters import form_text as ft
from ui.presenters.quantities import unit_shown, units_shown

Path = tuple[str, ...]
"""The keys that lead to a value: ``("imaging", "dwell_ns")``."""

HIDDEN = frozenset({"format", "calibrations"})
"""Keys that are no choice of anybody."""

_WORDS = {
    "wd": "working distance",
    "stig": "stigmators",
    "sd": "spread",
    "eht": "EHT",
    "hv": "high voltage",
}


class Kind(Enum):
    """How a value is entered."""

    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    CHAIN = "chain"
    LINE = "line"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a form. ``default`` is None where there is none; ``measured``: found by calibration."""

    path: Path
    label: str
    kind: Kind
    codec: ft.Codec
    unit: str = ""
    description: str = ""
    has_default: bool = False
    default: object = None
    measured: bool = False

    @property
    def whole(self) -> bool:
        return isinstance(self.codec, ft.Number) and self.codec.whole

    def shown(self, value: object) -> str:
        """A value in words, with its unit."""
        return ft.with_unit(self.codec.text(value), self.unit)

    def matches(self, words: str, title: str = "") -> bool:
        """Whether the field, in a group of this title, is what somebody searches for."""
        texts = (*self.path, title, self.label, self.unit, unit_shown(self.unit), self.description)
        within = " ".join(texts).lower()
        return all(word in within for word in words.lower().split())


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one settings model; those of models within are groups of their own."""

    path: Path
    title: str
    description: str
    fields: tuple[Field, ...]


@cache
def groups_of(model: type[BaseModel]) -> tuple[Group, ...]:
    """The form of a model, in the order of its keys; a group without values of its own is left out."""
    return tuple(group for group in _groups(model, (), "General") if group.fields)


@cache
def fields_of(model: type[BaseModel]) -> Mapping[Path, Field]:
    """The fields of a model's form by their paths."""
    return {field.path: field for group in groups_of(model) for field in group.fields}


def label_of(key: str) -> str:
    """A key in words, without its unit."""
    text = " ".join(_WORDS.get(word, word) for word in without_unit(key).split("_"))
    return text[:1].upper() + text[1:]


def value_at(settings: BaseModel, path: Path) -> Any:
    """The value of a field."""
    value: Any = settings
    for key in path:
        value = getattr(value, key)
    return value


def with_values(settings: S, values: Mapping[Path, object]) -> dict[str, Any]:
    """The settings as plain data in which some values are others."""
    data = settings.model_dump()
    for path, value in values.items():
        table = data
        for key in path[:-1]:
            table = table[key]
        table[path[-1]] = value
    return data


def _groups(model: type[BaseModel], path: Path, title: str) -> Iterator[Group]:
    own = {key: info for key, info in model.model_fields.items() if key not in HIDDEN}
    nested = {key: kind for key, info in own.items() if (kind := _model_in(info.annotation)) is not None}
    fields = tuple(_field((*path, key), info) for key, info in own.items() if key not in nested)
    yield Group(path, title, (model.__doc__ or "").strip().split("\n")[0], fields)
    for key, kind in nested.items():
        name = label_of(key) if not path else f"{title}: {label_of(key).lower()}"
        yield from _groups(kind, (*path, key), name)


def _field(path: Path, info: FieldInfo) -> Field:
    key, annotation = path[-1], _bare(info.annotation)
    unit = unit_of(key)
    kind, codec = _kind_and_codec(annotation, unit)
    if NoneType in get_args(_unannotated(info.annotation)):
        kind, codec = Kind.LINE, ft.Optional(codec)
    return Field(
        path,
        _without_brackets(info.title, unit) if info.title else label_of(key),
        kind,
        codec,
        unit,
        units_shown(info.description or ""),
        has_default=not info.is_required(),
        default=None if info.is_required() else info.get_default(call_default_factory=True),
        measured=is_measured(info),
    )


def _without_brackets(title: str, unit: str) -> str:
    """A title that says the unit itself, which stands beside the number already."""
    return re.sub(r" \[[^\]]*\]$", "", title) if unit else title


def _kind_and_codec(annotation: Any, unit: str) -> tuple[Kind, ft.Codec]:
    if annotation is bool:
        return Kind.SWITCH, ft.Choice((False, True))
    if annotation in (int, float):
        return Kind.NUMBER, ft.Number(unit, whole=annotation is int)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Kind.CHOICE, ft.Choice(tuple(annotation))
    if get_origin(annotation) is Literal:
        return Kind.CHOICE, ft.Choice(get_args(annotation))
    if get_origin(annotation) is tuple:
        return _kind_and_codec_of_tuple(get_args(annotation), unit)
    if get_origin(annotation) is dict:
        return Kind.LINES, ft.Toml()
    return Kind.LINE, ft.Plain()


def _kind_and_codec_of_tuple(items: tuple[Any, ...], unit: str) -> tuple[Kind, ft.Codec]:
    item = _bare(items[0])
    if isinstance(item, type) and issubclass(item, BaseModel):
        return Kind.LINES, ft.rows_of(item, unit_of)
    if item is str:
        return Kind.LINE, ft.Names()
    kind, codec = _kind_and_codec(item, unit)
    if items[-1] is not Ellipsis:
        return Kind.LINE, ft.Span(codec)
    return (Kind.CHAIN if kind is Kind.CHOICE else Kind.LINE), ft.Many(codec)


def _bare(annotation: Any) -> Any:
    """A type without what is said about it and without None."""
    annotation = _unannotated(annotation)
    others = [kind for kind in get_args(annotation) if kind is not NoneType]
    if NoneType in get_args(annotation) and len(others) == 1:
        return _bare(others[0])
    return annotation


def _unannotated(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None
