"""A series through focus, and estimators compared on one pair, as shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scopeacq.focus.focus_compare import Opinion
from scopeacq.focus.through_focus import SeriesPoint
from scopeacq.telling.wording import sentence
from ui.presenters.focusing import DELTA, MICRO, PM, PatchShown, patches_shown, signed, with_sd

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Comparison, Series


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series: scores and SDs by working distance, the best one, and a sentence."""

    points: tuple[SeriesPoint, ...] = ()
    begun_at_um: float | None = None
    best_um: float | None = None
    sentence: str = ""


def series_view(series: Series) -> SeriesView:
    """A series that is complete."""
    before_um, best = series.before.wd_um, series.best_wd_um
    if best is None:
        said = "The best focus lies outside of this series, or nothing here has texture. Widen the range."
    else:
        said = f"Sharpest at {best:.2f} {MICRO}m, {signed(best - before_um)} {MICRO}m from where it is now."
    return SeriesView(series.points, before_um, best, said)


def sharpest_of(series: Series) -> SeriesPoint | None:
    """The image nearest to the best focus; without one, that of the most contrast."""
    best = series.best_wd_um
    if best is not None:
        return min(series.points, key=lambda p: abs(p.wd_um - best))
    return max(series.points, key=lambda p: p.sd, default=None)


COMPARE_HEAD = ("Method", f"{DELTA}wd", f"{DELTA}stig x", f"{DELTA}stig y", "Time")


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """One estimator's opinion. ``remark``: why it has none."""

    cells: tuple[str, ...]
    remark: str
    patches: tuple[PatchShown, ...]


def comparison_rows(comparison: Comparison) -> tuple[OpinionRow, ...]:
    """One row for each estimator."""
    return tuple(_opinion_row(opinion) for opinion in comparison.opinions)


def comparison_sentence(comparison: Comparison) -> str:
    """Whether the estimators agree."""
    spread = comparison.spread_um
    if spread is None:
        return "Fewer than two estimators had an opinion: nothing to compare."
    depth_um = comparison.depth.wd_um
    verdict = "they agree" if spread <= 2 * depth_um else "they disagree; trust none without a series"
    return (
        f"The corrections of the working distance lie {spread:.2f} {MICRO}m apart "
        f"(depth of focus {PM}{depth_um:.2f} {MICRO}m): {verdict}."
    )


def _opinion_row(opinion: Opinion) -> OpinionRow:
    change, took = opinion.change, f"{1e3 * opinion.duration_s:.0f} ms"
    if change is None:
        blank = "\N{EN DASH}"
        return OpinionRow((opinion.name, blank, blank, blank, took), sentence(opinion.refusal), ())
    cells = (
        opinion.name,
        with_sd(change.wd_um, change.sd_wd_um),
        with_sd(change.stig_x, change.sd_stig_x),
        with_sd(change.stig_y, change.sd_stig_y),
        took,
    )
    return OpinionRow(cells, "", patches_shown(opinion.estimate) if opinion.estimate is not None else ())
