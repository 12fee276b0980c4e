"""Settings files: how any of them is read, refused and written.

A file that is missing, truncated, mistyped or hostile gives one :class:`SettingsError`
that lists all that is wrong in sentences. Values are never guessed or dropped.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

MAX_FILE_BYTES = 64 * 2**20
"""A settings file larger than this is not one of ours."""


class SettingsError(ValueError):
    """A file of settings cannot be used. ``problems`` holds one sentence each."""

    def __init__(self, path: Path, problems: list[str], advice: str) -> None:
        self.path, self.problems, self.advice = path, problems, advice
        super().__init__(f"{path}: {'; '.join(problems)}. {advice}")


class Settings(BaseModel):
    """Base of all settings models: immutable, and a mistyped key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=Settings)


def read_text(path: Path) -> str:
    """The text of a settings file; ``SettingsError`` when it cannot be read."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SettingsError(path, ["is far too large"], "Check that it is the right file.")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(path, ["does not exist"], "Make a project with `scopeacq new`.") from None
    except UnicodeDecodeError:
        raise SettingsError(path, ["is not a text file"], "Restore it from a copy.") from None
    except OSError as error:
        raise SettingsError(
            path, [f"cannot be read ({error.strerror})"], "Check the path and its permissions."
        ) from None


def read_toml(path: Path, model: type[S], file_format: str) -> S:
    """Read and validate a TOML file whose first key is ``format = "<file_format>"``."""
    text = read_text(path)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a plain ValueError for numbers of too many digits
        raise SettingsError(
            path, [f"is not valid TOML ({error})"], "Mend that line, or restore a copy."
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
            [f"has the format {found!r}, this program reads {wanted!r}"],
            "Use the version of scopeacq that made it.",
        )
    raise SettingsError(path, [f"does not say format = {wanted!r}"], "Check that it is the right file.")


def validate(path: Path, model: type[S], data: Any) -> S:
    """A model from parsed data, or a ``SettingsError`` with one sentence per wrong value."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SettingsError(
            path, [_sentence(e["loc"], e["msg"]) for e in error.errors()], "Correct these values."
        ) from None
    except RecursionError:
        raise SettingsError(path, ["is nested too deeply"], "Restore it from a copy.") from None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in location) or "the file"
    return f"{where}: {message[:1].lower()}{message[1:]}"
