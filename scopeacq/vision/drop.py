"""When a section has been milled away: a decision that needs evidence, since a lost beam is dark too."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.types import BeamState, DetectorState
from scopeacq.plan.project import DropSettings
from scopeacq.telling.wording import counted

BRIGHT_FRACTION = 0.5
"""A reference tile is bright when at least this share of it is."""


@dataclass(frozen=True, slots=True)
class ReferenceTile:
    """A tile elsewhere, taken in the same cycle as the dark ones; ``where`` as an operator reads it."""

    where: str
    dark_fraction: float


@dataclass(frozen=True, slots=True)
class DropCase:
    """All that may speak for dropping a section.

    ``dark_fractions``: of its ROI, one per cycle without gaps, oldest first, the newest of this cycle.
    ``beam``, ``detector``: read back now, after the newest image.
    """

    section: str
    dark_fractions: tuple[float, ...]
    beam: BeamState
    detector: DetectorState
    reference: ReferenceTile | None
    dropped_this_cycle: int


@dataclass(frozen=True, slots=True)
class DropDecision:
    """Drop, with the evidence; or do not, with what is missing. One sentence each."""

    drop: bool
    sentences: tuple[str, ...]


def drop_evidence(case: DropCase, drop: DropSettings) -> DropDecision:
    """Whether the wafer shows through the whole section, proven by everything that must hold at once."""
    checks = (_dark(case, drop), _beam(case), _detector(case), _reference(case), _few(case, drop))
    missing = tuple(sentence for holds, sentence in checks if not holds)
    if missing:
        return DropDecision(False, missing)
    return DropDecision(True, tuple(sentence for _, sentence in checks))


def _dark(case: DropCase, drop: DropSettings) -> tuple[bool, str]:
    recent = case.dark_fractions[-drop.cycles :]
    seen = ", ".join(f"{fraction:.0%}" for fraction in recent) or "nothing"
    holds = len(recent) == drop.cycles and min(recent) >= drop.dark_fraction
    needed = f"{drop.dark_fraction:.0%} in {counted(drop.cycles, 'cycle')} are needed"
    return holds, f"Of section {case.section} {seen} was dark in the last cycles; {needed}."


def _beam(case: DropCase) -> tuple[bool, str]:
    beam = case.beam
    eht = "on" if beam.eht_on else "off"
    valve = "open" if beam.valve_open else "shut"
    return beam.eht_on and beam.valve_open, f"The EHT reads back {eht} and the column valve {valve}."


def _detector(case: DropCase) -> tuple[bool, str]:
    return case.detector.hv_on, f"The detector reads back {'on' if case.detector.hv_on else 'off'}."


def _reference(case: DropCase) -> tuple[bool, str]:
    if case.reference is None:
        return False, "No other tile was taken in this cycle that could show that the beam is there."
    bright = 1.0 - case.reference.dark_fraction
    sentence = f"The reference tile {case.reference.where} is bright over {bright:.0%} in this cycle."
    return bright >= BRIGHT_FRACTION, sentence


def _few(case: DropCase, drop: DropSettings) -> tuple[bool, str]:
    n = case.dropped_this_cycle
    return (
        n < drop.max_per_cycle,
        f"Sections dropped before it in this cycle: {n} of at most {drop.max_per_cycle}.",
    )
