"""What can be done now, by name: looked for by typing, or listed with its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from ui.presenters.help import Page

ANYWHERE = "Window"
"""Where commands belong that hold everywhere."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something the window does. ``keys`` as they are written on the keyboard; ``where``: view or panel."""

    text: str
    keys: tuple[str, ...]
    where: str
    possible: bool
    do: Callable[[], object]
    hint: str = ""


def matching(commands: Iterable[Command], text: str) -> list[Command]:
    """Commands whose names hold every word of ``text``: possible ones first, then those that begin so."""
    words = text.casefold().split()

    def rank(command: Command) -> tuple[bool, bool, str]:
        name = command.text.casefold()
        return not command.possible, not name.startswith(words[0] if words else ""), name

    found = (c for c in commands if all(w in f"{c.text} {c.where} {c.hint}".casefold() for w in words))
    return sorted(found, key=rank)


def keys_page(commands: Iterable[Command], introduction: str) -> Page:
    """All keys by where they hold, as a page."""
    with_keys = [command for command in commands if command.keys]
    with_keys.sort(key=lambda c: (c.where != ANYWHERE, c.where))
    parts = ["# Keyboard", introduction]
    for where, group in groupby(with_keys, key=lambda c: c.where):
        rows = (f"| {' or '.join(_key(k) for k in c.keys)} | {c.text} |" for c in group)
        parts.append("\n".join((f"## {_heading(where)}\n", "| Keys | What they do |", "|---|---|", *rows)))
    return Page("", "Keyboard", "\n\n".join(parts) + "\n")


def _heading(where: str) -> str:
    return "Everywhere" if where == ANYWHERE else where


def _key(name: str) -> str:
    return f"`{name}`"
