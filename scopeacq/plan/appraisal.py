"""What a plan that is being edited would cost, and what pre-flight says of it: before it is saved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from scopeacq.journal.history import History
from scopeacq.plan import preflight
from scopeacq.plan.briefing import Briefing, brief
from scopeacq.plan.estimate import Estimate, estimate
from scopeacq.plan.findings import Finding
from scopeacq.plan.focus_checks import NetworkMemory, network_problems
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles


@dataclass(frozen=True, slots=True)
class Appraisal:
    """Costs of a plan, where its run stands, and the room on the disk of its images.

    ``free_bytes`` is None where nobody can say.
    """

    plan: Plan
    cost: Estimate
    cycles_done: int = 0
    free_bytes: int | None = None

    @property
    def mills_through(self) -> bool:
        """Whether the plan removes more than the thinnest section has."""
        thinnest_nm = min((s.thickness_nm for s in self.plan.wafer.sections), default=math.inf)
        return self.cost.milled_nm > thinnest_nm + preflight.HAIR_NM


def appraise(plan: Plan, history: History) -> Appraisal:
    """Count what the plan costs. Touches no device; asks the disk for its room."""
    cost = estimate(plan.project, plan.wafer, plan.instrument)
    return Appraisal(plan, cost, history.cycles_done, _free_bytes(plan))


class Checker:
    """Pre-flight for a plan that is edited again and again: networks are asked anew only if it matters."""

    def __init__(self, network_problems: Callable[[Plan], list[str]] = network_problems) -> None:
        self._networks = NetworkMemory(network_problems)

    def findings(self, plan: Plan, history: History) -> tuple[Finding, ...]:
        """What pre-flight says of the plan as it stands. Slow."""
        site = preflight.Site(network_problems=self._networks.problems)
        return tuple(preflight.check(plan, site, history))


@dataclass
class Briefer:
    """What an operator is told before a start, again after each edit that was saved. Any thread."""

    networks: NetworkMemory = field(default_factory=NetworkMemory)

    def __call__(self, plan: Plan) -> Briefing:
        """See :func:`scopeacq.plan.briefing.brief`; networks that were content are not asked again."""
        self.networks.forget_problems()
        return brief(plan, preflight.Site(network_problems=self.networks.problems))


def _free_bytes(plan: Plan) -> int | None:
    try:
        return DiskFiles().free_bytes(plan.folder.images(plan.project))
    except OSError:
        return None
