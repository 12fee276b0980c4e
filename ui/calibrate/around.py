"""What else goes on around the page Calibrate, and whether a calibration may begin beside it."""

from __future__ import annotations

from dataclasses import replace

from scopeacq.plan.calibrations import CalibrationKind
from ui.hand.manual import ManualControl, ManualState
from ui.hand.works import Works
from ui.presenters.calibration import Surroundings


class Around:
    """Run, plan, instrument, and the one calibration that is under way."""

    def __init__(self, manual: ManualControl, works: Works[CalibrationKind]) -> None:
        self._manual, self._works = manual, works
        self._noted = Surroundings()

    def note(self, **news: bool) -> bool:
        """Take what is otherwise now; whether it is."""
        before, self._noted = self._noted, replace(self._noted, **news)  # type: ignore[arg-type]
        return self._noted != before

    @property
    def now(self) -> Surroundings:
        """All of it."""
        work = self._works.work
        busy = self._manual.doing if self._manual.state is ManualState.BUSY else ""
        return replace(self._noted, busy_with=busy, working=work.step if work is not None else None)

    def free_for(self, kind: CalibrationKind) -> bool:
        """Whether a calibration may begin, or its values be changed."""
        return self._works.work is None and not self.now.held_back(kind)

    def objection(self, kind: CalibrationKind) -> str:
        """Why it may not."""
        return self.now.held_back(kind) or "It is being calibrated."

    def in_hand(self) -> bool:
        """Whether this window has the instrument in hand, and so holds the run."""
        return self._manual.state is not ManualState.RELEASED
