"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.focus.figures import Honesty, LoopFigures
from benchmarks.focus.landscape import LandscapeResult
from benchmarks.focus.results import BoundResult, LineResult, LoopResult, Outcome, ScoreResult, SearchResult
from benchmarks.focus.speed import COMPARED_PX, EDGES_PX, SpeedResult

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Header and rows."""


def markdown(name: str, result: Outcome) -> str:
    """One case: what is to be reached, a table of all estimators, and one of ours by texture."""
    promise = result.promise
    title = f"\n### {name}: {promise.case}\n"
    goal = f"Others: {promise.others}. To reach: {promise.target}.\n"
    tables = [table(_table(result))]
    if isinstance(result, LoopResult):
        if any(figures.tilt for figures in result.figures.values()):
            tables.append(table(tilt_table(result.figures)))
        if len(result.by_kind) > 1:
            tables.append(table(_kinds_table(result)))
    return "\n".join([title, goal, "\n\n".join(tables)])


def table(content: Table) -> str:
    """In Markdown."""
    header, rows = content
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def _table(result: Outcome) -> Table:
    match result:
        case LoopResult():
            return _loop_table(result)
        case SearchResult():
            return _search_table(result)
        case LineResult():
            return _line_table(result)
        case BoundResult():
            return _bound_table(result)
        case ScoreResult():
            return _score_table(result)
        case SpeedResult():
            return _speed_table(result)
        case LandscapeResult():
            rows = [(n, f"{f.images}", f"{f.downhill:.3f}") for n, f in result.figures.items()]
            return ("score", "images", "downhill"), rows
    raise TypeError(f"no table is known for {type(result).__name__}")


def _loop_table(result: LoopResult) -> Table:
    header = (
        "estimator",
        "trials",
        "MAE wd [um] after 1..",
        "95 % wd [um]",
        "MAE stig [a.u.]",
        "95 % stig",
        "inside after 1..",
        "inside, refused, away at the end",
        "what it came to",
        "images",
        "e-/nm^2",
        "ms",
        "z sd; covered 68, 95 %",
    )
    rows = [
        (
            name,
            f"{f.trials}",
            numbers(f.mae_wd_um[1:]),
            numbers(f.p95_wd_um[1:]),
            numbers(f.mae_stig[1:], 3),
            numbers(f.p95_stig[1:], 3),
            numbers(f.inside_after[1:]),
            numbers((f.inside, f.refused, f.away)),
            ", ".join(f"{share:.2f} {end}" for end, share in f.ends.items()),
            f"{f.images:.0f}",
            f"{f.dose_per_nm2:.0f}",
            f"{f.ms_per_estimate:.0f}",
            _honest(f.honesty),
        )
        for name, f in result.figures.items()
    ]
    return header, rows


def tilt_table(loops: Mapping[str, LoopFigures]) -> Table:
    """Of those with tilted specimens: where the one working distance of a tile leaves what."""
    header = (
        "wd off focus [um]: mean, 95 %",
        "best plane at the centre",
        "corners of the focus image",
        "corners of a tile",
        "least possible there",
    )
    rows = [
        (
            name,
            *(
                numbers(pair)
                for pair in (f.tilt.centre_um, f.tilt.image_um, f.tilt.tile_um, f.tilt.least_um)
            ),
        )
        for name, f in loops.items()
        if f.tilt is not None
    ]
    return header, rows


def _kinds_table(result: LoopResult) -> Table:
    """The first estimator on each kind of texture."""
    name = next(iter(result.figures))
    header = (
        f"{name} on",
        "trials",
        "MAE wd [um] after 1..",
        "MAE stig",
        "inside after 1..",
        "refused, away",
    )
    rows = [
        (
            kind,
            f"{f.trials}",
            numbers(f.mae_wd_um[1:4]),
            numbers(f.mae_stig[1:4], 3),
            numbers(f.inside_after[1:4]),
            numbers((f.refused, f.away)),
        )
        for kind, f in result.by_kind.items()
    ]
    return header, rows


def _search_table(result: SearchResult) -> Table:
    header = (
        "score",
        "trials",
        "images, 95 %",
        "e-/nm^2",
        "inside, refused, away",
        "MAE wd [um], stig [a.u.] at the end",
    )
    rows = [
        (
            name,
            f"{f.trials}",
            f"{f.images:.0f}, {f.p95_images:.0f}",
            f"{f.dose_per_nm2:.0f}",
            numbers((f.inside, f.refused, f.away)),
            numbers((f.mae_wd_um, f.mae_stig)),
        )
        for name, f in result.figures.items()
    ]
    return header, rows


def _line_table(result: LineResult) -> Table:
    header = ("estimator", "trials", "slope", "offset [um]", "MAE wd [um]", "z sd; covered 68, 95 %")
    rows = [
        (
            name,
            f"{f.trials}",
            f"{f.slope:.3f} +- {f.slope_se:.3f}",
            f"{f.offset_um:.3f} +- {f.offset_se_um:.3f}",
            f"{f.mae_wd_um:.2f}",
            _honest(f.honesty),
        )
        for name, f in result.figures.items()
    ]
    return header, rows


def _bound_table(result: BoundResult) -> Table:
    header = (
        "estimator, texture",
        "trials",
        "rmse wd, ax, ay [um]",
        "bound [um]",
        "ratio",
        "texture unknown [um]",
        "ratio",
    )
    rows = [
        (
            name,
            f"{f.trials}",
            numbers(f.rmse_um, 3),
            numbers(f.bound_um, 3),
            numbers(f.ratio, 1),
            numbers(f.free_um, 3),
            numbers(f.free_ratio, 1),
        )
        for name, f in result.figures.items()
    ]
    return header, rows


def _score_table(result: ScoreResult) -> Table:
    header = ("score", "images", "AUC, all textures", "without a gap", "worst texture", "nothing said")
    rows = [
        (
            name,
            f"{f.images}",
            *(f"{v:.3f}" for v in (f.auc, f.auc_without_gap, f.auc_worst_kind, f.nothing_said)),
        )
        for name, f in result.figures.items()
    ]
    return header, rows


def _speed_table(result: SpeedResult) -> Table:
    edges = (f"ms at {edge} px" for edge in EDGES_PX)
    header = ("estimator", *edges, f"times ours at {COMPARED_PX} px", "memory [MiB]")
    rows = [
        (name, *(f"{ms:.1f}" for ms in f.ms_by_edge), f"{f.ratio:.1f}", f"{f.memory_mib:.0f}")
        for name, f in result.figures.items()
    ]
    return header, rows


def numbers(values: Sequence[float], digits: int = 2) -> str:
    """With slashes between."""
    return " / ".join(f"{v:.{digits}f}" for v in values)


def _honest(honesty: Honesty | None) -> str:
    if honesty is None:
        return "-"
    return f"{numbers(honesty.z_sd)}; {numbers(honesty.covered)}"
