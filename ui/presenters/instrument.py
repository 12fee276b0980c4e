"""The instrument as its operator sees it: what every device reads, its limits, who set it and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scopeacq.engine.ion_watch import IonsRead
from scopeacq.engine.readings import Author, Quantity, Readings
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.project import ImagingSettings
from ui.presenters import instrument_lines as lines
from ui.presenters.durations import spoken
from ui.presenters.instrument_lines import NOTHING, Reading
from ui.presenters.quantities import unit_shown

KEPT = 5
"""Values of the past that are shown of each quantity."""
JUST_NOW_S = 3.0

_AUTHORS = {
    Author.OPERATOR: "by the operator",
    Author.RUN: "by the run",
    Author.AUTOFOCUS: "by autofocus",
    None: "elsewhere or before",
}


@dataclass(frozen=True, slots=True)
class Past:
    """A value that a quantity had, when it was seen first, and who set it, as far as that is known."""

    text: str
    since: datetime
    by: Author | None


@dataclass(frozen=True, slots=True)
class Line:
    """A reading with all that its tooltip says."""

    reading: Reading
    tip: str


@dataclass(frozen=True, slots=True)
class Group:
    """One device. ``silent``: why it did not answer, empty where it did."""

    title: str
    lines: tuple[Line, ...]
    silent: str = ""


@dataclass(frozen=True, slots=True)
class InstrumentView:
    """``age``: how old the readings are, in words; ``readings`` is None before the first."""

    groups: tuple[Group, ...] = ()
    age: str = ""
    readings: Readings | None = None


@dataclass
class InstrumentPresenter:
    """Folds readings into what is shown; keeps the last values of each quantity."""

    instrument: Instrument
    imaging: ImagingSettings
    _latest: Readings | None = None
    _past: dict[tuple[str, str], deque[Past]] = field(default_factory=dict)

    def take(self, readings: Readings, now: datetime) -> None:
        """Take newer readings; what was not asked for this time stays as it was read before."""
        self._latest = readings = _carried(self._latest, readings)
        for title, _, group in self._groups(readings):
            for line in group:
                self._remember(title, line, readings.set_by, now)

    def take_ions(self, read: IonsRead) -> None:
        """Take what the guard read meanwhile."""
        if self._latest is not None:
            self._latest = replace(self._latest, ions=read.ions)

    def forget(self) -> None:
        """Nothing is connected any more: what was read says nothing about now."""
        self._latest = None

    def view(self, now_s: float) -> InstrumentView:
        """What is shown at ``now_s`` [``time.monotonic``, s]."""
        readings = self._latest
        shown = readings or Readings(now_s)
        groups = tuple(
            Group(
                title,
                tuple(Line(line, self._tip(title, line)) for line in group),
                " ".join(shown.silent[device] for device in devices if device in shown.silent),
            )
            for title, devices, group in self._groups(shown)
        )
        return InstrumentView(groups, "" if readings is None else _age(now_s - readings.at_s), readings)

    def _remember(
        self, title: str, line: Reading, set_by: Mapping[Quantity, Author], now: datetime
    ) -> None:
        past = self._past.setdefault((title, line.name), deque(maxlen=KEPT))
        if line.text == NOTHING or (past and past[-1].text == line.shown):
            return
        past.append(Past(line.shown, now, set_by.get(line.quantity) if line.quantity else None))

    def _tip(self, title: str, line: Reading) -> str:
        return "\n".join(_tip(line, tuple(self._past.get((title, line.name), ()))))

    def _groups(self, now: Readings) -> Iterator[tuple[str, tuple[str, ...], tuple[Reading, ...]]]:
        """Title, its devices, its lines."""
        yield "Electron beam", ("column",), tuple(lines.electron_lines(now, self.instrument))
        yield "Scan", (), tuple(lines.scan_lines(self.imaging))
        yield "Detector", ("detector",), tuple(lines.detector_lines(now))
        yield "Stage", ("stage",), tuple(lines.stage_lines(now))
        yield "Ion gun", ("gun", "raster"), tuple(lines.gun_lines(now, self.instrument))
        yield "Chamber", ("chamber",), tuple(lines.chamber_lines(now, self.instrument))


_PARTS = {"optics": "column", "beam_shift_um": "column"}
"""Readings that a round may leave out, and whose they are: a proof for milling does not need them."""


def _carried(before: Readings | None, now: Readings) -> Readings:
    """``now`` with what it did not ask for, as it was ``before``."""
    if before is None:
        return now
    kept = {
        name: getattr(before, name)
        for name, device in _PARTS.items()
        if getattr(now, name) is None and device not in now.silent
    }
    for name in ("ions", "limits", "set_by"):
        if not getattr(now, name):
            kept[name] = getattr(before, name)
    return replace(now, **kept)


def _age(age_s: float) -> str:
    return "Read just now" if age_s < JUST_NOW_S else f"Read {spoken(age_s)} ago"


def _tip(line: Reading, past: tuple[Past, ...]) -> Iterator[str]:
    if line.meaning:
        yield line.meaning
    if line.limits is not None:
        yield f"Limits: {line.limits} {unit_shown(line.unit)}".rstrip()
    if past and line.quantity is not None:
        yield f"Set {_AUTHORS[past[-1].by]}; like this since {past[-1].since:%H:%M:%S}."
    if len(past) > 1:
        yield "Before:"
        for value in reversed(past[:-1]):
            yield f"    {value.text}, from {value.since:%H:%M:%S} on"
