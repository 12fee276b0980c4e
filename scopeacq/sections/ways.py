"""Ways to seek sections on an overview."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scopeacq.sections.candidates import Ring


@dataclass(frozen=True, slots=True)
class Unlearned:
    """By grey, without training; like ``example_um`` where one section has been drawn."""

    example_um: Ring | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """By the section network, with the shipped weights unless others are named."""

    weights: Path | None = None


Way = Unlearned | Learned
