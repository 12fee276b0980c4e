"""The page of figures for readers, and the table of closed loops for model cards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.focus.figures import LoopFigures
from benchmarks.focus.landscape import LandscapeResult
from benchmarks.focus.report import Table, numbers, table, tilt_table
from benchmarks.focus.results import (
    BoundResult,
    LineResult,
    LoopResult,
    Outcome,
    Promise,
    ScoreResult,
    SearchResult,
)
from benchmarks.focus.speed import COMPARED_PX, SpeedResult
from benchmarks.focus.store import Stored
from models.training.card import with_section

SHOWN = 3
"""Corrections of which a table tells."""

BOUNDS = "bounds"

INTRODUCTION = """# How well focus is found

Measured by `python -m benchmarks.focus` on textures and microscopes that nothing was trained on: frames of
1024 x 768 pixels of 10 nm at 50 ns, where nothing else is said, corrected by the program's own loop. Errors
are the optical truth of the twin, of corrections that got so far; *inside* means within 1 um and 0.25 a.u.
of both stigmators, and what was refused is not. A correction ends in focus or is refused, for the reason
given, with the optics as they were; *away* is what was applied and is not in focus.
This page is written by the benchmark itself: `python -m benchmarks.focus --from FILE --plots
docs/pictures/focus --page docs/focus.md`.
"""

LIMITS = {
    "lines": "A grating is seen at few frequencies. From far away other aberrations fit its pair almost as "
    "well as the true one, on tissue none does (`python -m benchmarks.lines`): gratings are refused there, "
    "with the optics as they were.",
    "one_image": "One image tells defocus and astigmatism from a soft specimen only as far as the specimen "
    "is known. What an ideal judge makes of its spectrum: `python -m benchmarks.one_image`.",
}
"""What limits figures that are not reached, and the plot that shows it, made by a command of its own."""

CAPTIONS = {
    "overview": "each case after as many corrections as its promise names: mean, up to 95 % of the trials, "
    "what is to be reached, and how many are inside the depth of focus by then.",
    "mild": "the source's start. Thin: single corrections; diamonds: what others published.",
    "far": "a far start; where the first pair says 'far' a coarse one follows at the same place.",
    "line": "one step over a range: answers, and their errors with the spread that they state.",
    BOUNDS: "errors of one pair over the least that electrons allow (Cramer-Rao; ticks: where the power of "
    "the texture is unknown).",
    "turned-unknown": "stigmators that act otherwise than the program believes: refused (dotted).",
    "score-50": "one image at 50 ns: scores, and the rate of false alarms against that of true ones.",
    "score-200": "the same at 200 ns.",
    "search": "the search by single images, image by image.",
    "landscape": "what that search goes down.",
    "speed": "time per pair.",
}
"""Of the figures that come first, in their order."""


def write_page(path: Path, stored: Stored, pictures: Path | None) -> None:
    """All cases as tables, and all figures in ``pictures``, a folder below the page's own."""
    loops, rest = _loops(stored), {n: r for n, r in stored.results.items() if not isinstance(r, LoopResult)}
    tilted = {n: figures for n, (_, figures) in loops.items() if figures.tilt}
    parts = [
        INTRODUCTION,
        _made(stored),
        "## Closed loop",
        table(_loops_table(loops)),
        *([table(tilt_table(tilted))] if tilted else []),
        "## Single answers, scores, searches",
        table(_rest_table(rest)),
        *_limits(path, pictures),
        *_figures(path, stored, pictures),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n")


def write_card(path: Path, stored: Stored) -> None:
    """Put the table of closed loops into the model card at ``path``, instead of an earlier one."""
    about = "By the program's own loop, on textures and microscopes that nothing was trained on."
    text = f"{about} {_made(stored)}\n\n{table(_loops_table(_loops(stored)))}"
    path.write_text(with_section(path.read_text(), "Closed loop", text))


Loops = Mapping[str, tuple[Promise, LoopFigures]]
"""Figures of ours by the name of the case."""


def _loops(stored: Stored) -> Loops:
    loops = {n: r for n, r in stored.results.items() if isinstance(r, LoopResult)}
    return {name: (loop.promise, next(iter(loop.figures.values()))) for name, loop in loops.items()}


def _loops_table(loops: Loops) -> Table:
    header = (
        "case",
        "source / MAPFoSt / prototype",
        "to reach",
        "trials",
        "wd off focus [um] after 1 / 2 / 3: mean",
        "95 %",
        "stigmators [a.u.]: mean",
        "inside [%]",
        "ends; away in truth [%]",
    )
    after = slice(1, SHOWN + 1)
    rows = [
        (
            f"`{name}`: {promise.case}",
            promise.others,
            promise.target,
            f"{f.trials}",
            _known(f.mae_wd_um[after]),
            _known(f.p95_wd_um[after]),
            _known(f.mae_stig[after]),
            numbers([100 * share for share in f.inside_after[after]], 0),
            ", ".join([*(f"{100 * share:.1f} {end}" for end, share in f.ends.items()), _away(f)]),
        )
        for name, (promise, f) in loops.items()
    ]
    return header, rows


def _known(errors: Sequence[float]) -> str:
    """Errors as far as there are any: none is known after all was refused."""
    return numbers([error for error in errors if math.isfinite(error)], 3) or "-"


def _away(figures: LoopFigures) -> str:
    return f"{100 * figures.away:.1f} away"


def _rest_table(results: Mapping[str, Outcome]) -> Table:
    header = "case", "source / MAPFoSt / prototype", "to reach", "reached"
    rows = [
        (f"`{n}`: {r.promise.case}", r.promise.others, r.promise.target, reached(r))
        for n, r in results.items()
    ]
    return header, rows


def reached(result: Outcome) -> str:
    """What a case without a loop came to, in a cell."""
    ours = next(iter(result.figures.values()), None)
    match result:
        case BoundResult():
            ratios = [
                f"{name}: {numbers(f.ratio, 1)}, texture unknown {numbers(f.free_ratio, 1)}"
                for name, f in result.figures.items()
            ]
            return f"wd / astig x / astig y: {'; '.join(ratios)}"
        case LineResult() if ours:
            slope = f"slope {ours.slope:.3f} +- {ours.slope_se:.3f}"
            offset = f"offset {ours.offset_um:.3f} +- {ours.offset_se_um:.3f} um"
            return f"{slope}, {offset} ({ours.trials} trials)"
        case ScoreResult() if ours:
            whole = f"{ours.auc_without_gap:.3f} without a gap between sharp and not"
            return f"AUC {ours.auc:.4f}; {whole} ({ours.images} images)"
        case SearchResult() if ours:
            ends = f"{ours.inside:.1%} inside, {ours.away:.1%} away"
            return f"median {ours.images:.0f} images, {ends} ({ours.trials} trials)"
        case SpeedResult():
            times = [f"{n} {f.ratio:.1f} x" for n, f in list(result.figures.items())[1:]]
            return f"at {COMPARED_PX} px: {', '.join(times)}"
        case LandscapeResult() if ours:
            return f"{ours.downhill:.1%} of neighbours"
    raise TypeError(f"nothing is known to tell of {type(result).__name__}")


def _made(stored: Stored) -> str:
    torch, processors = (stored.machine.get(key, "?") for key in ("torch", "processors"))
    return f"Seed {stored.seed}, torch {torch}, {processors} processors."


def _figures(path: Path, stored: Stored, pictures: Path | None) -> list[str]:
    """Those with a caption first, then those of other cases."""
    if pictures is None:
        return []
    captions = CAPTIONS | {n: r.promise.case for n, r in stored.results.items() if n not in CAPTIONS}
    found = [(n, c) for n, c in captions.items() if (pictures / f"{n}.svg").exists()]
    folder = _folder(path, pictures)
    return ["## Figures", *(f"![{n}]({folder}/{n}.svg)\n\n*{n}: {c}*" for n, c in found)]


def _limits(path: Path, pictures: Path | None) -> list[str]:
    """Those that have been drawn."""
    shown = [n for n in LIMITS if pictures is not None and (pictures / f"{n}.svg").exists()]
    if pictures is None or not shown:
        return []
    folder = _folder(path, pictures)
    return ["## What limits the rest", *(f"{LIMITS[n]}\n\n![{n}]({folder}/{n}.svg)" for n in shown)]


def _folder(path: Path, pictures: Path) -> str:
    """The pictures as the page names them."""
    return pictures.resolve().relative_to(path.resolve().parent).as_posix()
