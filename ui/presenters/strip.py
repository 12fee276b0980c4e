"""The safety strip: what the beams and the stage do, as a sentence.

What was not read, or not read lately, is UNKNOWN and said so; it is never shown as what it was last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hardware.types import BeamState, Blanker, DetectorState, GunState, StagePose
from scopeacq.engine.events import MillProgressed, StepStarted
from scopeacq.engine.ion_watch import IonsRead
from scopeacq.engine.outlook import Gate, GateState, Outlook
from scopeacq.engine.readings import Readings
from ui.presenters.durations import spoken
from ui.presenters.mill_pass import left, told
from ui.presenters.notices import Attended, Ended, Notice
from ui.presenters.tone import Badge, Sign, Tone

STALE_S = 3.0
"""What the guard read longer ago says nothing about now, and the age of other readings is said [s]."""
LINGERS_S = 1.0
"""So long after its end an order counts as under way, since others follow, as in a live scan [s]."""
FORGOTTEN_S = 60.0
"""Readings of column, detector and stage that are older say nothing about now [s]."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the instrument.

    ``ions``: the guard's answer, ``ions_age_s`` old. ``devices``: the last answers of all others, ``age_s``
    old; None where nobody has asked yet. ``place``: where the stage stood then, in words ("at section 17").
    ``steered``: who uses beam and stage at this very moment ("the run"), so that what was read between two
    of their steps does not tell whether the electron beam is blanked now; ``step``: what they do.
    ``gate``: how the mill gate stands; ``gate_shut``: it waits for an operator.
    """

    connected: bool = False
    ions: Blanker | None = None
    ions_age_s: float = 0.0
    devices: Readings | None = None
    age_s: float = 0.0
    place: str = ""
    steered: str = ""
    step: str = ""
    gate: str = ""
    gate_shut: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the sentence; QUIET is how it should be."""

    text: str
    tone: Tone = Tone.QUIET


@dataclass(frozen=True, slots=True)
class StripView:
    """The strip as shown: the whole in one word, then clause by clause."""

    badge: Badge
    clauses: tuple[Clause, ...]
    simulated: bool

    @property
    def sentence(self) -> str:
        """All clauses, one sentence each."""
        return " ".join(f"{clause.text}." for clause in self.clauses)


def strip_view(now: Situation, simulated: bool = False) -> StripView:
    """What the strip says of a situation. ``simulated``: the instrument is no real one. Pure."""
    if not now.connected:
        idle = Clause("No instrument is connected: its beams are not watched here")
        return StripView(_NOT_CONNECTED, (idle,), simulated)
    ions = now.ions if now.ions_age_s <= STALE_S else None
    gun = now.devices.gun if now.devices is not None and now.age_s <= FORGOTTEN_S else None
    clauses = (_ions(ions, now, gun), *_devices(now), *_step(now), *_gate(now))
    return StripView(_badge(now, ions), clauses, simulated)


_NOT_CONNECTED = Badge(Tone.QUIET, Sign.INFO, "Not connected")
_UNKNOWN = Badge(Tone.UNKNOWN, Sign.QUESTION, "UNKNOWN")
_MILLING = Badge(Tone.ALARM, Sign.BEAM, "Ion beam open")
_EXPOSING = Badge(Tone.ACTIVE, Sign.BEAM, "Electron beam on")
_BLANKED = Badge(Tone.GOOD, Sign.SHIELD, "Beams blanked")
_IONS_BLANKED = Badge(Tone.GOOD, Sign.SHIELD, "Ion beam blanked")


def _badge(now: Situation, ions: Blanker | None) -> Badge:
    """The ions first: they cannot be taken back."""
    if ions is Blanker.OPEN:
        return _MILLING
    if ions is not Blanker.BLANKED:
        return _UNKNOWN
    if now.steered:
        return _IONS_BLANKED
    if now.devices is None or now.devices.beam is None or now.age_s > STALE_S:
        return _UNKNOWN
    return _EXPOSING if _exposes(now.devices.beam) else _BLANKED


def _exposes(beam: BeamState) -> bool:
    return beam.eht_on and beam.valve_open and not beam.blanked


def _ions(blanker: Blanker | None, now: Situation, gun: GunState | None) -> Clause:
    high_voltage = "" if gun is None else f", HV {'on' if gun.hv_on else 'off'}"
    match blanker:
        case Blanker.BLANKED:
            return Clause(f"Ion beam blanked{high_voltage}")
        case Blanker.OPEN:
            return Clause(f"Ion beam OPEN{high_voltage}", Tone.ALARM)
        case _:
            old = f", last read {spoken(now.ions_age_s)} ago" if now.ions_age_s > STALE_S else ""
            return Clause(f"Ion beam UNKNOWN{old}: if in doubt, press gun off", Tone.UNKNOWN)


