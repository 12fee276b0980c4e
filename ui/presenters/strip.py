"""The safety strip: what the beams and the stage do, as a sentence.

What was not read, or not read lately, is UNKNOWN and said so; it is never shown as what it was last.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.types import BeamState, Blanker, GunState
from ui.presenters.tone import Badge, Sign, Tone

STALE_S = 3.0
"""A reading that is older than this says nothing about now [s]."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the instrument. ``None``: it was not read.

    ``age_s``: how old the readings are [s]; ``stage``: where it stands, in words ("at section 17");
    ``gate``: what the mill gate waits for ("tile 3 of section 17"), empty when it does not wait.
    """

    connected: bool = False
    ions: Blanker | None = None
    gun: GunState | None = None
    electrons: BeamState | None = None
    stage: str | None = None
    gate: str = ""
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
    clauses = (_ions(now.ions, now.gun), _electrons(now.electrons), _stage(now.stage), *_gate(now.gate))
    return StripView(_badge(now), clauses, simulated)


_NOT_CONNECTED = Badge(Tone.QUIET, Sign.INFO, "Not connected")
_UNKNOWN = Badge(Tone.UNKNOWN, Sign.QUESTION, "UNKNOWN")
_MILLING = Badge(Tone.ALARM, Sign.BEAM, "Ion beam open")
_EXPOSING = Badge(Tone.ACTIVE, Sign.BEAM, "Electron beam on")
_BLANKED = Badge(Tone.GOOD, Sign.SHIELD, "Beams blanked")


def _badge(now: Situation) -> Badge:
    """The ions first: they cannot be taken back."""
    if now.ions is Blanker.OPEN:
        return _MILLING
    if now.ions is not Blanker.BLANKED or now.electrons is None:
        return _UNKNOWN
    return _EXPOSING if _exposes(now.electrons) else _BLANKED


def _exposes(beam: BeamState) -> bool:
    return beam.eht_on and beam.valve_open and not beam.blanked


def _ions(blanker: Blanker | None, gun: GunState | None) -> Clause:
    high_voltage = "" if gun is None else f", HV {'on' if gun.hv_on else 'off'}"
    match blanker:
        case Blanker.BLANKED:
            return Clause(f"Ion beam blanked{high_voltage or ', HV unknown'}", _quiet_if(gun is not None))
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


def _gate(waits_for: str) -> tuple[Clause, ...]:
    return (Clause(f"Mill gate waits for {waits_for}", Tone.CAUTION),) if waits_for else ()


def _quiet_if(known: bool) -> Tone:
    return Tone.QUIET if known else Tone.UNKNOWN
