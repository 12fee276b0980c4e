"""Settings files: how any of them is read, refused and written.

A file that is missing, truncated, mistyped or hostile gives one :class:`SettingsError`
that lists all that is wrong in sentences. Values are never guessed or dropped.
"""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

MAX_FILE_BYTES = 64 * 2**20
"""A settings file larger than this is not one of ours."""


MOST_PROBLEMS = 50
"""Problems of one file that are listed; the rest is counted."""

Location = tuple[int | str, ...]


class SettingsError(ValueError):
    """A file of settings cannot be used. ``problems`` holds one sentence each.

    Several problems stand on a line each; the line before them names the file and counts them.
    """

    def __init__(self, path: Path, problems: Sequence[str], advice: str) -> None:
        self.path, self.problems = path, [_on_one_line(problem) for problem in problems]
        self.advice = advice
        super().__init__(self._text())

    def _text(self) -> str:
        if len(self.problems) == 1:
            return f"{self.path}: {_ended(self.problems[0])} {self.advice}"
        listed = [f"- {_ended(problem)}" for problem in self.problems[:MOST_PROBLEMS]]
        if more := len(self.problems) - len(listed):
            listed.append(f"- {more} more.")
        return "\n".join([f"{self.path}: {len(self.problems)} problems. {self.advice}", *listed])


class SeveralFilesError(SettingsError):
    """What is wrong with several files, one after the other."""

    def __init__(self, errors: Sequence[SettingsError]) -> None:
        problems = [problem for error in errors for problem in error.problems]
        super().__init__(errors[0].path, problems, errors[0].advice)
        self.errors = tuple(errors)
        self.args = ("\n".join(map(str, errors)),)


def _ended(problem: str) -> str:
    return problem if problem.endswith("?") else f"{problem}."


def _on_one_line(text: str) -> str:
    """Names and values from a file may hold anything; a terminal gets only what prints."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


class Settings(BaseModel):
    """Base of all settings models: immutable, and a mistyped key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Measured:
    """Marks a value, in its ``Annotated`` type, that calibration measures and nobody chooses."""


MEASURED = Measured()


def is_measured(info: FieldInfo) -> bool:
    """Whether calibration measures the value of a field, also one that may be missing."""
    either = [mark for kind in get_args(info.annotation) for mark in getattr(kind, "__metadata__", ())]
    return any(isinstance(mark, Measured) for mark in (*info.metadata, *either))


S = TypeVar("S", bound=Settings)
T = TypeVar("T")


def _printable(text: str) -> str:
    if not 1 <= len(text) <= 100 or not text.isprintable():
        raise PydanticCustomError("name", "Input should be 1 to 100 printable characters")
    return text


Name = Annotated[str, AfterValidator(_printable)]
"""A name that people give and that is shown in terminals."""


def attempt(reader: Callable[[Path], T], path: Path, errors: list[SettingsError]) -> T | None:
    """What ``reader`` makes of a file, or None with its error added to ``errors``."""
    try:
        return reader(path)
    except SettingsError as error:
        errors.append(error)
        return None


def read_text(path: Path) -> str:
    """The text of a settings file; ``SettingsError`` when it cannot be read."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SettingsError(path, ["the file is far too large"], "Check that it is the right file.")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            path, ["the file does not exist"], "Restore it from a copy, or begin with `scopeacq new`."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(path, ["the file is not text"], "Restore it from a copy.") from None
    except OSError as error:
        raise SettingsError(
            path, [f"the file cannot be read ({error.strerror})"], "Check the path and its permissions."
        ) from None


def read_toml(path: Path, model: type[S], file_format: str) -> S:
    """Read and validate a TOML file whose first key is ``format = "<file_format>"``."""
    text = read_text(path)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a plain ValueError for numbers of too many digits
        raise SettingsError(
            path, [f"the file is not valid TOML ({error})"], "Mend that line, or restore a copy."
        ) from None
    check_format(path, data.get("format"), file_format)
    return validate(path, model, data)


def check_format(path: Path, found: object, wanted: str) -> None:
    """Refuse a file of another version by name."""
    if found == wanted:
        return
    if isinstance(found, str) and found.split("/")[0] == wanted.split("/")[0]:
        raise SettingsError(
            path,
            [f"the file has the format {found!r}, this program reads {wanted!r}"],
            "Use the version of scopeacq that made it.",
        )
    raise SettingsError(
        path, [f"the file does not say format = {wanted!r}"], "Check that it is the right file."
    )


def validate(
    path: Path,
    model: type[S],
    data: Any,
    where: Callable[[Location], str] = lambda location: ".".join(map(str, location)),
) -> S:
    """A model from parsed data, or a ``SettingsError`` with one sentence per wrong value.

    ``where`` says how a place in the data is called.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = _located(model, data, error, where)
        raise SettingsError(path, [text for _, text in found], "Correct these values.") from None
    except RecursionError:
        raise SettingsError(path, ["the file is nested too deeply"], "Restore it from a copy.") from None


def located_problems(
    model: type[Settings],
    data: Any,
    where: Callable[[Location], str] = lambda location: ".".join(map(str, location)),
) -> list[tuple[Location, str]]:
    """Where in the data something is wrong, and what, in a sentence; nothing where all is right."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        return _located(model, data, error, where)
    return []


def _located(
    model: type[Settings], data: Any, error: ValidationError, where: Callable[[Location], str]
) -> list[tuple[Location, str]]:
    return [(e["loc"], _sentence(model, e, where)) for e in _all_errors(model, data, error)]


def _all_errors(model: type[Settings], data: Any, found: ValidationError) -> list[ErrorDetails]:
    """What was found, and what a second look finds in tables that were given up for an unknown key."""
    unknown = [e for e in found.errors(include_url=False) if e["type"] == "extra_forbidden"]
    try:
        model.model_validate(data, extra="ignore")
    except ValidationError as rest:
        return [*unknown, *rest.errors(include_url=False)]
    return unknown


_PLAIN = {"greater than or equal to": "at least", "less than or equal to": "at most"}


def _sentence(model: type[Settings], error: ErrorDetails, where: Callable[[Location], str]) -> str:
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


def _meant(model: type[Settings], location: Location) -> str:
    """The key of the same table that is spelled most like the last one of ``location``."""
    known = _table_at(model, location[:-1]).model_fields
    close = get_close_matches(str(location[-1]), known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _table_at(model: type[Settings], location: Location) -> type[Settings]:
    for key in location:
        if isinstance(key, str):
            annotation = model.model_fields[key].annotation
            kinds = (annotation, *get_args(annotation))
            model = next(k for k in kinds if isinstance(k, type) and issubclass(k, Settings))
    return model
