"""Settings files: how any of them is read, refused and written.

A file that is missing, truncated, mistyped or hostile gives one :class:`SettingsError`
that lists all that is wrong in sentences. Values are never guessed or dropped.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from hardware.model_problems import Location, dotted, located_problems

MAX_FILE_BYTES = 64 * 2**20
"""A settings file larger than this is not one of ours."""


MOST_PROBLEMS = 50
"""Problems of one file that are listed; the rest is counted."""


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


def validate(path: Path, model: type[S], data: Any, where: Callable[[Location], str] = dotted) -> S:
    """A model from parsed data, or a ``SettingsError`` with one sentence per wrong value.

    ``where`` says how a place in the data is called.
    """
    try:
        return model.model_validate(data)
    except ValidationError:
        found = located_problems(model, data, where)
        raise SettingsError(path, [text for _, text in found], "Correct these values.") from None
    except RecursionError:
        raise SettingsError(path, ["the file is nested too deeply"], "Restore it from a copy.") from None
