"""What must be true of a run that was cut off and went on, held against what nature knows.

Each check gives a sentence for whatever is not so.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
import zarr

from hardware.simulator.truth import FrameTruth, OpeningTruth
from scopeacq.engine.opening import CURRENT_ACCURACY
from scopeacq.engine.planner import mill_plan
from scopeacq.journal.records import (
    MillBegin,
    MillDone,
    MillEnd,
    MillKey,
    PlaneChosen,
    PlaneDurable,
    PlaneExposed,
    PlaneExposing,
    PlaneKey,
    Record,
    RunOpened,
)
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.ome_zarr import decode_shard

ROUNDING_UC = 1e-9


@dataclass(frozen=True, slots=True)
class Pass:
    """One mill pass: what was requested, what nature delivered, what the journal says."""

    key: MillKey
    requested_uc: float
    true_uc: float
    low_uc: float
    high_uc: float
    done: int
    openings: int

    @property
    def uncertain_uc(self) -> float:
        return self.high_uc - self.low_uc

    @property
    def outside_uc(self) -> float:
        """How far the true charge lies outside the journalled interval; 0 inside."""
        return max(self.low_uc - self.true_uc, self.true_uc - self.high_uc, 0.0)

    @property
    def excess_uc(self) -> float:
        """True charge beyond what was requested; negative when less fell."""
        return self.true_uc - self.requested_uc


def opened_by(records: Sequence[Record], opening: OpeningTruth) -> MillBegin | None:
    """What the journal said last before nature saw the beam open."""
    before = [r for r in records if isinstance(r, MillBegin) and r.at_s <= opening.opened_at_s]
    return before[-1] if before else None


def passes(plan: Plan, records: Sequence[Record], openings: Iterable[OpeningTruth]) -> list[Pass]:
    """Every pass of the cycles that were milled."""
    begins = [r for r in records if isinstance(r, MillBegin)]
    ended = {r.opening: r for r in records if isinstance(r, MillEnd)}
    done = Counter(r.key for r in records if isinstance(r, MillDone))
    true_uc, n_openings = defaultdict[MillKey, float](float), Counter[MillKey]()
    for opening in openings:
        if (begin := opened_by(records, opening)) is not None:
            true_uc[begin.key] += opening.delivered_uc
            n_openings[begin.key] += 1
    low_uc, high_uc = defaultdict[MillKey, float](float), defaultdict[MillKey, float](float)
    for begin in begins:
        end = ended.get(begin.opening)
        if end is not None:
            high_uc[end.key] += end.delivered_uc
            low_uc[end.key] += end.delivered_uc - end.uncertain_uc
    return [
        Pass(key, requested_uc, true_uc[key], low_uc[key], high_uc[key], done[key], n_openings[key])
        for cycle in sorted({b.key.cycle for b in begins})
        for key, requested_uc in mill_plan(plan).passes(cycle)
    ]


def mill_troubles(all_passes: Iterable[Pass], raster_y_hz: float, current_na: float) -> Iterator[str]:
    """No pass skipped, repeated, or milled outside the journalled interval."""
    for p in all_passes:
        if p.done != 1:
            yield f"{p.key} is done {p.done} times."
        if p.outside_uc > ROUNDING_UC:
            yield f"{p.key} truly got {p.true_uc:.6f} uC, booked {p.low_uc:.6f} to {p.high_uc:.6f} uC."
        if p.excess_uc > p.uncertain_uc + ROUNDING_UC:
            yield f"{p.key} truly got {p.true_uc:.6f} uC of {p.requested_uc:.6f} (+ {p.uncertain_uc:.6f})."
        frame_uc = current_na * 1e-3 / raster_y_hz
        short_uc = max(frame_uc, CURRENT_ACCURACY * p.requested_uc) + p.uncertain_uc
        if p.true_uc < p.requested_uc - short_uc - ROUNDING_UC:
            yield f"{p.key} truly got only {p.true_uc:.6f} uC of {p.requested_uc:.6f}."


def opening_troubles(
    plan: Plan, records: Sequence[Record], openings: Iterable[OpeningTruth]
) -> Iterator[str]:
    """Each opening was journalled before, and was at the azimuth that it is booked on."""
    for opening in openings:
        begin = opened_by(records, opening)
        if begin is None:
            yield f"The beam opened at {opening.opened_at_s:.3f} s and the journal had not said so."
            continue
        wanted_deg = plan.project.milling.azimuths_deg[begin.key.azimuth]
        assert opening.pose.rotation_deg is not None
        if abs(math.remainder(opening.pose.rotation_deg - wanted_deg, 360)) > 0.5:
            yield f"{begin.key} was milled at a rotation of {opening.pose.rotation_deg:.1f} degrees."
        if opening.at_opening or opening.while_open:
            yield f"{begin.key} was milled unproven: {opening.at_opening + opening.while_open}."


def plane_troubles(plan: Plan, records: Sequence[Record], cycles: int) -> Iterator[str]:
    """Each planned plane exists exactly once: whole, as checksummed, and read alike by zarr."""
    chosen = Counter(r.key for r in records if isinstance(r, PlaneChosen))
    takes = {r.key: r.take for r in records if isinstance(r, PlaneChosen)}
    durable = {(r.key, r.take): r for r in records if isinstance(r, PlaneDurable)}
    images = plan.folder.images(plan.project)
    for section in plan.wafer.sections:
        for tile in section.tiles(plan.project.imaging):
            folder = images / section.id / str(tile.index) / "0"
            for cycle in range(cycles):
                key = PlaneKey(cycle, section.id, tile.index)
                if chosen[key] != 1:
                    yield f"{key} is chosen {chosen[key]} times."
                else:
                    yield from _damage(folder, durable[key, takes[key]])
            in_grid = sorted(int(p.name) for p in (folder / "c").iterdir())
            if in_grid != list(range(cycles)):
                yield f"{folder} holds the planes {in_grid}, planned are {cycles}."


def _damage(folder: Path, record: PlaneDurable) -> Iterator[str]:
    place = folder / "c" / str(record.key.cycle) / "0" / "0"
    data = place.read_bytes() if place.exists() else b""
    if len(data) != record.size_bytes or xxhash.xxh3_128_hexdigest(data) != record.checksum:
        yield f"{record.key} is not on the disk as it was written."
        return
    if (folder / "takes" / f"{record.key.cycle}.{record.take}").exists():
        yield f"{record.key} lies at both of its places."
    array = zarr.open_array(folder, mode="r")
    plane = np.asarray(array[record.key.cycle])
    if not np.array_equal(plane, decode_shard(data, plane.shape, plane.dtype)):
        yield f"{record.key} is read otherwise by zarr."


def exposure_troubles(
    records: Sequence[Record], frames: Iterable[FrameTruth], width_um: float
) -> Iterator[str]:
    """Every exposure of a tile was booked before; each start can have booked one that was never made.

    Frames of tiles are told from those of focus and registration by their width.
    """
    booked = sum(isinstance(r, PlaneExposing) for r in records)
    starts = sum(isinstance(r, RunOpened) for r in records)
    exposed = sum(math.isclose(f.width_um, width_um) for f in frames)
    if not exposed <= booked <= exposed + starts:
        yield f"{exposed} tiles were exposed and {booked} were booked in {starts} starts."


def slice_troubles(records: Sequence[Record], openings: Iterable[OpeningTruth]) -> Iterator[str]:
    """Each chosen take was exposed after its last cycle was milled and before its own was."""
    exposed = {(r.key, r.take): r.scanned_at_s for r in records if isinstance(r, PlaneExposed)}
    first_s, last_s = defaultdict[int, float](lambda: math.inf), defaultdict[int, float](lambda: -math.inf)
    for opening in openings:
        if (begin := opened_by(records, opening)) is not None:
            cycle = begin.key.cycle
            first_s[cycle] = min(first_s[cycle], opening.opened_at_s)
            last_s[cycle] = max(last_s[cycle], opening.closed_at_s)
    for r in (r for r in records if isinstance(r, PlaneChosen)):
        at_s = exposed[r.key, r.take]
        if not last_s[r.key.cycle - 1] <= at_s <= first_s[r.key.cycle]:
            yield f"{r.key} shows another slice: it was exposed at {at_s:.2f} s."
