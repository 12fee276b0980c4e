"""The promises of the program, held against what nature knows: a sentence for each that was broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import xxhash

from hardware.simulator.truth import FrameTruth, IdleExposureTruth, IncidentTruth, OpeningTruth
from scopeacq.journal.records import (
    MillBegin,
    MillEnd,
    MillKey,
    PlaneChosen,
    PlaneDurable,
    PlaneExposed,
    PlaneKey,
    PlaneWaived,
    Record,
    SectionDropped,
)
from scopeacq.plan.mill_rate import charge_uc_per_azimuth
from tests.scenarios.harness import TinyRun
from tests.scenarios.inline_guard import TIMING

GUARD_LATENCY_S = 0.25
METER = 0.02
"""Noise and drift of the ion current, which the journalled interval leaves out."""
ROUNDING_UC = 1e-3
NOTICED_S = 1.0
"""Instrument time until a condition that ceases to hold is noticed: a heartbeat and what it costs."""

POSE = ("glancing angle", "mill height", "stage standing", "electron beam off the wafer", "detector safe")
"""Conditions that no fault of the gun or the vacuum may undo while the ion beam is open."""


def broken_promises(run: TinyRun) -> list[str]:
    """All that was promised and is not so."""
    records = run.records()
    return [
        *_proven(run),
        *_closed_in_time(run),
        *_undamaged(run),
        *_electrons(run),
        *_charges(run, records),
        *_truly_imaged(run, records),
    ]


def planes_not_safe(run: TinyRun) -> Iterator[str]:
    """For the instant before the ion beam opens: planes of this cycle that are not on disk as recorded."""
    records = run.records()
    cycle = next((r.key.cycle for r in reversed(records) if isinstance(r, MillBegin)), None)
    if cycle is None:
        yield "The ion beam opens and no pass was journalled."
        return
    dropped = {r.section for r in records if isinstance(r, SectionDropped)}
    waived = {r.key for r in records if isinstance(r, PlaneWaived)}
    chosen = {r.key: r.take for r in records if isinstance(r, PlaneChosen)}
    durable = {(r.key, r.take): r for r in records if isinstance(r, PlaneDurable)}
    for section in run.plan.wafer.sections:
        for tile in section.tiles(run.plan.project.imaging):
            key = PlaneKey(cycle, section.id, tile.index)
            if section.id in dropped or key in waived:
                continue
            record = durable.get((key, chosen[key])) if key in chosen else None
            if record is None or not _on_disk(run, record):
                yield f"The ion beam opens in cycle {cycle} while {key} is not safe on disk."


def _on_disk(run: TinyRun, record: PlaneDurable) -> bool:
    """Whether the file in the place of a chosen plane has the recorded size and checksum."""
    images = run.plan.folder.images(run.plan.project)
    key = record.key
    path: Path = images / key.section / str(key.tile) / "0" / "c" / str(key.cycle) / "0" / "0"
    if not path.exists() or path.stat().st_size != record.size_bytes:
        return False
    return xxhash.xxh3_128_hexdigest(path.read_bytes()) == record.checksum


def _proven(run: TinyRun) -> Iterator[str]:
    for opening in _openings(run):
        if opening.at_opening:
            yield f"The ion beam opened unproven: {', '.join(opening.at_opening)}."
        if lost := [name for name in opening.while_open if name in POSE]:
            yield f"While the ion beam was open this ceased to hold: {', '.join(lost)}."
        if opening.unproven_s > NOTICED_S:
            yield f"The ion beam was open for {opening.unproven_s:.1f} s after {opening.while_open}."


def _closed_in_time(run: TinyRun) -> Iterator[str]:
    for opening in run.line_openings:
        open_s = opening.closed_s - opening.opened_s
        if not open_s <= opening.deadline_s + GUARD_LATENCY_S:
            yield f"The ion beam was open for {open_s:.2f} s, its deadline was {opening.deadline_s:.2f} s."
        if opening.silent_s > TIMING.heartbeat_s + GUARD_LATENCY_S:
            yield f"The ion beam stayed open for {opening.silent_s:.2f} s without word from the program."
    if run.nature.opening is not None:
        yield "The ion beam is still open."


def _undamaged(run: TinyRun) -> Iterator[str]:
    for incident in run.truth:
        if isinstance(incident, IncidentTruth):
            yield f"Damage: {incident.kind} ({incident.detail})."


def _electrons(run: TinyRun) -> Iterator[str]:
    for idle in run.truth:
        if isinstance(idle, IdleExposureTruth):
            yield f"The electron beam stood on the wafer for {idle.duration_s:.3g} s without a frame."


def _charges(run: TinyRun, records: list[Record]) -> Iterator[str]:
    """True charge of each pass inside the journalled interval, and no more than requested plus that."""
    begins = {r.opening: r for r in records if isinstance(r, MillBegin)}
    low_uc: defaultdict[MillKey, float] = defaultdict(float)
    high_uc: defaultdict[MillKey, float] = defaultdict(float)
    open_ended = {r.key for r in begins.values()}
    for end in (r for r in records if isinstance(r, MillEnd)):
        high_uc[end.key] += end.delivered_uc
        low_uc[end.key] += end.delivered_uc - end.uncertain_uc
        del begins[end.opening]
    open_ended &= {r.key for r in begins.values()}
    true_uc = _true_charges(run, records)
    for key in (true_uc.keys() | high_uc.keys()) - open_ended:
        true, low, high = true_uc[key], low_uc[key], high_uc[key]
        if not low * (1 - METER) - ROUNDING_UC <= true <= high * (1 + METER) + ROUNDING_UC:
            yield f"{key} truly got {true:.4f} uC, the journal says {low:.4f} to {high:.4f} uC."
        requested_uc = _requested_uc(run)
        if true > (requested_uc + high - low) * (1 + METER) + ROUNDING_UC:
            yield f"{key} truly got {true:.4f} uC of {requested_uc:.4f} uC requested."


def _requested_uc(run: TinyRun) -> float:
    milling = run.plan.project.milling
    return charge_uc_per_azimuth(run.plan.instrument.mill, milling) / milling.rounds


def _true_charges(run: TinyRun, records: list[Record]) -> defaultdict[MillKey, float]:
    """What nature delivered, by the pass whose opening was journalled last before."""
    begins = [r for r in records if isinstance(r, MillBegin)]
    charges: defaultdict[MillKey, float] = defaultdict(float)
    for opening in _openings(run):
        before = [b for b in begins if b.at_s <= opening.opened_at_s]
        if before:
            charges[before[-1].key] += opening.delivered_uc
    return charges


def _truly_imaged(run: TinyRun, records: list[Record]) -> Iterator[str]:
    """A plane that counts was scanned with a beam."""
    frames = {f.scanned_at_s: f for f in run.truth if isinstance(f, FrameTruth)}
    exposed = {(r.key, r.take): r for r in records if isinstance(r, PlaneExposed)}
    for chosen in (r for r in records if isinstance(r, PlaneChosen)):
        record = exposed.get((chosen.key, chosen.take))
        if record is None:
            continue  # killed before it was told; the file alone counts
        frame = frames.get(record.scanned_at_s)
        if frame is None or frame.dose_per_nm2 == 0:
            yield f"{chosen.key} counts and was scanned without a beam."


def _openings(run: TinyRun) -> list[OpeningTruth]:
    return [r for r in run.truth if isinstance(r, OpeningTruth)]
