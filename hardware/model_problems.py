"""What is wrong with data for a pydantic model: a place and a sentence for each wrong value."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Location: TypeAlias = tuple[int | str, ...]


def dotted(location: Location) -> str:
    """A place in the data as TOML writes it: ``column.wd_limits_um.0``."""
    return ".".join(map(str, location))


def located_problems(
    model: type[BaseModel], data: Any, where: Callable[[Location], str] = dotted
) -> list[tuple[Location, str]]:
    """Where in the data something is wrong, and what, in a sentence; nothing where all is right.

    ``where`` says how a place in the data is called. Raises ``RecursionError`` for data nested too deeply.
    """
    try:
        model.model_validate(data)
    except ValidationError as error:
        return [(e["loc"], _sentence(model, e, where)) for e in _all_errors(model, data, error)]
    return []


def _all_errors(model: type[BaseModel], data: Any, found: ValidationError) -> list[ErrorDetails]:
    """What was found, and what a second look finds in tables that were given up for an unknown key."""
    unknown = [e for e in found.errors(include_url=False) if e["type"] == "extra_forbidden"]
    try:
        model.model_validate(data, extra="ignore")
    except ValidationError as rest:
        return [*unknown, *rest.errors(include_url=False)]
    return unknown


_PLAIN = {"greater than or equal to": "at least", "less than or equal to": "at most"}


def _sentence(model: type[BaseModel], error: ErrorDetails, where: Callable[[Location], str]) -> str:
    place, value, message = where(error["loc"]) or "the file", error["input"], error["msg"]
    match error["type"]:
        case "extra_forbidden":
            return f"{place} is unknown{_meant(model, error['loc'])}"
        case "missing":
            return f"{place} is missing"
        case "value_error":
            return f"{place}: {error['ctx']['error']}"
        case "model_type":
            return f"{place} should be a table, but is {reprlib.repr(value)}"
        case _:
            _, should, rest = message.partition(" should ")
            told = f" should {rest}" if should else f": {message}"
            for formal, plain in _PLAIN.items():
                told = told.replace(formal, plain)
            return f"{place}{told}, but is {_shown(value)}"


def _shown(value: object) -> str:
    return "a table" if isinstance(value, Mapping) else reprlib.repr(value)


def meant(word: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` where a known word begins with this one, or is spelled much like it."""
    names = sorted(known)
    begun = [name for name in names if word and name.startswith(word)]
    close = begun or get_close_matches(word, names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _meant(model: type[BaseModel], location: Location) -> str:
    """The key of the same table that is spelled most like the last one of ``location``."""
    return meant(str(location[-1]), _table_at(model, location[:-1]).model_fields)


def _table_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    """The model of the table at a place; rows and named tables have that of their list or mapping."""
    for key in location:
        if key in model.model_fields:
            annotation = model.model_fields[str(key)].annotation
            kinds = (annotation, *get_args(annotation))
            model = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), model)
    return model
