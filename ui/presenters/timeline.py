"""What happens next, as a list that reads from now downwards."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.outlook import Ahead, Kind, Outlook
from ui.presenters.durations import spoken
from ui.presenters.tone import Sign, Tone

_LOOKS = {
    Kind.NOW: (Sign.PLAY, Tone.ACTIVE),
    Kind.LOOK: (Sign.WAFER, Tone.QUIET),
    Kind.IMAGE: (Sign.WAFER, Tone.QUIET),
    Kind.GATE: (Sign.SHIELD, Tone.GOOD),
    Kind.MILL: (Sign.BEAM, Tone.CAUTION),
    Kind.CYCLE: (Sign.HOURGLASS, Tone.QUIET),
    Kind.END: (Sign.CHECK, Tone.GOOD),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One step ahead. ``when``: from now, in the microscope's time; ``takes``: how long it takes."""

    sign: Sign
    tone: Tone
    text: str
    when: str
    takes: str
    current: bool = False


def timeline(outlook: Outlook | None, active: bool) -> tuple[Entry, ...]:
    """The entries of an outlook. ``active``: whether a run is doing the first of them now."""
    if outlook is None:
        return ()
    entries, from_now_s = [], 0.0
    for ahead in outlook.ahead:
        entries.append(_entry(ahead, from_now_s, active))
        from_now_s += ahead.duration_s
    return tuple(entries)


def _entry(ahead: Ahead, from_now_s: float, active: bool) -> Entry:
    sign, tone = _LOOKS[ahead.kind]
    if ahead.kind is Kind.END and not active:
        return Entry(sign, tone, ahead.text, "", "")
    if ahead.kind is Kind.NOW:
        return Entry(sign, tone, ahead.text, "now" if active else "first", "", True)
    when = f"in {spoken(from_now_s)}" if from_now_s >= 1 else "next"
    return Entry(sign, tone, ahead.text, when, spoken(ahead.duration_s) if ahead.duration_s >= 1 else "")
