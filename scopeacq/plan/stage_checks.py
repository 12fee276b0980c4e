"""Pre-flight of the stage as it was calibrated: whether what it misses is found again."""

from __future__ import annotations

from scopeacq.plan.findings import Findings, warning
from scopeacq.plan.runfolder import Plan

SURE_SD = 3.0
"""Of so many standard deviations hardly any move misses more."""


def scatter_findings(plan: Plan) -> Findings:
    """Moves that miss by more than images are searched within. Nothing where scatter was never measured."""
    stage, search = plan.instrument.stage, plan.project.registration
    for what, scatter_um, key, within_um in (
        ("Short moves", stage.repeat_short_um, "tile_max_shift_um", search.tile_max_shift_um),
        ("Long moves", stage.repeat_long_um, "max_shift_um", search.max_shift_um),
    ):
        if SURE_SD * scatter_um > within_um:
            yield warning(
                f"{what} of the stage scatter by {scatter_um:.2g} um, and registration.{key} is "
                f"{within_um:g} um: set it to {SURE_SD * scatter_um:.2g} um or more, or what the stage "
                "misses is not found again."
            )
