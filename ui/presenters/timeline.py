"""What happens next, as a list that reads from now downwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scopeacq.engine.outlook import Ahead, Kind, Outlook
from scopeacq.journal.records import Wish
from ui.presenters.durations import spoken
from ui.presenters.tone import Sign, Tone
from ui.presenters.wishes import WISHES

_LOOKS = {
    Kind.NOW: (Sign.PLAY, Tone.ACTIVE),
    Kind.LOOK: (Sign.WAFER, Tone.QUIET),
    Kind.PAUSE: (Sign.PAUSE, Tone.CAUTION),
    Kind.IMAGE: (Sign.WAFER, Tone.QUIET),
    Kind.LEFT_OUT: (Sign.HAND, Tone.CAUTION),
    Kind.GATE: (Sign.SHIELD, Tone.GOOD),
    Kind.MILL: (Sign.BEAM, Tone.CAUTION),
    Kind.CYCLE: (Sign.HOURGLASS, Tone.QUIET),
    Kind.END: (Sign.CHECK, Tone.GOOD),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be asked for of an entry; ``why``: what its tooltip says, or why not now."""

    wish: Wish
    text: str
    why: str
    now: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One step ahead. ``when``: from now, in the microscope's time; ``takes``: how long it takes."""

    sign: Sign
    tone: Tone
    text: str
    when: str
    takes: str
    current: bool = False
    choices: tuple[Choice, ...] = ()


def timeline(outlook: Outlook | None, active: bool, begun: bool = True) -> tuple[Entry, ...]:
    """The entries of an outlook. ``active``: whether a run is doing the first of them now.

    ``begun``: of a run that was not, the plan is edited instead of what lies ahead.
    """
    if outlook is None:
        return ()
    entries, from_now_s = [], 0.0
    for ahead in outlook.ahead:
        entry = _entry(ahead, from_now_s, active)
        entries.append(replace(entry, choices=_choices(ahead)) if begun else entry)
        from_now_s += ahead.duration_s
    return tuple(entries)


def _choices(ahead: Ahead) -> tuple[Choice, ...]:
    made = ((offer, *WISHES[offer.wish.kind]) for offer in ahead.offers)
    return tuple(Choice(o.wish, text, o.why_not or hint, o.granted) for o, text, hint in made)


def _entry(ahead: Ahead, from_now_s: float, active: bool) -> Entry:
    sign, tone = _LOOKS[ahead.kind]
    if ahead.kind is Kind.LEFT_OUT or (ahead.kind is Kind.END and not active):
        return Entry(sign, tone, ahead.text, "", "")
    if ahead.kind is Kind.NOW:
        return Entry(sign, tone, ahead.text, "now" if active else "first", "", True)
    when = f"in {spoken(from_now_s)}" if from_now_s >= 1 else "next"
    return Entry(sign, tone, ahead.text, when, spoken(ahead.duration_s) if ahead.duration_s >= 1 else "")
