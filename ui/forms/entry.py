"""From the rows of a form into its settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic

from scopeacq.plan.settings import S
from ui.forms.row import FieldRow
from ui.presenters.form_state import SettingsForm
from ui.presenters.forms import Path


class Entry(Generic[S]):
    """Puts what its operator enters in rows into a form, and tells ``changed`` after that."""

    def __init__(
        self, form: SettingsForm[S], accept: Callable[[Path, S], None], changed: Callable[[], None]
    ) -> None:
        """``accept``: takes valid settings and the value that was entered last; raises ``Unacceptable``."""
        self._form, self._accept, self._changed = form, accept, changed

    def follow(self, row: FieldRow) -> None:
        """Take what is entered in ``row`` from now on."""
        path = row.field.path
        row.entered.connect(partial(self._enter, path))
        row.spoiled.connect(partial(self._spoil, path))
        row.given_up.connect(partial(self._give_up, path))

    def _enter(self, path: Path, value: object) -> None:
        self._form.enter(path, value, partial(self._accept, path))
        self._changed()

    def _spoil(self, path: Path, problem: str) -> None:
        self._form.spoil(path, problem)
        self._changed()

    def _give_up(self, path: Path) -> None:
        self._form.forget(path)
        self._changed()
