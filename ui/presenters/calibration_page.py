"""The page Calibrate as a whole: the list and the wizard, made of all that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scopeacq.plan.as_found import AsFound
from scopeacq.plan.calibrations import CalibrationKind
from ui.presenters.calibration import Chosen, Surroundings, WizardView, wizard_view
from ui.presenters.calibration_left import LeftView, left_view
from ui.presenters.calibration_list import Activity, GroupView, Standing, listed


@dataclass(frozen=True, slots=True)
class Stock:
    """What the files say; ``left``: what a calibration found and has not put back."""

    standings: Mapping[CalibrationKind, Standing] = field(default_factory=dict)
    left: AsFound | None = None


@dataclass(frozen=True, slots=True)
class PageView:
    """``wizard`` is None while nothing is chosen, ``left`` while the instrument is in order."""

    groups: tuple[GroupView, ...] = ()
    wizard: WizardView | None = None
    left: LeftView | None = None


def page_view(
    stock: Stock,
    known: Mapping[CalibrationKind, Chosen],
    chosen: CalibrationKind | None,
    around: Surroundings,
    now: datetime,
) -> PageView:
    """The page. ``known``: what goes on and came out in this window."""
    activities = {kind: activity_of(each) for kind, each in known.items()}
    groups = listed(stock.standings, activities, now)
    wizard = wizard_view(known[chosen], around, now) if chosen is not None else None
    left = None
    if stock.left is not None and around.working is None:
        left = left_view(stock.left, around.held_back(stock.left.kind), now)
    return PageView(groups, wizard, left)


def activity_of(known: Chosen) -> Activity:
    """What the list says of a calibration that this window works on."""
    if known.work is not None:
        return Activity.MEASURING
    waits = known.result is not None and known.result.values and known.decision is None
    return Activity.DECIDING if waits else Activity.NOTHING
