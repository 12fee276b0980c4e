"""What the drift sentinel says: what an estimator does, since when, how far off, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.journal.records import FocusDrifted, FocusTrait
from scopeacq.telling.wording import counted

RECALIBRATED = "DeepFocus"
"""The estimator that is taught anew on the instrument itself."""

_SAYS = {
    FocusTrait.PAIRS: "needs {now:.1f} pairs of images per correction instead of {usual:.1f}",
    FocusTrait.CONTRADICTION: "contradicts itself by {now:.1f} times what it states instead of {usual:.1f}",
    FocusTrait.GAIN: "sees changes of the working distance {now:.0%} wrong instead of {usual:.0%}",
    FocusTrait.SPREAD: "is uncertain by {now:.2f} um instead of {usual:.2f} um",
    FocusTrait.SIZE: "finds tiles {now:.1f} depths of focus off instead of {usual:.1f}",
    FocusTrait.REFUSED: "is refused in {now:.0%} of corrections instead of {usual:.0%}",
}


@dataclass(frozen=True, slots=True)
class DriftTold:
    """One sentence, and what to do about it; nothing of that is ever done by itself."""

    text: str
    advice: str
    recalibrate: bool

    @property
    def whole(self) -> str:
        return f"{self.text} {self.advice}"


def drift_told(drift: FocusDrifted) -> DriftTold:
    """The sentinel's record in words."""
    says = _SAYS[drift.trait].format(now=drift.now, usual=drift.usual)
    since = f"cycle {drift.since_cycle + 1}, section {drift.since_section}"
    text = f"{drift.estimator} {says} since {since} ({counted(drift.corrections, 'correction')})."
    recalibrate = drift.estimator == RECALIBRATED
    return DriftTold(text, _advice(drift, recalibrate), recalibrate)


def _advice(drift: FocusDrifted, recalibrate: bool) -> str:
    look = "Look at the images of focus first: dirt, charging or the end of the tissue do that, too."
    if not recalibrate:
        return f"{look} Then check the convergence angle and the stigmator frame."
    return f"{look} Otherwise recalibrate {drift.estimator} (scopeacq calibrate deepfocus RUN)."
