"""What the banner says: what happened, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.telling.explain import Explained
from ui.presenters.tone import Sign, Tone

_SIGNS = {
    Tone.QUIET: Sign.INFO,
    Tone.GOOD: Sign.CHECK,
    Tone.ACTIVE: Sign.INFO,
    Tone.CAUTION: Sign.WARNING,
    Tone.ALARM: Sign.WARNING,
    Tone.UNKNOWN: Sign.QUESTION,
    Tone.SIMULATION: Sign.INFO,
}
_WORDS = {
    Tone.QUIET: "Note",
    Tone.GOOD: "Done",
    Tone.ACTIVE: "Note",
    Tone.CAUTION: "Attention",
    Tone.ALARM: "Problem",
    Tone.UNKNOWN: "Unknown",
    Tone.SIMULATION: "Simulation",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What an operator may go to from a message, by one press: the wizard of a calibration."""

    text: str
    calibration: CalibrationKind


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to be told. ``meaning`` and ``advice`` may be empty where ``what`` says it all.

    ``urgent``: somebody is to come, although nothing is broken. ``offer``: where it can be mended.
    """

    tone: Tone
    what: str
    meaning: str = ""
    advice: str = ""
    urgent: bool = False
    offer: Offer | None = None

    @property
    def calls(self) -> bool:
        """Whether somebody must come: it is told also to an operator who is not looking."""
        return self.urgent or self.tone in (Tone.ALARM, Tone.UNKNOWN)

    @property
    def sign(self) -> Sign:
        return _SIGNS[self.tone]

    @property
    def word(self) -> str:
        """How serious it is, for those who do not see the colour."""
        return _WORDS[self.tone]

    @property
    def text(self) -> str:
        """All of it, to be copied."""
        return " ".join(part for part in (f"{self.word}: {self.what}", self.meaning, self.advice) if part)


def problem(error: Explained) -> Message:
    """An error in the core's own words: its first line is what, the rest what to do."""
    what, _, rest = str(error).partition("\n")
    return Message(Tone.ALARM, what, advice=rest)
