"""The page of figures for readers, and the table of closed loops for model cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.focus.figures import LoopFigures
from benchmarks.focus.report import Table, numbers, table, tilt_table
from benchmarks.focus.results import (
    BoundResult,
    LineResult,
    LoopResult,
    Outcome,
    ScoreResult,
    SearchResult,
)
from benchmarks.focus.speed import COMPARED_PX, SpeedResult
from benchmarks.focus.store import Stored
from models.training.card import with_section

SHOWN = 3
"""Corrections of which a table tells."""

BOUNDS = "bounds"
CLOSED_LOOP = "Closed loop"

INTRODUCTION = """# How well focus is found

Measured by `python -m benchmarks.focus` on textures and microscopes that nothing was trained on: frames of
1024 x 768 pixels of 10 nm at 50 ns, where nothing else is said, corrected by the program's own loop. Errors
are the optical truth of the twin; *inside* means within 1 um and 0.25 a.u. of both stigmators. A correction
ends in focus, is refused (the optics are left as they were), or is *away*: applied, and not in focus.
This page is written by the benchmark itself: `python -m benchmarks.focus --from FILE --plots
docs/pictures/focus --page docs/focus.md`.
"""

CAPTIONS = {
    "overview": "Each case after as many corrections as its promise names: mean, up to 95 % of the trials, "
    "and what is to be reached.",
    "mild": "The source's start. Thin: single corrections; diamonds: what others published.",
    "far": "A far start; where the first pair says 'far' a coarse one follows at the same place.",
    "line": "One step over a range: answers, and their errors with the spread that they state.",
    BOUNDS: "Errors of one pair over the least that electrons allow (Cramer-Rao, unknown texture).",
    "turned-unknown": "Stigmators that act otherwise than the program believes: refused (dotted).",
    "score-50": "One image at 50 ns: scores, and the rate of false alarms against that of true ones.",
    "score-200": "The same at 200 ns.",
    "search": "The search by single images, image by image.",
    "landscape": "What that search goes down.",
    "speed": "Time per pair.",
}
"""Of the figures that the page shows, in its order."""


def write_page(path: Path, stored: Stored, pictures: Path | None) -> None:
    """All cases as one table, and the figures in ``pictures``, a folder below the page's own."""
    rows = [
        (f"`{name}`: {r.promise.case}", r.promise.others, r.promise.target, reached(r))
        for name, r in stored.results.items()
    ]
    header = "case", "source / MAPFoSt / prototype", "to reach", "reached"
    tilts = [table(tilt_table(tilted))] if (tilted := _tilted(stored)) else []
    parts = [INTRODUCTION, _made(stored), table((header, rows)), *tilts, *_figures(path, pictures)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n")


def write_card(path: Path, stored: Stored) -> None:
    """Put the table of closed loops into the model card at ``path``, instead of an earlier one."""
    loops = {n: r for n, r in stored.results.items() if isinstance(r, LoopResult)}
    about = "By the program's own loop, on textures and microscopes that nothing was trained on."
    text = f"{about} {_made(stored)}\n\n{table(_loops_table(loops))}"
    path.write_text(with_section(path.read_text(), CLOSED_LOOP, text))


def reached(result: Outcome) -> str:
    """What ours came to in a case, in a cell."""
    ours = next(iter(result.figures.values()), None)
    match result:
        case LoopResult():
            return _loop_reached(result.figures[next(iter(result.figures))])
        case BoundResult():
            return "; ".join(f"{name}: {numbers(f.ratio, 1)}" for name, f in result.figures.items())
        case LineResult() if ours:
            slope = f"slope {ours.slope:.3f} +- {ours.slope_se:.3f}"
            return f"{slope}, offset {ours.offset_um:.3f} +- {ours.offset_se_um:.3f} um"
        case ScoreResult() if ours:
            return f"AUC {ours.auc:.4f}; {ours.auc_without_gap:.3f} without a gap between sharp and not"
        case SearchResult() if ours:
            return f"median {ours.images:.0f} images, {ours.inside:.1%} inside, {ours.away:.1%} away"
        case SpeedResult():
            ratios = [f"{n} {f.ratio:.1f} x" for n, f in list(result.figures.items())[1:]]
            return f"at {COMPARED_PX} px: {', '.join(ratios)}"
    return ", ".join(f"{name} {figures.downhill:.3f}" for name, figures in result.figures.items())


def _loop_reached(figures: LoopFigures) -> str:
    if figures.refused == 1.0:
        return f"{figures.trials} of {figures.trials} refused ({_ends(figures)})"
    after = slice(1, SHOWN + 1)
    inside = numbers([100 * share for share in figures.inside_after[after]], 0)
    return (
        f"{numbers(figures.mae_wd_um[after], 3)} um; stigmators {numbers(figures.mae_stig[after], 3)}; "
        f"inside {inside} % after 1 / 2 / 3; {_ends(figures)}; {figures.away:.1%} away "
        f"({figures.trials} trials)"
    )


def _ends(figures: LoopFigures) -> str:
    return ", ".join(f"{share:.1%} {end}" for end, share in figures.ends.items())


def _made(stored: Stored) -> str:
    torch, machine = stored.machine.get("torch", "?"), stored.machine.get("platform", "?")
    return f"Seed {stored.seed}, torch {torch}, {machine}."


def _loops_table(loops: Mapping[str, LoopResult]) -> Table:
    header = (
        "case",
        "trials",
        "mean |wd| [um] after 1 / 2 / 3",
        "95 %",
        "mean |stig| [a.u.]",
        "inside [%]",
        "refused, away at the end [%]",
    )
    after = slice(1, SHOWN + 1)
    ours = {name: next(iter(result.figures.values())) for name, result in loops.items()}
    rows = [
        (
            f"{name}: {loops[name].promise.case}",
            f"{f.trials}",
            numbers(f.mae_wd_um[after], 3),
            numbers(f.p95_wd_um[after], 3),
            numbers(f.mae_stig[after], 3),
            numbers([100 * share for share in f.inside_after[after]], 0),
            numbers([100 * f.refused, 100 * f.away], 1),
        )
        for name, f in ours.items()
    ]
    return header, rows


def _tilted(stored: Stored) -> dict[str, LoopFigures]:
    """Figures of ours in cases with tilted tiles."""
    loops = {n: r for n, r in stored.results.items() if isinstance(r, LoopResult)}
    ours = {name: next(iter(result.figures.values())) for name, result in loops.items()}
    return {name: figures for name, figures in ours.items() if figures.tilt}


def _figures(path: Path, pictures: Path | None) -> list[str]:
    if pictures is None:
        return []
    found = [(n, c) for n, c in CAPTIONS.items() if (pictures / f"{n}.svg").exists()]
    folder = pictures.resolve().relative_to(path.resolve().parent)
    return ["## Figures", *(f"![{n}]({folder.as_posix()}/{n}.svg)\n\n*{c}*" for n, c in found)]
