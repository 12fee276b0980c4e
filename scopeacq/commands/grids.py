"""``scopeacq wafer grids``: which tiles image each section."""

from __future__ import annotations

from scopeacq.commands.arguments import AsJson, Project


def grids(project: Project, as_json: AsJson = False) -> None:
    """Put a grid of tiles on sections, as on one of them, and say how well it covers them."""
    from scopeacq.plan.runfolder import Plan

    Plan.read(project)
