"""Corrections of focus as shown: what one came to and why, its trace, and what each patch said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardware.errors import Halted
from models.estimate import AberrationEstimate
from scopeacq.focus.autofocus import FocusOutcome
from scopeacq.focus.correction import DepthOfFocus
from scopeacq.journal.records import Correction, FocusEnd, FocusIteration, FocusStage
from scopeacq.plan.project import EstimatorName, FocusSettings
from scopeacq.telling.wording import sentence
from ui.presenters.tone import Badge, Sign, Tone

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    pass

MICRO = "\N{MICRO SIGN}"
PM = "\N{PLUS-MINUS SIGN}"
DELTA = "\N{GREEK CAPITAL LETTER DELTA}"

METHOD_NAMES = {
    EstimatorName.DEEPFOCUS: "DeepFocus",
    EstimatorName.MAPFOST: "MAPFoSt",
    EstimatorName.DEEPSCORE: "DeepScore",
}
"""Those that can be used by hand."""


def methods_by_hand(focus: FocusSettings) -> list[tuple[str, EstimatorName | None]]:
    """What may be chosen: all of the project's methods in turn, or one of them."""
    own = [name for name in focus.estimators if name in METHOD_NAMES]
    return [("As in a run", None), *((METHOD_NAMES[name], name) for name in own)]


@dataclass(frozen=True, slots=True)
class Ending:
    """What a correction came to: in a word, in a sentence, and what to do."""

    badge: Badge
    what: str
    advice: str = ""

    @property
    def text(self) -> str:
        """All of it, to be copied."""
        return " ".join(part for part in (f"{self.badge.word}.", self.what, self.advice) if part)


_REFUSED_WORD = {
    FocusEnd.NO_STRUCTURE: "Nothing to focus on",
    FocusEnd.BAD_IMAGES: "Images cannot be judged",
    FocusEnd.UNCERTAIN: "Too uncertain",
    FocusEnd.BEYOND_LIMITS: "Beyond the limits",
    FocusEnd.NO_CONVERGENCE: "Did not settle",
    FocusEnd.WORSE: "Less sharp than before",
    FocusEnd.WRONG_STIGMATOR_FRAME: "Stigmators act otherwise",
    FocusEnd.NOT_FOUND: "Not found",
    FocusEnd.INSTRUMENT_FAILED: "The instrument failed",
}
_ADVICE = {
    FocusEnd.NO_STRUCTURE: "Go to a place with tissue, or raise the dwell time if it is there but noisy.",
    FocusEnd.BAD_IMAGES: "Grab a frame and look: a charging, drifting or saturated image cannot be judged.",
    FocusEnd.UNCERTAIN: "Try a longer dwell, a place with more texture, or a series through focus.",
    FocusEnd.BEYOND_LIMITS: "If the focus is truly so far off, set it by a series through focus first.",
    FocusEnd.NO_CONVERGENCE: "Try again; if it repeats, recalibrate the estimator on this instrument.",
    FocusEnd.WORSE: "Try again elsewhere; if it repeats, recalibrate the estimator on this instrument.",
    FocusEnd.WRONG_STIGMATOR_FRAME: "Recalibrate the frame of the stigmators before the run goes on.",
    FocusEnd.NOT_FOUND: "Grab a frame and look; then try a series through focus.",
    FocusEnd.INSTRUMENT_FAILED: "See the message above; the instrument panel shows which device it is.",
}
RESTORED = "The optics are as they were."


def ending(outcome: FocusOutcome) -> Ending:
    """What a correction by hand came to."""
    if isinstance(outcome.trouble, Halted):
        return Ending(Badge(Tone.QUIET, Sign.STOP, "Stopped"), f"You stopped it. {RESTORED}")
    return _ending(outcome.applied, outcome.end, outcome.reason)


def past_ending(done: Correction) -> Ending:
    """What a correction of the run came to; older journals lack its kind."""
    end = done.end or (FocusEnd.IN_FOCUS if done.applied else FocusEnd.NOT_FOUND)
    return _ending(done.applied, end, done.reason)


def _ending(applied: bool, end: FocusEnd, reason: str) -> Ending:
    if applied:
        return Ending(Badge(Tone.GOOD, Sign.CHECK, "In focus"), sentence(_spelled(reason)))
    badge = Badge(Tone.CAUTION, Sign.WARNING, _REFUSED_WORD.get(end, "Refused"))
    return Ending(badge, f"{sentence(_spelled(reason))} {RESTORED}", _ADVICE.get(end, ""))


def _spelled(reason: str) -> str:
    return reason.replace("+-", PM).replace(" um", f" {MICRO}m")


