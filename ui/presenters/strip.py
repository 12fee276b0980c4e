"""The safety strip: what the beams and the stage do, as a sentence.

What was not read, or not read lately, is UNKNOWN and said so; it is never shown as what it was last.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.types import BeamState, Blanker, GunState
from scopeacq.events import MillProgressed, StepStarted
from scopeacq.ion_watch import IonsRead
from scopeacq.outlook import Gate, GateState, Outlook
from ui.presenters.mill_pass import left, told
from ui.presenters.notices import Attended, Ended, Notice
from ui.presenters.tone import Badge, Sign, Tone

STALE_S = 3.0
"""A reading that is older than this says nothing about now [s]."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the instrument. ``None``: it was not read.

    ``age_s``: how old the readings are [s]; ``stage``: where it stands, in words ("at section 17").
    ``step``: what a run does now; it then steers column and stage, which nobody else may ask meanwhile.
    ``gate``: how the mill gate stands; ``gate_shut``: it waits for an operator.
    """

    connected: bool = False
    ions: Blanker | None = None
    gun: GunState | None = None
    electrons: BeamState | None = None
    stage: str | None = None
    step: str = ""
    gate: str = ""
    gate_shut: bool = False
    age_s: float = 0.0


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
    if now.age_s > STALE_S:
        old = Clause(f"The instrument was last read {now.age_s:.0f} s ago", Tone.UNKNOWN)
        return StripView(_UNKNOWN, (_ions(None, None), old), simulated)
    if now.step:
        steered = Clause("Electron beam and stage steered by the run"), Clause(now.step)
        return StripView(
            _badge_of_run(now.ions), (_ions(now.ions, now.gun), *steered, *_gate(now)), simulated
        )
    clauses = (_ions(now.ions, now.gun), _electrons(now.electrons), _stage(now.stage), *_gate(now))
    return StripView(_badge(now), clauses, simulated)


_NOT_CONNECTED = Badge(Tone.QUIET, Sign.INFO, "Not connected")
_UNKNOWN = Badge(Tone.UNKNOWN, Sign.QUESTION, "UNKNOWN")
_MILLING = Badge(Tone.ALARM, Sign.BEAM, "Ion beam open")
_EXPOSING = Badge(Tone.ACTIVE, Sign.BEAM, "Electron beam on")
_BLANKED = Badge(Tone.GOOD, Sign.SHIELD, "Beams blanked")
_IONS_BLANKED = Badge(Tone.GOOD, Sign.SHIELD, "Ion beam blanked")


def _badge(now: Situation) -> Badge:
    """The ions first: they cannot be taken back."""
    if now.ions is Blanker.OPEN:
        return _MILLING
    if now.ions is not Blanker.BLANKED or now.electrons is None:
        return _UNKNOWN
    return _EXPOSING if _exposes(now.electrons) else _BLANKED


def _badge_of_run(ions: Blanker | None) -> Badge:
    if ions is Blanker.OPEN:
        return _MILLING
    return _IONS_BLANKED if ions is Blanker.BLANKED else _UNKNOWN


def _exposes(beam: BeamState) -> bool:
    return beam.eht_on and beam.valve_open and not beam.blanked


def _ions(blanker: Blanker | None, gun: GunState | None) -> Clause:
    high_voltage = "" if gun is None else f", HV {'on' if gun.hv_on else 'off'}"
    match blanker:
        case Blanker.BLANKED:
            return Clause(f"Ion beam blanked{high_voltage}")
        case Blanker.OPEN:
            return Clause(f"Ion beam OPEN{high_voltage}", Tone.ALARM)
        case _:
            return Clause(f"Ion beam UNKNOWN{high_voltage}: if in doubt, press gun off", Tone.UNKNOWN)


def _electrons(beam: BeamState | None) -> Clause:
    if beam is None:
        return Clause("Electron beam UNKNOWN", Tone.UNKNOWN)
    if _exposes(beam):
        return Clause("Electron beam on", Tone.ACTIVE)
    off = [] if beam.eht_on else ["EHT off"]
    shut = [] if beam.valve_open else ["valve shut"]
    return Clause(
        ", ".join(["Electron beam blanked" if beam.blanked else "Electron beam off", *off, *shut])
    )


def _stage(place: str | None) -> Clause:
    if place is None:
        return Clause("Stage UNKNOWN", Tone.UNKNOWN)
    return Clause(f"Stage {place}")


def _gate(now: Situation) -> tuple[Clause, ...]:
    return (Clause(now.gate, Tone.CAUTION if now.gate_shut else Tone.QUIET),) if now.gate else ()


@dataclass(slots=True)
class RunWatch:
    """Gathers from a run's notices what the strip shows. Before and after a run nothing is connected."""

    _connected: bool = False
    _step: str = ""
    _gate: Gate | None = None
    _ions: IonsRead | None = None
    _began_s: float = 0.0

    def take(self, notice: Notice, now_s: float) -> None:
        """``now_s``: ``time.monotonic`` [s]."""
        match notice:
            case Attended():
                self._connected, self._began_s = True, now_s
            case StepStarted(text):
                self._step = text
            case MillProgressed():
                self._step = f"{told(notice)}, {left(notice)}"
            case Outlook(gate=gate):
                self._gate = gate
            case IonsRead():
                self._ions = notice
            case Ended():
                self._connected, self._step, self._gate, self._ions = False, "", None, None

    def situation(self, now_s: float) -> Situation:
        """What is known at ``now_s``; readings that stopped coming grow old."""
        if not self._connected:
            return Situation()
        gate = self._gate
        return Situation(
            connected=True,
            ions=self._ions.ions if self._ions else None,
            step=self._step or "Beginning",
            gate=gate.text.rstrip(".") if gate and gate.state is not GateState.PASSED else "",
            gate_shut=gate is not None and gate.state is GateState.SHUT,
            age_s=now_s - (self._ions.at_s if self._ions else self._began_s),
        )
