"""What the step Grids does: gives all sections their grid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt5.QtCore import QObject

from scopeacq.plan.grids import GridRefused, Likeness, Propagation
from scopeacq.plan.overviews import Overview
from scopeacq.plan.poses import Pose
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.grids_step import GridsStep
from ui.presenters.grid_edits import in_words, laid, lay_grids
from ui.presenters.prepare import Step
from ui.presenters.prepare_settings import GridChoice
from ui.presenters.work import Work
from ui.run.interpreter import loading


class GridsWork(QObject):
    """``chosen`` asks for the one section that is chosen on the map."""

    def __init__(self, body: GridsStep, desk: PrepareDesk, chosen: Callable[[], str | None]) -> None:
        super().__init__(body)
        self._body, self._desk, self._chosen = body, desk, chosen
        body.propagate_asked.connect(self.propagate)

    def propagate(self) -> None:
        """Lay them as the form says."""
        plan = self._desk.plan
        job = partial(_laid, self._body.choice.chosen, self._chosen(), plan, self._desk.overview)
        self._desk.do(Work(Step.GRIDS, "Laying grids"), job, partial(self._take, plan))

    def _take(self, before: Plan, done: Propagation | GridRefused) -> None:
        if isinstance(done, GridRefused):
            self._desk.say(Step.GRIDS, str(done))
        elif self._desk.plan.wafer != before.wafer:
            self.propagate()  # sections were edited meanwhile
        elif self._desk.propose(lay_grids(done)):
            self._desk.note(Step.GRIDS, in_words(done))


def _laid(
    choice: GridChoice, chosen: str | None, plan: Plan, overview: Overview | None, tell: Teller
) -> Propagation | GridRefused:
    """On a thread; an overview tells which way round sections lie whose outlines leave that open."""
    likeness = None if overview is None else partial(_likeness, overview, tell)
    try:
        return laid(choice, chosen, plan.wafer, plan.project.imaging, likeness)
    except GridRefused as refused:
        return refused


def _likeness(overview: Overview, tell: Teller, template: Section) -> Likeness:
    """How alike sections look to one on the overview."""
    with loading():
        from scopeacq.sections.alike import likeness_on
        from scopeacq.sections.seen import look_at
    alike = likeness_on(look_at(overview), template)

    def heeding(section: Section, pose: Pose) -> float:
        tell.heed()
        return alike(section, pose)

    return heeding
