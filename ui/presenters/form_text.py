"""Values of settings as the text that stands in a form's field, and back."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import tomlkit
from pydantic import BaseModel
from tomlkit.exceptions import TOMLKitError

from ui.presenters.quantities import Unreadable, parse, shown, unit_shown

NOT_GIVEN = "not given"


class Codec(Protocol):
    """How a kind of value is written."""

    def text(self, value: Any) -> str:
        """The value as text."""

    def value(self, text: str) -> object:
        """What a model takes for the text. Raises ``Unreadable`` with the reason."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a unit."""

    unit: str = ""
    whole: bool = False

    def text(self, value: Any) -> str:
        return str(value) if self.whole else shown(value)

    def value(self, text: str) -> object:
        number = parse(text, self.unit, whole=self.whole)
        if not self.whole:
            return number
        plain = text.strip()  # a float does not hold every whole number
        return int(plain) if re.fullmatch(r"[+-]?[0-9]+", plain) else round(number)


@dataclass(frozen=True, slots=True)
class Optional:
    """Nothing at all, or what the codec within writes."""

    within: Codec

    def text(self, value: Any) -> str:
        return "" if value is None else self.within.text(value)

    def value(self, text: str) -> object:
        return self.within.value(text) if text.strip() else None


@dataclass(frozen=True, slots=True)
class Plain:
    """Text as it is."""

    def text(self, value: Any) -> str:
        return str(value)

    def value(self, text: str) -> object:
        return text


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several; an enum stands there by its value."""

    members: tuple[object, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.text(member) for member in self.members)

    def text(self, value: Any) -> str:
        return str(value.value if isinstance(value, Enum) else value)

    def value(self, text: str) -> object:
        for member in self.members:
            if self.text(member) == text.strip():
                return member
        raise Unreadable(f"Choose one of: {', '.join(self.names)}.")


@dataclass(frozen=True, slots=True)
class Many:
    """Several of a kind in order, with semicolons between them."""

    each: Codec

    def text(self, value: Any) -> str:
        return "; ".join(self.each.text(item) for item in value)

    def value(self, text: str) -> object:
        parts = re.split(r";|,\s", text.strip().rstrip(";"))
        return tuple(self.each.value(part) for part in parts if part.strip())


@dataclass(frozen=True, slots=True)
class Span:
    """A lower and an upper limit: ``20 to 60``."""

    each: Codec

    def text(self, value: Any) -> str:
        low, high = value
        return f"{self.each.text(low)} to {self.each.text(high)}"

    def value(self, text: str) -> object:
        ends = re.split(r"\bto\b|\bbis\b|;|\.\.\.?|\N{EN DASH}", text)
        if len(ends) != 2:
            raise Unreadable("Give the lower and the upper limit, as in: 20 to 60.")
        return self.each.value(ends[0]), self.each.value(ends[1])


@dataclass(frozen=True, slots=True)
class Names:
    """Names with commas between them; one that holds blanks or signs stands in quotes."""

    def text(self, value: Any) -> str:
        return ", ".join(_quoted(name) for name in value)

    def value(self, text: str) -> object:
        lexer = shlex.shlex(text, posix=True)
        lexer.whitespace += ",;"
        lexer.whitespace_split, lexer.commenters = True, ""
        try:
            return tuple(lexer)
        except ValueError:
            raise Unreadable("A quotation mark is not closed.") from None


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of numbers, a line for each row; ``columns`` are keys and codecs."""

    columns: tuple[tuple[str, Codec], ...]

    def text(self, value: Any) -> str:
        return "\n".join(
            "; ".join(codec.text(getattr(row, key)) for key, codec in self.columns) for row in value
        )

    def value(self, text: str) -> object:
        return tuple(self._row(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip())

    def _row(self, number: int, line: str) -> Mapping[str, object]:
        cells = line.split(";")
        if len(cells) != len(self.columns):
            raise Unreadable(
                f"Line {number} needs {len(self.columns)} numbers with semicolons between them."
            )
        return {key: codec.value(cell) for (key, codec), cell in zip(self.columns, cells, strict=True)}


@dataclass(frozen=True, slots=True)
class Toml:
    """What a driver is told: keys and values as in the file."""

    def text(self, value: Any) -> str:
        return tomlkit.dumps(value).strip()

    def value(self, text: str) -> object:
        try:
            return tomllib.loads(text)
        except (ValueError, TOMLKitError, RecursionError) as error:
            raise Unreadable(f"This is not as in a settings file: {error}.") from None


def _quoted(name: str) -> str:
    if re.fullmatch(r"[\w.-]+", name):
        return name
    inside = name.replace("'", "'\"'\"'")
    return f"'{inside}'"


def rows_of(model: type[BaseModel], unit_of: Any) -> Rows:
    """The table of a model that holds numbers only."""
    return Rows(tuple((key, Number(unit_of(key))) for key in model.model_fields))


def with_unit(text: str, unit: str) -> str:
    """A value as it stands in a sentence."""
    return f"{text} {unit_shown(unit)}" if text and unit else text or NOT_GIVEN
