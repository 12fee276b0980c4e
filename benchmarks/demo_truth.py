"""What the program believes of a run on the twin, held against what nature knows.

    python benchmarks/demo_truth.py RUN.scopeacq [--json]

The program itself never reads nature's log. Planes are matched with nature's frames by the
instrument time of their first pixel.

planes_in_focus     share of chosen or first takes whose true residual lay inside 1 um / 0.25 / 0.25
                    while they were scanned (first scans, all planes)
chosen_in_focus     the same for the takes that count
roi_shift_um        distance between the true centres of a tile in successive slices, on the wafer
                    (median, 95 %, maximum)
charge_error_uc     true charge less what the journal says was delivered, per cycle and azimuth
charge_outside_uc   how far the true charge lies outside the journalled interval, meter apart
opened_unproven_s   how long the ion beam was open without a proven mill pose
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections import defaultdict
from pathlib import Path

from hardware.simulator.truth import FrameTruth, IncidentTruth, OpeningTruth, read_truth
from scopeacq.journal.journal import JournalReader
from scopeacq.journal.records import MillBegin, MillEnd, MillKey, PlaneChosen, PlaneExposed, PlaneKey
from scopeacq.plan.runfolder import Plan

WD_UM, STIG = 1.0, 0.25


def in_focus(frame: FrameTruth) -> bool:
    """Inside the depth of focus and the margins of stigmation (Schubert 2022, chapter 3)."""
    stig = max(abs(frame.residual_stig_x), abs(frame.residual_stig_y))
    return abs(frame.residual_wd_um) <= WD_UM and stig <= STIG


def compare(plan: Plan, truth: Path) -> dict[str, object]:
    """All figures of a run, from its journal and from nature's log."""
    records = [row.record for row in JournalReader(plan.folder.journal_file).read()]
    exposed = {(r.key, r.take): r for r in records if isinstance(r, PlaneExposed)}
    chosen = {r.key: r.take for r in records if isinstance(r, PlaneChosen)}
    frames = {round(f.scanned_at_s, 6): f for f in read_truth(truth, FrameTruth)}
    seen = {key: frames[round(r.scanned_at_s, 6)] for key, r in exposed.items()}
    first = [frame for (_, take), frame in seen.items() if take == 0]
    counted = {key: seen[key, take] for key, take in chosen.items()}
    residuals = sorted(abs(f.residual_wd_um) for f in first)
    return {
        "planes": len(chosen),
        "planes_in_focus": _share(first),
        "chosen_in_focus": _share(list(counted.values())),
        "residual_wd_um_median": statistics.median(residuals) if residuals else None,
        "residual_wd_um_max": residuals[-1] if residuals else None,
        "roi_shift_um": _slice_shifts(counted),
        **_charges(records, read_truth(truth, OpeningTruth)),
        "damage": [f"{i.kind}: {i.detail}" for i in read_truth(truth, IncidentTruth)],
    }


def _share(frames: list[FrameTruth]) -> float | None:
    return sum(map(in_focus, frames)) / len(frames) if frames else None


def _slice_shifts(frames: dict[PlaneKey, FrameTruth]) -> dict[str, float]:
    shifts = sorted(
        math.hypot(frame.x_um - last.x_um, frame.y_um - last.y_um)
        for key, frame in frames.items()
        if (last := frames.get(PlaneKey(key.cycle - 1, key.section, key.tile))) is not None
    )
    if not shifts:
        return {}
    p95 = shifts[min(len(shifts) - 1, int(0.95 * len(shifts)))]
    return {"median": statistics.median(shifts), "p95": p95, "max": shifts[-1]}


def _charges(records: list[object], openings: list[OpeningTruth]) -> dict[str, object]:
    """Openings are matched in their order: each journalled end has at most one true opening."""
    begun = {r.opening: r for r in records if isinstance(r, MillBegin)}
    ended = {r.opening: r for r in records if isinstance(r, MillEnd)}
    error_uc: dict[MillKey, float] = defaultdict(float)
    outside_uc = 0.0
    for opening, begin in begun.items():
        end = ended.get(opening)
        until_s = min((b.at_s for b in begun.values() if b.at_s > begin.at_s), default=math.inf)
        true_uc = sum(o.delivered_uc for o in openings if begin.at_s <= o.opened_at_s < until_s)
        if end is None:
            continue
        azimuth = MillKey(begin.key.cycle, 0, begin.key.azimuth)
        error_uc[azimuth] += true_uc - end.delivered_uc
        low_uc = end.delivered_uc - end.uncertain_uc
        outside_uc = max(outside_uc, low_uc - true_uc, true_uc - end.delivered_uc)
    return {
        "charge_error_uc": {f"{k.cycle}/{k.azimuth}": round(v, 4) for k, v in error_uc.items()},
        "charge_outside_uc": round(outside_uc, 4),
        "opened_unproven_s": sum(o.unproven_s for o in openings),
        "openings": len(openings),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    plan = Plan.read(arguments.run)
    figures = compare(plan, plan.instrument_folder / "truth")
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
