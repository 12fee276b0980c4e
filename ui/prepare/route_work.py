"""What the step Route does: looks for the shortest way through the sections."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal

from scopeacq.plan.runfolder import Plan
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.route_step import RouteStep
from ui.presenters.prepare import Step
from ui.presenters.route import follow, route_view
from ui.presenters.work import Work
from ui.run.interpreter import loading

if TYPE_CHECKING:  # brings python-tsp, which the window does without until sections are ordered
    from scopeacq.route.route import Route

TOO_FEW = "There is nothing to order: two sections at least are imaged in turn."


class RouteWork(QObject):
    """``found`` (RouteView): a way that was found, beside the one of before."""

    found = pyqtSignal(object)

    def __init__(self, body: RouteStep, desk: PrepareDesk) -> None:
        super().__init__(body)
        self._body, self._desk = body, desk
        body.order_asked.connect(self.order)

    def order(self) -> None:
        """Look for so long as the form says."""
        plan, limit_s = self._desk.plan, self._body.form.chosen.limit_s
        if sum(s.active for s in plan.wafer.sections) < 2:
            self._desk.say(Step.ROUTE, TOO_FEW)
            return
        job = partial(_found, plan, limit_s)
        self._desk.do(Work(Step.ROUTE, "Ordering"), job, partial(self._take, plan))

    def _take(self, before: Plan, route: Route) -> None:
        view = route_view(before.project, before.wafer, route)
        if not route.saved_s or self._desk.propose(follow(route, before.wafer)):
            self._desk.note(Step.ROUTE, view.sentence)
            self.found.emit(view)


def _found(plan: Plan, limit_s: float, tell: Teller) -> Route:
    """On a thread."""
    with loading():
        from scopeacq.route.route import find_route
    return find_route(plan.project, plan.wafer, plan.instrument, limit_s=limit_s, progress=tell)
