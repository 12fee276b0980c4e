"""Figures from traces, answers and scores. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from benchmarks.focus.machine import Doubles
from benchmarks.focus.trials import MARGIN, Answer, Trace
from scopeacq.plan.project import FocusSettings, ImagingSettings

GAP = 2.0
"""In margins: what lies between 1 and this is neither sharp nor clearly not."""

IMAGE_REACH_UM, TILE_REACH_UM = (
    5e-4 * frame.width_px * frame.pixel_size_nm
    for frame in (FocusSettings().frame(0.0), ImagingSettings().frame(0.0))
)
"""From the centre to the left and right edges, along which all trials are tilted."""

COVERED = (0.68, 0.95)
"""Shares of the truth that regions of these sizes around an estimate should hold."""


@dataclass(frozen=True)
class Honesty:
    """Whether stated uncertainties are true: z is the error over its stated sd (wd, astig x, astig y).

    ``covered``: shares of truths inside the stated regions of 68 % and 95 %.
    """

    answers: int
    z_mean: tuple[float, ...]
    z_sd: tuple[float, ...]
    covered: tuple[float, ...]


@dataclass(frozen=True)
class TiltFigures:
    """Of tilted specimens, at the end of applied corrections: mean and 95 % of |wd| off focus [um].

    ``centre_um``: of the plane through the tile at its centre, the best that one working distance can do
    being 0; ``image_um``, ``tile_um``: in the worst corner of a focus image and of a tile; ``least_um``:
    what the tilt alone leaves there, in a tile.
    """

    centre_um: tuple[float, ...]
    image_um: tuple[float, ...]
    tile_um: tuple[float, ...]
    least_um: tuple[float, ...]


@dataclass(frozen=True)
class LoopFigures:
    """Of closed loops. Arrays run over corrections, from 0: the start.

    Errors are of the trials that got so far; ``inside`` counts refused ones as outside. ``away``:
    applied, and outside the margins. ``ends``: shares of what corrections came to.
    """

    trials: int
    mae_wd_um: tuple[float, ...]
    p95_wd_um: tuple[float, ...]
    mae_stig: tuple[float, ...]
    p95_stig: tuple[float, ...]
    inside_after: tuple[float, ...]
    inside: float
    refused: float
    away: float
    ends: Mapping[str, float]
    images: float
    dose_per_nm2: float
    ms_per_estimate: float
    honesty: Honesty | None = None
    tilt: TiltFigures | None = None


@dataclass(frozen=True)
class SearchFigures:
    """Of searches by single images; errors are those of applied ones at the end."""

    trials: int
    images: float
    p95_images: float
    dose_per_nm2: float
    inside: float
    refused: float
    away: float
    mae_wd_um: float
    mae_stig: float


@dataclass(frozen=True)
class LineFigures:
    """Of one step over a range of defocus: ``estimate = offset + slope * truth`` by least squares."""

    trials: int
    slope: float
    slope_se: float
    offset_um: float
    offset_se_um: float
    mae_wd_um: float
    honesty: Honesty | None = None


@dataclass(frozen=True)
class BoundFigures:
    """Of single answers: root mean squares [um] of errors and bounds (wd, astig x, y), their ratios.

    ``bound_um`` and ``ratio`` are those of a texture whose power is known, ``free_um`` and ``free_ratio``
    of one whose power is not.
    """

    trials: int
    rmse_um: tuple[float, ...]
    bound_um: tuple[float, ...]
    ratio: tuple[float, ...]
    free_um: tuple[float, ...]
    free_ratio: tuple[float, ...]


@dataclass(frozen=True)
class ScoreFigures:
    """How well one image tells sharp (inside the margins) from not sharp.

    ``auc``: against what lies at least twice as far out as the margins; ``auc_without_gap``: against
    all that is outside. Both pool all textures, as a single limit must; ``auc_worst_kind`` does not.
    ``nothing_said``: share of images without a score.
    """

    images: int
    auc: float
    auc_without_gap: float
    auc_worst_kind: float
    nothing_said: float


def loop_figures(traces: Sequence[Trace], corrections: int) -> LoopFigures:
    """Figures of one estimator in one case."""
    off = np.abs(after(traces, corrections))
    applied = np.array([trace.applied for trace in traces])
    answers = [answer for trace in traces for answer in trace.answers]
    ends = [trace.end for trace in traces]
    return LoopFigures(
        trials=len(traces),
        mae_wd_um=_known(off[:, :, 0], np.mean),
        p95_wd_um=_known(off[:, :, 0], _p95),
        mae_stig=_known(off[:, :, 1:].mean(axis=2), np.mean),
        p95_stig=_known(off[:, :, 1:].max(axis=2), _p95),
        inside_after=_tuple((out_of_margin(off) <= 1).mean(axis=0)),
        inside=float(np.mean([trace.inside for trace in traces])),
        refused=float(np.mean(~applied)),
        ends={end.value: ends.count(end) / len(ends) for end in dict.fromkeys(ends)},
        away=float(np.mean([trace.applied and not trace.inside for trace in traces])),
        images=float(np.median([trace.images for trace in traces])),
        dose_per_nm2=float(np.median([trace.dose_per_nm2 for trace in traces])),
        ms_per_estimate=float(np.median([a.took_ms for a in answers])) if answers else np.nan,
        honesty=honesty(answers),
        tilt=tilt_figures(traces),
    )


def tilt_figures(traces: Sequence[Trace]) -> TiltFigures | None:
    """None where nothing is tilted or nothing was applied."""
    applied = [trace for trace in traces if trace.applied]
    slopes = np.abs([trace.slope for trace in applied])
    if not slopes.any():
        return None
    centre = np.abs([trace.states[-1, 0] for trace in applied])
    places = (
        centre,
        centre + IMAGE_REACH_UM * slopes,
        centre + TILE_REACH_UM * slopes,
        TILE_REACH_UM * slopes,
    )
    return TiltFigures(*((float(off.mean()), float(_p95(off))) for off in places))


def search_figures(traces: Sequence[Trace]) -> SearchFigures:
    """Figures of one score in one case."""
    ends = np.abs([trace.states[-1] for trace in traces if trace.applied]).reshape(-1, 3)
    images = np.array([trace.images for trace in traces])
    return SearchFigures(
        len(traces),
        float(np.median(images)),
        float(np.quantile(images, 0.95)),
        float(np.median([trace.dose_per_nm2 for trace in traces])),
        float(np.mean([trace.inside for trace in traces])),
        float(np.mean([not trace.applied for trace in traces])),
        float(np.mean([trace.applied and not trace.inside for trace in traces])),
        *(_known(values[:, None], np.mean)[0] for values in (ends[:, 0], ends[:, 1:].mean(axis=1))),
    )


def after(traces: Sequence[Trace], corrections: int) -> Doubles:
    """States after 0, 1, .. corrections (n, corrections + 1, 3).

    Where a correction was applied its end stays; after another one nothing is known, and all is nan.
    """
    states = np.full((len(traces), corrections + 1, 3), np.nan)
    for own, trace in zip(states, traces, strict=True):
        known = trace.states[: corrections + 1]
        own[: len(known)] = known
        if trace.applied:
            own[len(known) :] = trace.states[-1]
    return states


def _known(values: Doubles, figure: Callable[[Doubles], np.floating]) -> tuple[float, ...]:
    """A figure of what is known in each column of (n, m); nan where nothing is."""
    columns = (column[np.isfinite(column)] for column in values.T)
    return tuple(float(figure(known)) if len(known) else float("nan") for known in columns)


def _p95(values: Doubles) -> np.floating:
    return np.quantile(values, 0.95)


def honesty(answers: Sequence[Answer]) -> Honesty | None:
    """None without answers."""
    if not answers:
        return None
    z = np.array([answer.z for answer in answers])
    distance = np.array([answer.distance for answer in answers])
    covered = tuple(float(np.mean(distance <= chi2.ppf(share, 3))) for share in COVERED)
    return Honesty(len(answers), _tuple(z.mean(axis=0)), _tuple(z.std(axis=0)), covered)


def line_figures(answers: Sequence[Answer]) -> LineFigures:
    """Ordinary least squares with the standard errors of its parameters, of at least three answers."""
    truth = np.array([answer.truth_um[0] for answer in answers])
    said = np.array([answer.estimate.mean[0] for answer in answers])
    design = np.column_stack([np.ones_like(truth), truth])
    (offset, slope), *_ = np.linalg.lstsq(design, said, rcond=None)
    residual = said - offset - slope * truth
    variance = residual @ residual / max(len(truth) - 2, 1)
    offset_se, slope_se = np.sqrt(variance * np.diag(np.linalg.pinv(design.T @ design)))
    return LineFigures(
        len(truth),
        float(slope),
        float(slope_se),
        float(offset),
        float(offset_se),
        _known(np.abs(said - truth)[:, None], np.mean)[0],
        honesty(answers),
    )


def bound_figures(errors_um: Doubles, bounds_um: Doubles) -> BoundFigures:
    """Of errors (n, 3) and bounds (n, 2, 3), of known and of unknown texture."""
    rmse, (known, free) = (np.sqrt(np.mean(np.square(v), axis=0)) for v in (errors_um, bounds_um))
    each = (rmse, known, rmse / known, free, rmse / free)
    return BoundFigures(len(errors_um), *(_tuple(values) for values in each))


def score_figures(scores: Doubles, blurs: Doubles, kinds: Sequence[str]) -> ScoreFigures:
    """Of scores (n,) of images at ``blurs`` (n, 3) off focus (um, a.u., a.u.) of ``kinds``."""
    out = out_of_margin(blurs)
    sharp, clear = out <= 1, out >= GAP
    of_kind = [np.array(kinds) == kind for kind in sorted(set(kinds))]
    apart = [auc(scores[sharp & own], scores[clear & own]) for own in of_kind]
    return ScoreFigures(
        len(scores),
        auc(scores[sharp], scores[clear]),
        auc(scores[sharp], scores[~sharp]),
        min(filter(math.isfinite, apart), default=math.nan),
        float(np.isinf(scores).mean()),
    )


def out_of_margin(states: Doubles) -> Doubles:
    """How far states (n, 3) (um, a.u., a.u.) are from focus, in margins: 1 is on their border."""
    return np.asarray((np.abs(states) / MARGIN).max(axis=-1))


def auc(low: Doubles, high: Doubles) -> float:
    """Probability that one of ``low`` is below one of ``high``, ties half; nan where one is empty."""
    if not len(low) or not len(high):
        return float("nan")
    above = high[None, :] > low[:, None]
    equal = high[None, :] == low[:, None]
    return float(above.mean() + 0.5 * equal.mean())


def roc(low: Doubles, high: Doubles) -> tuple[Doubles, Doubles]:
    """Share of ``high`` and of ``low`` below each threshold: false and true positive rates."""
    thresholds = np.sort(np.concatenate([low, high]))
    false, true = (
        np.searchsorted(np.sort(scores), thresholds, side="right") / len(scores) for scores in (high, low)
    )
    return np.append(0.0, false), np.append(0.0, true)


def _tuple(values: Doubles) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