def _devices(now: Situation) -> tuple[Clause, ...]:
    """Column, detector and stage, with the age of what is said of them."""
    if now.devices is None:
        return (Clause("Electron beam and stage UNKNOWN: not read yet", Tone.UNKNOWN),)
    if now.age_s > FORGOTTEN_S:
        old = f"Electron beam and stage UNKNOWN: last read {spoken(now.age_s)} ago"
        return (Clause(old, Tone.UNKNOWN),)
    beam = _electrons(now.devices.beam, now.steered)
    clauses = beam, _detector(now.devices.detector), _stage(now.devices.stage, now.place)
    age = (Clause(f"Read {spoken(now.age_s)} ago"),) if now.age_s > STALE_S else ()
    return (*clauses, *age)


def _electrons(beam: BeamState | None, steered: str) -> Clause:
    if beam is None:
        return Clause("Electron beam UNKNOWN", Tone.UNKNOWN)
    if steered:
        missing = (("EHT off", beam.eht_on), ("valve shut", beam.valve_open))
        off = (f", {said}" for said, holds in missing if not holds)
        return Clause(f"Electron beam steered by {steered}{''.join(off)}")
    if _exposes(beam):
        return Clause("Electron beam on", Tone.ACTIVE)
    source = f"EHT {'on' if beam.eht_on else 'off'}, valve {'open' if beam.valve_open else 'shut'}"
    return Clause(f"Electron beam {'blanked' if beam.blanked else 'off'}, {source}")


def _detector(detector: DetectorState | None) -> Clause:
    if detector is None:
        return Clause("Detector UNKNOWN", Tone.UNKNOWN)
    return Clause(f"Detector {'on' if detector.hv_on else 'off'}")


def _stage(pose: StagePose | None, place: str) -> Clause:
    if pose is None:
        return Clause("Stage UNKNOWN", Tone.UNKNOWN)
    return Clause(f"Stage {place}")


def _step(now: Situation) -> tuple[Clause, ...]:
    return (Clause(now.step),) if now.step else ()


def _gate(now: Situation) -> tuple[Clause, ...]:
    return (Clause(now.gate, Tone.CAUTION if now.gate_shut else Tone.QUIET),) if now.gate else ()


@dataclass(slots=True)
class InstrumentWatch:
    """Gathers what the strip shows, from a run's notices or from manual control, whoever has it now.

    ``place_of``: where the stage stands by some readings, in words.
    """

    place_of: Callable[[Readings], str] = lambda _: "at an unknown place"
    _run: bool = False
    _hand: bool = False
    _step: str = ""
    _gate: Gate | None = None
    _ions: IonsRead | None = None
    _devices: Readings | None = None
    _began_s: float = 0.0
    _done_s: float | None = None

    def take(self, notice: Notice, now_s: float) -> None:
        """``now_s``: ``time.monotonic`` [s]."""
        match notice:
            case Attended():
                self._forget(now_s)
                self._run, self._step = True, "Beginning"
            case StepStarted(text):
                self._step = text
            case MillProgressed():
                self._step = f"{told(notice)}, {left(notice)}"
            case Outlook(gate=gate):
                self._gate = gate
            case IonsRead():
                self._ions = notice
            case Readings():
                self._devices = notice
            case Ended():
                self._forget(now_s)

    def hand(self, connected: bool, doing: str, now_s: float) -> None:
        """Manual control holds the instrument, or no longer; ``doing``: what it is busy with."""
        if connected != self._hand:
            self._forget(now_s)
        self._hand, self._done_s = connected, None if doing else now_s
        self._step = doing or self._step

    def situation(self, now_s: float) -> Situation:
        """What is known at ``now_s``; readings that stopped coming grow old."""
        if not (self._run or self._hand):
            return Situation()
        if self._hand and self._done_s is not None and now_s - self._done_s > LINGERS_S:
            self._step = ""
        gate, devices = self._gate, self._devices
        return Situation(
            connected=True,
            ions=self._ions.ions if self._ions else None,
            ions_age_s=now_s - (self._ions.at_s if self._ions else self._began_s),
            devices=devices,
            age_s=now_s - devices.at_s if devices else 0.0,
            place=self.place_of(devices) if devices and devices.stage else "",
            steered="the run" if self._run else "your order" if self._step else "",
            step=self._step,
            gate=gate.text.rstrip(".") if gate and gate.state is not GateState.PASSED else "",
            gate_shut=gate is not None and gate.state is GateState.SHUT,
        )

    def _forget(self, now_s: float) -> None:
        self._run = self._hand = False
        self._step, self._gate, self._ions, self._devices = "", None, None, None
        self._began_s = now_s
