"""Any settings model as a form: its fields, what stands in them, and what is wrong with that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from types import NoneType
from typing import Annotated, Any, Generic, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from scopeacq.settings import Location, Measured, S, Settings, located_problems
from scopeacq.templates import unit_of, without_unit
from scopeacq.wording import sentence
from ui.presenters import form_text as ft
from ui.presenters.quantities import unit_shown

Path = tuple[str, ...]
"""The keys that lead to a value: ``("imaging", "dwell_ns")``."""

_NOWHERE = "together"
"""The place of a problem that several values have with each other."""

HIDDEN = frozenset({"format"})
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

    def matches(self, words: str) -> bool:
        """Whether the field is what somebody searches for."""
        within = " ".join(
            (*self.path, self.label, self.unit, unit_shown(self.unit), self.description)
        ).lower()
        return all(word in within for word in words.lower().split())


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one settings model; those of models within are groups of their own."""

    path: Path
    title: str
    description: str
    fields: tuple[Field, ...]


@cache
def groups_of(model: type[Settings]) -> tuple[Group, ...]:
    """The form of a model, in the order of its keys; a group without values of its own is left out."""
    return tuple(group for group in _groups(model, (), "General") if group.fields)


def label_of(key: str) -> str:
    """A key in words, without its unit."""
    text = " ".join(_WORDS.get(word, word) for word in without_unit(key).split("_"))
    return text[:1].upper() + text[1:]


def value_at(settings: Settings, path: Path) -> Any:
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


class Unacceptable(ValueError):
    """Settings that a model allows and somebody else does not; the message says why in a sentence."""


Accept = Callable[[S], None]
"""Takes settings that are valid in themselves; raises ``Unacceptable``."""


@dataclass
class SettingsForm(Generic[S]):
    """What stands in a form's fields: ``settings``, which are valid, and what is not part of them.

    ``wrong`` holds the values that a model refuses, alone or together with others, until they are corrected
    or become right by another one. ``spoilt`` fields hold what is no value at all.
    """

    settings: S
    saved: S
    wrong: dict[Path, object] = field(default_factory=dict)
    spoilt: dict[Path, str] = field(default_factory=dict)
    problems: dict[Path, str] = field(default_factory=dict)

    def show(self, settings: S, saved: S) -> None:
        """Take settings that come from elsewhere, as by undo; others than before forget what was wrong."""
        if settings != self.settings:
            self.wrong, self.spoilt, self.problems = {}, {}, {}
        self.settings, self.saved = settings, saved

    def spoil(self, path: Path, problem: str) -> None:
        """A field holds what is no value."""
        self.wrong.pop(path, None)
        self.spoilt[path] = problem
        self._collect({})

    def enter(self, path: Path, value: object, accept: Accept[S]) -> bool:
        """A field holds another value. Whether the settings have changed; else ``problems`` says why."""
        self.spoilt.pop(path, None)
        self.wrong[path] = value
        refusals: dict[Path, str] = {}
        for attempt in ({**self.wrong}, {path: value}):
            model, data = type(self.settings), with_values(self.settings, attempt)
            if located_problems(model, data):
                continue
            after = model.model_validate(data)
            try:
                accept(after)
            except Unacceptable as refusal:
                refusals = dict.fromkeys(attempt, str(refusal))
                continue
            changed, self.settings = after != self.settings, after
            self.wrong = {p: v for p, v in self.wrong.items() if p not in attempt}
            self._collect({})
            return changed
        self._collect(refusals)
        return False

    def _collect(self, refusals: Mapping[Path, str]) -> None:
        """Say of each field that is not part of the settings why that is so."""
        together = self._problems(self.wrong)
        self.problems = dict(self.spoilt)
        for path in self.wrong:
            found = (
                refusals.get(path)
                or _about(path, together)
                or _about(path, self._problems({path: self.wrong[path]}))
            )
            self.problems[path] = found or "This does not go with the other values that are marked."

    def _problems(self, values: Mapping[Path, object]) -> dict[Location, str]:
        model = type(self.settings)
        found = located_problems(
            model, with_values(self.settings, values), where=lambda loc: _place(model, loc)
        )
        return {location: _in_words(model, location, text) for location, text in found}


def _about(path: Path, problems: Mapping[Location, str]) -> str:
    """The problem of a value itself, or else of the model that holds it."""
    own = [text for location, text in problems.items() if location[: len(path)] == path]
    around = [text for location, text in problems.items() if location == path[: len(location)]]
    return " ".join(own or around)


def _place(model: type[Settings], location: Location) -> str:
    """What the form calls a place; nothing for a place that is no field."""
    labels = _labels(model)
    keys = tuple(key for key in location if isinstance(key, str))
    return next((labels[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in labels), _NOWHERE)


def _in_words(model: type[Settings], location: Location, text: str) -> str:
    """A sentence in which values are named as in the form."""
    text = text.removeprefix(f"{_NOWHERE}: ")
    for path, label in _labels(model).items():
        if "_" in path[-1] and path[:-1] == location[: len(path) - 1]:
            text = re.sub(rf"\b{path[-1]}\b", label.lower(), text)
    return sentence(text)


@cache
def _labels(model: type[Settings]) -> Mapping[Path, str]:
    return {f.path: f.label for group in groups_of(model) for f in group.fields}


def _groups(model: type[Settings], path: Path, title: str) -> Iterator[Group]:
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
        info.title or label_of(key),
        kind,
        codec,
        unit,
        info.description or "",
        has_default=not info.is_required(),
        default=None if info.is_required() else info.get_default(call_default_factory=True),
        measured=any(isinstance(mark, Measured) for mark in info.metadata),
    )


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
    if isinstance(item, type) and issubclass(item, Settings):
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


def _model_in(annotation: Any) -> type[Settings] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, Settings) else None