def change_text(before_um: tuple[float, float, float], after_um: tuple[float, float, float]) -> str:
    """How the optics changed: working distance and both stigmators."""
    wd, x, y = (a - b for a, b in zip(after_um, before_um, strict=True))
    return f"{DELTA}wd {signed(wd)} {MICRO}m   {DELTA}stig {signed(x)}, {signed(y)}"


@dataclass(frozen=True, slots=True)
class Step:
    """Where one of the optics stood at a pair, where its estimate leads, and the estimate's spread."""

    at: float
    leads_to: float
    sd: float
    coarse: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """One of the optics through a correction, as differences from where it began.

    ``limit``: changes beyond are refused; ``depth``: about the end, what cannot be seen in tiles.
    """

    title: str
    unit: str
    steps: tuple[Step, ...]
    limit: float
    depth: float
    end: float | None

    @property
    def goal(self) -> float | None:
        """Where the last estimate leads."""
        return self.end if self.end is not None else (self.steps[-1].leads_to if self.steps else None)


@dataclass(frozen=True, slots=True)
class TraceView:
    """The trace of a correction: working distance, stigmator x and y; ``rows`` are its pairs in words."""

    curves: tuple[Curve, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


TRACE_HEAD = ("Pair", f"{DELTA}wd", f"{DELTA}stig x", f"{DELTA}stig y", "n")
_OPTICS = (("wd_um", "wd", f"{MICRO}m"), ("stig_x", "stig x", ""), ("stig_y", "stig y", ""))


def trace_view(
    iterations: Sequence[FocusIteration],
    focus: FocusSettings,
    depth: DepthOfFocus,
    outcome: FocusOutcome | Correction | None = None,
) -> TraceView:
    """The trace so far, or in whole where ``outcome`` is known."""
    if not iterations:
        return TraceView()
    before = outcome.before if outcome is not None else iterations[0].optics
    limits = focus.limit_wd_um, focus.limit_stig, focus.limit_stig
    depths = depth.wd_um, depth.stig_x, depth.stig_y
    curves = []
    for (name, title, unit), limit, deep in zip(_OPTICS, limits, depths, strict=True):
        start = getattr(before, name)
        steps = tuple(_step(i, name, start) for i in iterations)
        end = getattr(outcome.after, name) - start if outcome is not None and outcome.applied else None
        curves.append(Curve(title, unit, steps, limit, deep, end))
    return TraceView(tuple(curves), tuple(_row(n, i) for n, i in enumerate(iterations, 1)))


def _step(iteration: FocusIteration, name: str, start: float) -> Step:
    at = getattr(iteration.optics, name) - start
    leads_to = at + getattr(iteration, f"correction_{name}")
    return Step(at, leads_to, getattr(iteration, f"sd_{name}"), iteration.stage is FocusStage.COARSE)


def _row(number: int, i: FocusIteration) -> tuple[str, ...]:
    how = "coarse" if i.stage is FocusStage.COARSE else ""
    where = f"field {i.field + 1}" if i.field else ""
    method = ", ".join(part for part in (i.estimator, how, where) if part)
    return (
        f"{number}  {method}",
        with_sd(i.correction_wd_um, i.sd_wd_um),
        with_sd(i.correction_stig_x, i.sd_stig_x),
        with_sd(i.correction_stig_y, i.sd_stig_y),
        f"{i.patches:.0f}" if i.patches else "",
    )


def with_sd(value: float, sd: float) -> str:
    """A number with its spread; nothing where there is none."""
    if not math.isfinite(value):
        return "\N{EN DASH}"
    return f"{signed(value)}{PM}{sd:.2f}" if math.isfinite(sd) else signed(value)


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign; what rounds to 0 is positive."""
    return f"{round(float(value), decimals) + 0.0:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True, slots=True)
class PatchShown:
    """A patch over its image: box in px (left, top, width, height), share of the answer relative to the
    patch that says most (0 to 1), and what it says.
    """

    box: tuple[float, float, float, float]
    strength: float
    text: str
    tip: str


def patches_shown(estimate: AberrationEstimate) -> tuple[PatchShown, ...]:
    """What each patch of a pair contributed; none where the estimator does not say."""
    shares = estimate.patch_shares
    if len(estimate.patch_boxes) != len(shares) or not len(shares):
        return ()
    most = float(shares.max())
    return tuple(
        PatchShown(
            (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            float(share) / most,
            signed(mean[0], 1),
            f"Defocus {mean[0]:+.2f} {PM} {sd[0]:.2f} {MICRO}m, astigmatism {mean[1]:+.2f}, {mean[2]:+.2f} "
            f"{MICRO}m; {share:.0%} of what is known",
        )
        for box, share, mean, sd in zip(
            estimate.patch_boxes, shares, estimate.patch_means, estimate.patch_sds, strict=True
        )
    )
