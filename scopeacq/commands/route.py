"""``scopeacq wafer route``: the order in which sections are imaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from scopeacq.commands.arguments import AsJson, Project
from scopeacq.route import LIMIT_S

if TYPE_CHECKING:
    from scopeacq.plan.runfolder import Plan
    from scopeacq.route.route import Route
    from scopeacq.route.tour import Ended, FoundBy


@dataclass(frozen=True, slots=True)
class RouteReport:
    """Ids in order, and travel between sections: per cycle, and what is saved in all cycles together."""

    order: tuple[str, ...]
    before_s: float
    after_s: float
    saved_s: float
    run_saved_s: float
    found_by: FoundBy
    ended: Ended
    seed: int
    written: bool


def route(
    project: Project,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Another seed is another search.")] = 0,
    limit_s: Annotated[
        float,
        typer.Option("--limit-s", min=0.1, max=86_400, help="Seconds after which the best so far counts."),
    ] = LIMIT_S,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say it only; leave the wafer as it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Order the sections so that the stage travels least, and say how much time that saves."""
    from scopeacq.plan.runfolder import Plan
    from scopeacq.plan.saving import save_wafer
    from scopeacq.route.order import routed
    from scopeacq.telling.as_json import as_json_text

    plan = Plan.read(project)
    found = _found(plan, seed, limit_s)
    written = not dry_run and found.saved_s > 0
    if written:
        save_wafer(plan, routed(plan.wafer, found.order))
    report = _report(found, written)
    typer.echo(as_json_text(report) if as_json else _told(report))


def _found(plan: Plan, seed: int, limit_s: float) -> Route:
    """Search with a bar on stderr."""
    from rich.progress import Progress

    from scopeacq.route.route import find_route

    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task("Route", total=1.0)
        return find_route(
            plan.project,
            plan.wafer,
            plan.instrument,
            seed,
            limit_s,
            lambda share: bars.update(task, completed=share),
        )


def _report(found: Route, written: bool) -> RouteReport:
    return RouteReport(
        found.order,
        found.before_s,
        found.after_s,
        found.saved_s,
        found.run_saved_s,
        found.found_by,
        found.ended,
        found.seed,
        written,
    )


def _told(report: RouteReport) -> str:
    from scopeacq.telling.wording import counted

    sections = counted(len(report.order), "section")
    if not report.saved_s:
        return f"{sections}: {report.after_s:.1f} s of travel per cycle, and no shorter way was found."
    done = "The wafer is ordered by it." if report.written else "The wafer is as it was."
    return (
        f"{sections}: {report.after_s:.1f} s of travel per cycle instead of {report.before_s:.1f} s, "
        f"{report.run_saved_s / 60:.1f} min less in the whole run. It was made of "
        f"{report.found_by.value}; the search ended: {report.ended.value}. {done}"
    )
