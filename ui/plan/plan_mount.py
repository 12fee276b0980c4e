"""The plan's editor in the workspace of its run."""

from __future__ import annotations

from scopeacq.plan.appraisal import Checker
from ui.messages.banner import Banner
from ui.plan.plan_appraisal import PlanAppraisal
from ui.plan.plan_editing import PlanEditing
from ui.plan.plan_view import PlanView
from ui.presenters.messages import problem
from ui.presenters.tone import Sign
from ui.run.run_docks import BELOW
from ui.workspace import Workspace

KEY = "plan"


def mount_plan(workspace: Workspace, editing: PlanEditing, banner: Banner) -> PlanView:
    """Give a workspace the view in which its plan is edited, with what it costs beside it."""
    view, appraisal = PlanView(workspace.plan), PlanAppraisal(Checker(), workspace)

    def look() -> None:
        """While a run is active its plan is only counted: a check would take time from the run."""
        if view.isVisible():
            appraisal.look_at(editing.plan, check=editing.open)

    view.told.connect(banner.say)
    view.shown.connect(look)
    editing.edited.connect(lambda _: look())
    editing.allowed.connect(appraisal.forget_history)
    editing.allowed.connect(look)
    appraisal.counted.connect(view.costs.show_costs)
    appraisal.checking.connect(view.costs.checking)
    appraisal.checked.connect(view.costs.show_findings)
    appraisal.failed.connect(lambda error: banner.say(problem(error)))
    editing.edit_in(view)
    hint = "What the run is to do, and what it costs"
    workspace.mount_view(KEY, "Plan", Sign.SLIDERS, hint, view, BELOW)
    workspace.ask_before_leaving(view.objection)
    workspace.before_closing(appraisal.stop)
    return view
