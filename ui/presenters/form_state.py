"""A form under edit: the settings that are valid, and what stands in its fields and is not part of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic

from hardware.model_problems import Location, located_problems
from scopeacq.plan.settings import S, Settings
from scopeacq.telling.wording import sentence
from ui.presenters.forms import Path, fields_of, with_values

_NOWHERE = "together"
"""The place of a problem that several values have with each other."""


class Unacceptable(ValueError):
    """Settings that a model allows and somebody else does not; the message says why in a sentence."""


Accept = Callable[[S], None]
"""Takes settings that are valid in themselves; raises ``Unacceptable``."""


@dataclass
class SettingsForm(Generic[S]):
    """What stands in a form's fields: ``settings``, which are valid, and what is not part of them.

    ``wrong`` holds the values that a model refuses, alone or together with others, until they are corrected
    or become right by another one. ``spoilt`` fields hold what is no value at all.
    """

    settings: S
    saved: S
    wrong: dict[Path, object] = field(default_factory=dict)
    spoilt: dict[Path, str] = field(default_factory=dict)
    problems: dict[Path, str] = field(default_factory=dict)
    _refused: dict[Path, str] = field(default_factory=dict)

    def show(self, settings: S, saved: S) -> None:
        """Take settings that come from elsewhere, as by undo; others than before forget what was wrong."""
        if settings != self.settings:
            self.forget_all()
        self.settings, self.saved = settings, saved

    def forget(self, path: Path) -> None:
        """What stands in a field and is wrong does not count any more."""
        for marked in (self.wrong, self.spoilt, self._refused):
            marked.pop(path, None)
        self._collect()

    def forget_all(self) -> None:
        """Nothing that is wrong counts any more."""
        self.wrong, self.spoilt, self.problems, self._refused = {}, {}, {}, {}

    def spoil(self, path: Path, problem: str) -> None:
        """A field holds what is no value."""
        self.forget(path)
        self.spoilt[path] = problem
        self._collect()

    def enter(self, path: Path, value: object, accept: Accept[S]) -> bool:
        """A field holds another value. Whether the settings have changed; else ``problems`` says why."""
        self.forget(path)
        self.wrong[path] = value
        for attempt in ({**self.wrong}, {path: value}):
            model, data = type(self.settings), with_values(self.settings, attempt)
            if located_problems(model, data):
                continue
            after = model.model_validate(data)
            try:
                accept(after)
            except Unacceptable as refusal:
                words = _in_words(model, path, str(refusal))
                self._refused |= dict.fromkeys(attempt, words)
                continue
            changed, self.settings = after != self.settings, after
            self.wrong = {p: v for p, v in self.wrong.items() if p not in attempt}
            self._collect()
            return changed
        self._collect()
        return False

    def _collect(self) -> None:
        """Say of each field that is not part of the settings why that is so."""
        together = self._problems(self.wrong)
        self.problems = dict(self.spoilt)
        for path in self.wrong:
            found = (
                _about(path, together)
                or _about(path, self._problems({path: self.wrong[path]}))
                or self._refused.get(path)
            )
            self.problems[path] = found or "This does not go with the other values that are marked."

    def _problems(self, values: Mapping[Path, object]) -> dict[Location, str]:
        model = type(self.settings)
        found = located_problems(
            model, with_values(self.settings, values), where=lambda loc: _place(model, loc)
        )
        return {location: _in_words(model, location, text) for location, text in found}


def _about(path: Path, problems: Mapping[Location, str]) -> str:
    """The problem of a value itself, or else of the model that holds it."""
    own = [text for location, text in problems.items() if location[: len(path)] == path]
    around = [text for location, text in problems.items() if location == path[: len(location)]]
    return " ".join(own or around)


def _place(model: type[Settings], location: Location) -> str:
    """What the form calls a place; nothing for a place that is no field."""
    fields = fields_of(model)
    keys = tuple(key for key in location if isinstance(key, str))
    return next((fields[keys[:n]].label for n in range(len(keys), 0, -1) if keys[:n] in fields), _NOWHERE)


def _in_words(model: type[Settings], location: Location, text: str) -> str:
    """A sentence in which values are named as in the form."""
    text = text.removeprefix(f"{_NOWHERE}: ")
    for path, field_there in fields_of(model).items():
        if len(path) > 1:
            text = re.sub(rf"\b{re.escape('.'.join(path))}\b", field_there.label.lower(), text, flags=re.I)
        if "_" in path[-1] and path[:-1] == location[: len(path) - 1]:
            text = re.sub(rf"\b{path[-1]}\b", field_there.label.lower(), text)
    return sentence(text)
