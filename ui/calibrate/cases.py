"""What a window knows of one calibration, beside what its files say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from calibration.figures import Figure
from calibration.procedure import agreed
from scopeacq.plan.settings import Settings
from ui.calibrate.services import Finished, Opened
from ui.presenters.calibration import Chosen, Waiting

OTHER_SETTINGS = "it was begun with other settings"


@dataclass
class Case:
    """``shown`` is what the wizard is made of; ``settings`` are as edited, ``seen`` the figures so far."""

    shown: Chosen
    opened: Opened | None = None
    settings: Settings | None = None
    finished: Finished | None = None
    seen: dict[str, Figure] = field(default_factory=dict)

    def note(self, **news: Any) -> None:
        """Something of what is shown is otherwise now."""
        self.shown = replace(self.shown, **news)

    def open(self, opened: Opened) -> None:
        """Take what the wizard begins with."""
        self.opened, self.settings = opened, opened.settings
        self.note(procedure=opened.procedure, waiting=opened.waiting)

    def edit(self, settings: Settings) -> None:
        """Take settings as they were edited."""
        self.settings = settings
        self.note(waiting=self._waiting())

    def begin(self) -> Opened | None:
        """Forget the result of before; with what to measure, None where that is not known yet.

        Whoever begins has agreed: what must be ticked for that stands beside the button.
        """
        if self.opened is None or self.settings is None:
            return None
        self.finished, self.seen = None, {}
        self.note(begun=True, result=None, decision=None, trouble="")
        return replace(self.opened, settings=agreed(self.settings))

    def leave(self) -> None:
        """Back to the settings."""
        self.note(begun=False, result=None, decision=None, trouble="")

    def finish(self, finished: Finished) -> None:
        """Take its result."""
        self.finished = finished
        self.note(begun=False, result=finished.result)

    @property
    def residuals(self) -> dict[str, Figure]:
        """How well the result fits."""
        result = self.shown.result
        return {str(n): figure for n, figure in enumerate(result.residuals)} if result is not None else {}

    def _waiting(self) -> Waiting | None:
        """The sitting that waits, and whether it can go on with the settings of now."""
        waiting = self.opened.waiting if self.opened is not None else None
        if waiting is None or self.opened is None or self.settings == self.opened.settings:
            return waiting
        return replace(waiting, why_not=OTHER_SETTINGS)
