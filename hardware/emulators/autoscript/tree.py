"""Attributes and commands by their dotted paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Tree:
    """``readings`` can be read, ``settings`` be set, ``commands`` be called."""

    readings: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    settings: Mapping[str, Callable[[Any], None]] = field(default_factory=dict)
    commands: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, *trees: Tree) -> Tree:
        """All of them in one."""
        return cls(
            {path: read for tree in trees for path, read in tree.readings.items()},
            {path: write for tree in trees for path, write in tree.settings.items()},
            {path: run for tree in trees for path, run in tree.commands.items()},
        )

    def leads_on(self, path: str) -> bool:
        below = f"{path}."
        return any(known.startswith(below) for known in (*self.readings, *self.commands))
