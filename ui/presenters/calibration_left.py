"""An instrument that a calibration has not put back as it was found: what is said, and offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scopeacq.plan.as_found import AsFound
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.telling.wording import sentence
from ui.presenters.calibration_list import NAMES, day
from ui.presenters.quantities import units_shown


@dataclass(frozen=True, slots=True)
class LeftView:
    """``kind`` is the calibration that left it so. ``may_act``: it may be put back now."""

    kind: CalibrationKind
    sentence: str
    may_act: bool


def left_view(left: AsFound, held_back: str, now: datetime) -> LeftView:
    """What to say of an instrument that is not as it was found."""
    when = day(left.found_at.astimezone(now.tzinfo), now)
    what = f"The calibration {NAMES[left.kind]} has not put the instrument back ({when})."
    if left.failed:
        what = f"{what} {sentence(units_shown(left.failed))}"
    if left.warning:
        what = f"{what} {left.warning}"
    advice = "Look at the instrument, then have it put back, or leave it as it is. No run starts before."
    return LeftView(left.kind, f"{what} {held_back or advice}", not held_back)
