"""What of the core the panels of a run call: tests have their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from scopeacq.plan.appraisal import Briefer
from ui.calibrate.services import CALIBRATIONS, Calibrations
from ui.hand.manual_thread import Opener, opened
from ui.run.errands import Checker
from ui.run.run_thread import Conductor, conducted


@dataclass(frozen=True, slots=True)
class Services:
    """``conductor`` takes a run to its end, ``checker`` checks a plan, ``opener`` is for manual control.

    ``calibrations``: what the page Calibrate calls.
    """

    conductor: Conductor = conducted
    checker: Checker = field(default_factory=Briefer)
    opener: Opener = opened
    calibrations: Calibrations = CALIBRATIONS


SERVICES = Services()
