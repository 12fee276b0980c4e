"""Headers as text: encodings, sections, numbers, quantities with units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

Sections = Mapping[str, Mapping[str, str]]

_NUMBER = re.compile(r"[+-]?\d{1,30}(?:[.,](\d{0,30}))?(?:[eE]([+-]?\d{1,3}))?")
_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "c": 1e-2, "": 1.0, "k": 1e3}
_MICRO = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u", "\N{DEGREE SIGN}": "d"})
_DEGREES = frozenset({"d", "deg", "degrees"})


def decoded(raw: bytes) -> str:
    """The text before the first zero byte: UTF-8, or the code page of Western Windows."""
    text = raw.partition(b"\0")[0]
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def sections_of(text: str) -> Sections:
    """``[Section]`` and ``key=value`` lines, as Windows' ini files have them; other lines say nothing."""
    sections: dict[str, dict[str, str]] = {}
    here = sections.setdefault("", {})
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            here = sections.setdefault(line[1:-1].strip(), {})
        elif "=" in line:
            key, _, value = line.partition("=")
            here.setdefault(key.strip(), value.strip())
    return sections


def number(text: str | None) -> float | None:
    """A number with a point or a comma before its decimals."""
    if text is None or not (match := _NUMBER.fullmatch(text.strip())):
        return None
    value = float(match.group().replace(",", "."))
    return value if math.isfinite(value) else None


def times(value: float | None, factor: float) -> float | None:
    """The same in another unit; ``None`` where that is beyond all numbers."""
    return value * factor if value is not None and math.isfinite(value * factor) else None


def scaled(text: str | None, factor: float) -> float | None:
    """A number times ``factor``."""
    return times(number(text), factor)


def positive(value: float | None) -> float | None:
    """Lengths of pixels, times and distances: nothing else is one."""
    return value if value is not None and value > 0 and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Quantity:
    """``value`` in the unit without prefix; the true one lies within ``half_step`` of it."""

    value: float
    half_step: float


def quantity(text: str | None, unit: str) -> Quantity | None:
    """``7.7 mm`` as metres for the unit ``m``; ``None`` where another unit, or none, is named."""
    said, _, named = (text or "").strip().partition(" ")
    match = _NUMBER.fullmatch(said)
    factor = _factor(named.strip().translate(_MICRO), unit)
    value = number(said)
    if match is None or value is None or factor is None:
        return None
    decimals = len(match.group(1) or "") - int(match.group(2) or 0)
    half_step = 0.5 * factor * float(f"1e{-decimals}")  # a power would overflow, this is infinite
    return Quantity(value * factor, half_step) if math.isfinite(half_step) else None


def degrees(text: str | None) -> float | None:
    """An angle that is said in degrees."""
    said, _, named = (text or "").strip().partition(" ")
    return number(said) if named.strip().lower().translate(_MICRO) in _DEGREES else None


def moment(text: str, *formats: str) -> datetime | None:
    """The time that ``text`` tells in exactly one of the formats, or the same one in several."""
    told = set()
    for form in formats:
        with suppress(ValueError):
            told.add(datetime.strptime(text, form))
    return told.pop() if len(told) == 1 else None


def _factor(named: str, unit: str) -> float | None:
    return _PREFIXES.get(named.removesuffix(unit)) if named.endswith(unit) else None
