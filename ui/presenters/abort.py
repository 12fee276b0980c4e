"""The answer to an abort: the ion beam is blanked, or nobody knows and a hand is needed. Never silence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hardware.errors import BlankerUnknown
from scopeacq.engine.events import AbortAnswered
from scopeacq.telling.wording import sentence
from ui.presenters.tone import Badge, Sign, Tone

PATIENCE_S = 0.8
"""Without an answer by then the state counts as unknown; the operator is told within a second."""

BY_HAND = sentence(str(BlankerUnknown("the guard has not answered yet")))


@dataclass(frozen=True, slots=True)
class AbortView:
    """What is shown of an abort, in large letters."""

    badge: Badge
    text: str


@dataclass(frozen=True, slots=True)
class OpenAbort:
    """An abort since it was asked for [real monotonic s]; ``may_be_open``: a guard holds the beam."""

    asked_s: float
    may_be_open: bool
    answered: AbortAnswered | None = None

    def answer(self, answered: AbortAnswered) -> OpenAbort:
        """The guard has answered, or what was asked of it failed."""
        return replace(self, answered=answered)

    def view(self, now_s: float) -> AbortView:
        """What to show at a time."""
        if self.answered is not None:
            return self._answered(self.answered)
        if not self.may_be_open:
            text = "The engine has not begun: it has opened no ion beam, and the run ends before it does."
            return AbortView(Badge(Tone.GOOD, Sign.CHECK, "Ion beam not opened"), text)
        if now_s - self.asked_s < PATIENCE_S:
            return AbortView(
                Badge(Tone.CAUTION, Sign.HOURGLASS, "Blanking the ion beam"), "Waiting for the guard."
            )
        return AbortView(Badge(Tone.ALARM, Sign.WARNING, "Ion beam UNKNOWN"), BY_HAND)

    def _answered(self, answered: AbortAnswered) -> AbortView:
        if not answered.unknown:
            text = f"{answered.text} It took {answered.answered_s * 1e3:.0f} ms."
            return AbortView(Badge(Tone.GOOD, Sign.CHECK, "Ion beam blanked"), text)
        return AbortView(Badge(Tone.ALARM, Sign.WARNING, "Ion beam UNKNOWN"), sentence(answered.text))
