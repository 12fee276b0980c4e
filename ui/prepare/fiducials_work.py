"""What the step Fiducials does: looks for marks on the overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PyQt5.QtCore import QObject

from scopeacq.plan.geometry import Point
from scopeacq.plan.mark_edits import with_fiducials
from scopeacq.plan.overviews import Overview
from scopeacq.plan.runfolder import Plan
from scopeacq.sections.candidates import Candidates, Verdict
from scopeacq.telling.wording import counted
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.fiducials_step import FiducialsStep
from ui.prepare.sections_work import NO_PICTURE
from ui.presenters.edits import Edit
from ui.presenters.prepare import Step
from ui.presenters.work import Work
from ui.run.interpreter import loading

NO_SECTIONS = "Fiducials are looked for beside sections, and none is known yet; find the sections first."
NO_MARKS = "Nothing on the overview stands out enough to be found again; set fiducials on the map by hand."


class FiducialsWork(QObject):
    """Adds the places that are found to those that there are."""

    def __init__(self, body: FiducialsStep, desk: PrepareDesk) -> None:
        super().__init__(body)
        self._body, self._desk = body, desk
        body.propose_asked.connect(self.propose)

    def propose(self) -> None:
        """Look for as many as are wanted in all."""
        overview, plan, candidates = self._desk.overview, self._desk.plan, self._desk.candidates
        missing = self._body.form.chosen.count - len(plan.wafer.fiducials)
        if overview is None:
            self._desk.say(Step.FIDUCIALS, NO_PICTURE)
        elif not (plan.wafer.sections or candidates.sections):
            self._desk.say(Step.FIDUCIALS, NO_SECTIONS)
        elif missing <= 0:
            there = counted(len(plan.wafer.fiducials), "fiducial")
            self._desk.note(Step.FIDUCIALS, f"There are {there} already; ask for more, or remove some.")
        else:
            job = partial(_proposed, overview, plan, candidates, missing)
            self._desk.do(Work(Step.FIDUCIALS, "Looking for marks"), job, self._take)

    def _take(self, places_um: Sequence[Point]) -> None:
        if not places_um:
            self._desk.say(Step.FIDUCIALS, NO_MARKS)
            return
        edit = Edit(
            f"Propose {counted(len(places_um), 'fiducial')}",
            lambda document: replace(document, wafer=with_fiducials(document.wafer, places_um)),
        )
        if self._desk.propose(edit):
            there = f"{counted(len(places_um), 'place')} chosen, which look like nothing near them."
            self._desk.note(Step.FIDUCIALS, f"{there} Look at them on the map; undo takes them back.")


def _proposed(
    overview: Overview, plan: Plan, candidates: Candidates, count: int, tell: Teller
) -> Sequence[Point]:
    """On a thread: places on the wafer [um]."""
    with loading():
        from scopeacq.sections.seen import look_at
        from scopeacq.vision.fiducial_choice import need_of, propose
    maybe = (c.outline_um for c in candidates.sections if c.verdict is not Verdict.REJECTED)
    tissue_um = [*(section.outline_um for section in plan.wafer.sections), *maybe]
    there = [fiducial.centre_um for fiducial in plan.wafer.fiducials]
    seen = look_at(overview)
    tell.heed()
    found = propose(seen, tissue_um, there, count, need_of(plan.project.registration))
    tell.heed()
    return [place.centre_um for place in found]
