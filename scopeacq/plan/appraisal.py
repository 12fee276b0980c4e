"""What a plan that is being edited would cost, and what pre-flight says of it: before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scopeacq.journal.history import History
from scopeacq.plan import preflight
from scopeacq.plan.estimate import Estimate, estimate
from scopeacq.plan.findings import Finding
from scopeacq.plan.focus_checks import network_problems
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
        thinnest_nm = min(section.thickness_nm for section in self.plan.wafer.sections)
        return self.cost.milled_nm > thinnest_nm + preflight.HAIR_NM


def appraise(plan: Plan, history: History) -> Appraisal:
    """Count what the plan costs. Touches no device; asks the disk for its room."""
    cost = estimate(plan.project, plan.wafer, plan.instrument)
    return Appraisal(plan, cost, history.cycles_done, _free_bytes(plan))


class Checker:
    """Pre-flight for a plan that is edited again and again: networks are asked anew only if it matters."""

    def __init__(self, network_problems: Callable[[Plan], list[str]] = network_problems) -> None:
        self._ask_networks = network_problems
        self._asked: object = None
        self._answer: list[str] = []

    def findings(self, plan: Plan, history: History) -> tuple[Finding, ...]:
        """What pre-flight says of the plan as it stands. Slow."""
        site = preflight.Site(network_problems=self._network_problems)
        return tuple(preflight.check(plan, site, history))

    def _network_problems(self, plan: Plan) -> list[str]:
        imaging = plan.project.imaging
        tile = imaging.tile_width_px, imaging.tile_height_px, imaging.pixel_size_nm
        asked = plan.project.focus, plan.instrument.electron, tile
        if asked != self._asked:
            self._asked, self._answer = asked, self._ask_networks(plan)
        return self._answer


def _free_bytes(plan: Plan) -> int | None:
    try:
        return DiskFiles().free_bytes(plan.folder.images(plan.project))
    except OSError:
        return None
