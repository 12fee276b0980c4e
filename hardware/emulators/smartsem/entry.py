"""What a parameter of an emulated SmartSEM is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = float | str
Entries: TypeAlias = Mapping[str, "Analogue | Digital"]


class Refusal(Exception):
    """A call ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Analogue:
    """A number in the API's unit."""

    read: Callable[[], float]
    write: Callable[[float], object] | None = None
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Digital:
    """One of several words, set by word or by its place among ``words``."""

    read: Callable[[], str]
    write: Callable[[str], object] | None = None
    words: tuple[str, ...] = ()


def tidy(value: float) -> float:
    """Without the last digit, which conversions make up."""
    return float(f"{value:.15g}")


def switch(read: Callable[[], bool], write: Callable[[bool], object] | None = None) -> Digital:
    """Off or on."""
    return Digital(
        lambda: "On" if read() else "Off", write and (lambda word: write(word == "On")), ("Off", "On")
    )
