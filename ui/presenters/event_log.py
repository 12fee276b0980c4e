"""The event log: what happened, what it means and what to do, to be searched and copied."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from scopeacq.engine.events import (
    AbortAnswered,
    FocusDriftNoticed,
    IncidentHappened,
    PlaneTaken,
    StateChanged,
    StepStarted,
    WishAnswered,
)
from scopeacq.journal.records import FocusDrifted, Incident, PlaneKey, Policy, Wish
from scopeacq.plan.findings import Severity
from scopeacq.telling.drift import drift_told
from scopeacq.telling.meaning import meaning_of
from scopeacq.telling.wording import sentence
from ui.presenters.notices import Asked, Checked, Ended, Notice, Wished
from ui.presenters.tone import Badge, Sign, Tone, badge_of
from ui.presenters.wafer_map import Hit

KEPT = 5_000
"""Newest entries that are shown; the journal and the text logs keep all."""

_ENDS_RUN = frozenset({Policy.PAUSE, Policy.PARK_AND_ALERT})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``routine``: what happens all the time and is hidden at first.

    ``of_another_day``: its time says the day, too. ``place``: the section or tile that it names.
    """

    at: datetime
    badge: Badge
    text: str
    means: str = ""
    advice: str = ""
    routine: bool = False
    of_another_day: bool = False
    place: Hit | None = None

    @property
    def clock(self) -> str:
        return f"{self.at:%d %b %H:%M}" if self.of_another_day else f"{self.at:%H:%M:%S}"

    def as_text(self) -> str:
        """The whole entry, for the clipboard."""
        lines = [f"{self.at:%Y-%m-%d %H:%M:%S}  {self.badge.word}: {self.text}"]
        lines += [f"  What it means: {self.means}"] if self.means else []
        lines += [f"  What to do: {self.advice}"] if self.advice else []
        return "\n".join(lines)

    def holds(self, words: Iterable[str]) -> bool:
        """Whether every word stands in it somewhere, whatever its case."""
        text = " ".join((self.clock, self.badge.word, self.text, self.means, self.advice)).casefold()
        return all(word in text for word in words)


@dataclass(slots=True)
class EventLog:
    """The newest entries. ``version`` changes with each one, so that a view knows when to look."""

    version: int = 0
    _entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))

    def take(self, notice: Notice, now: datetime) -> Entry | None:
        """Take a notice into account; its entry, if it is worth one."""
        entry = entry_of(notice, now)
        if entry is not None:
            self._entries.append(entry)
            self.version += 1
        return entry

    def recall(self, past: Iterable[Entry]) -> None:
        """Begin with what happened before; an entry that is there already came later."""
        if not self._entries:
            self._entries.extend(past)
            self.version += 1

    def clear(self) -> None:
        """Forget all, as for another run."""
        self._entries.clear()
        self.version += 1

    def matching(self, search: str, with_routine: bool, kind: str = "") -> list[Entry]:
        """Entries that hold every word of ``search``, oldest first; of one kind, or of all for none."""
        words = search.casefold().split()
        listed = (e for e in self._entries if with_routine or not e.routine)
        return [e for e in listed if kind in ("", e.badge.word) and e.holds(words)]

    def kinds(self, with_routine: bool) -> list[str]:
        """The kinds of entries that there are, in words, sorted."""
        return sorted({e.badge.word for e in self._entries if with_routine or not e.routine})


def entry_of(notice: Notice, now: datetime) -> Entry | None:
    """What the log says of a notice; None where others say it."""
    match notice:
        case StepStarted(text):
            return Entry(now, Badge(Tone.QUIET, Sign.PLAY, "Step"), text, routine=True)
        case PlaneTaken():
            return plane_entry(notice, now)
        case StateChanged(state, reason):
            return Entry(now, badge_of(state), sentence(reason) or "The run is under way.")
        case IncidentHappened(incident):
            return incident_entry(incident, now)
        case FocusDriftNoticed(drift=drift):
            return drift_entry(drift, now)
        case Asked(request):
            return Entry(now, Badge(Tone.QUIET, Sign.HAND, "You asked"), f"To {request.value}.")
        case Wished(wish):
            return wish_entry(wish, now)
        case WishAnswered(_, why_not) if why_not:
            return Entry(now, Badge(Tone.CAUTION, Sign.HAND, "Refused"), sentence(why_not))
        case AbortAnswered():
            return _abort(notice, now)
        case Checked(findings):
            errors = [f.text for f in findings if f.severity is Severity.ERROR]
            refused = Badge(Tone.ALARM, Sign.CROSS, "Check failed")
            return Entry(now, refused, " ".join(errors)) if errors else None
        case Ended(code, None, why) if why:
            failed = Badge(Tone.ALARM, Sign.WARNING, "Failed")
            return Entry(now, failed if code else Badge(Tone.GOOD, Sign.CHECK, "Done"), why)
        case _:
            return None


def drift_entry(drift: FocusDrifted, at: datetime) -> Entry:
    """What the drift sentinel told."""
    told, place = drift_told(drift), Hit(drift.since_section)
    noticed = Badge(Tone.CAUTION, Sign.WARNING, "Focus drifts")
    return Entry(at, noticed, told.text, "The run goes on as before.", told.advice, place=place)


def wish_entry(wish: Wish, at: datetime) -> Entry:
    """What an operator asked of the steps ahead."""
    place = Hit(wish.section, wish.tile)
    text = f"Section {place.text} of cycle {wish.cycle + 1}: {wish.kind.value}."
    return Entry(at, Badge(Tone.QUIET, Sign.HAND, "You asked"), text, place=place)


def plane_entry(plane: PlaneTaken, now: datetime) -> Entry:
    text = f"{_place(plane.key)} of cycle {plane.key.cycle + 1}, score {plane.score_um:.2f} \u00b5m"
    if plane.accepted:
        good = Badge(Tone.GOOD, Sign.CHECK, "Tile")
        return Entry(now, good, f"{text}.", routine=True, place=place_of(plane.key))
    return Entry(
        now,
        Badge(Tone.CAUTION, Sign.WARNING, "Not sharp"),
        f"{text}.",
        "The tile was judged not sharp. Nothing is milled before it was taken again and is sharp.",
        "Nothing, unless it happens often: then look at focus, charging and vibration.",
        place=place_of(plane.key),
    )


def incident_entry(incident: Incident, now: datetime) -> Entry:
    meaning = meaning_of(incident)
    ends = incident.decision in _ENDS_RUN
    badge = Badge(Tone.ALARM if ends else Tone.CAUTION, Sign.WARNING, incident.kind.value.capitalize())
    what = f"{meaning.what} {meaning.decided} It happened while: {_lower(incident.step)}."
    place = place_of(incident.plane) if incident.plane is not None else None
    return Entry(now, badge, what, meaning.means, meaning.advice, place=place)


def _abort(answer: AbortAnswered, now: datetime) -> Entry:
    if not answer.unknown:
        return Entry(now, Badge(Tone.GOOD, Sign.CHECK, "Ions blanked"), answer.text)
    return Entry(
        now,
        Badge(Tone.ALARM, Sign.WARNING, "Ions UNKNOWN"),
        sentence(answer.text),
        "Nobody can say whether the ion beam is blanked.",
        "Press gun off by hand, now.",
    )


def place_of(key: PlaneKey) -> Hit:
    """Where a plane lies on the wafer."""
    return Hit(key.section, key.tile)


def _place(key: PlaneKey) -> str:
    return f"Section {key.section}, tile {key.tile + 1}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
