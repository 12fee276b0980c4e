"""A short form of what an operator chooses, which no file keeps."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic

from scopeacq.plan.settings import S
from ui.forms.row import NARROW, Widths
from ui.forms.short_form import ShortForm
from ui.presenters.form_state import SettingsForm
from ui.presenters.forms import Path, fields_of


def _nobody_minds(_path: Path, _settings: object) -> None:
    """What is valid is accepted."""


class ChoiceForm(ShortForm[S], Generic[S]):
    """All values of ``settings`` but those ``left_out``; what is valid counts at once."""

    def __init__(self, settings: S, widths: Widths = NARROW, left_out: Collection[Path] = ()) -> None:
        paths = tuple(path for path in fields_of(type(settings)) if path not in left_out)
        super().__init__(SettingsForm(settings, settings), _nobody_minds, paths, widths)

    @property
    def chosen(self) -> S:
        """What stands in the form, as far as it is valid."""
        return self.form.settings

    def choose(self, key: str, value: object) -> None:
        """Put in a value as an operator would."""
        self.form.enter((key,), value, lambda _: None)
        self.refresh()
