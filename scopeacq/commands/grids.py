"""``scopeacq wafer grids``: which tiles image each section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scopeacq.commands.arguments import AsJson, Project

if TYPE_CHECKING:
    from rich.console import Console

    from scopeacq.plan.geometry import Point
    from scopeacq.plan.grid_orders import GridLine, GridReport, LikenessTo
    from scopeacq.plan.grids import Keep
    from scopeacq.plan.runfolder import Plan

_KEEP = {"angle": "ANGLE", "settings": "SETTINGS", "tiles": "TILES_LEFT_OUT"}


def grids(
    project: Project,
    roi_from: Annotated[
        str | None, typer.Option(metavar="SECTION", help="Give ROI and grid of this section to the others.")
    ] = None,
    roi: Annotated[
        str | None,
        typer.Option(
            metavar="'x,y x,y ...'",
            help="Corners of the ROI [um] from the section's centroid, x along its grid; of the section of "
            "--roi-from, by default the first.",
        ),
    ] = None,
    fill: Annotated[bool, typer.Option("--fill", help="As many tiles as the ROIs take.")] = False,
    only: Annotated[
        str | None, typer.Option(metavar="S001,S002", help="Change no other sections than these.")
    ] = None,
    keep: Annotated[
        str, typer.Option(metavar="angle,settings,tiles", help="What of single sections stays as it is.")
    ] = "",
    flip: Annotated[
        str | None, typer.Option(metavar="S001,S002", help="Turn the grids of these by half a turn.")
    ] = None,
    overview: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Picture that tells which way round sections lie, where outlines cannot."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put grids of tiles on sections, as on one of them, and say how well they cover them."""
    from rich.console import Console

    from scopeacq.plan.grid_orders import GridOrder, ordered, report_of
    from scopeacq.plan.runfolder import Plan
    from scopeacq.plan.saving import save_wafer
    from scopeacq.telling.as_json import as_json_text

    order = GridOrder(roi_from, _corners(roi), fill, _ids(only), _kept(keep), _ids(flip) or ())
    plan = Plan.read(project)
    likeness_to = _by_picture(plan, overview) if overview is not None else None
    done = ordered(order, plan.wafer, plan.project.imaging, likeness_to)
    if done.wafer != plan.wafer:
        save_wafer(plan, done.wafer)
    report = report_of(plan, done)
    if as_json:
        typer.echo(as_json_text(report))
    else:
        _show(Console(), report)


def _by_picture(plan: Plan, name: str) -> LikenessTo:
    from functools import partial

    from scopeacq.plan.overviews import read_overviews
    from scopeacq.sections.alike import likeness_on
    from scopeacq.sections.seen import look_at

    overviews, _ = read_overviews(plan.folder.overviews)
    named = [overview for overview in overviews if overview.name == name]
    if not named:
        known = ", ".join(overview.name for overview in overviews) or "none"
        raise typer.BadParameter(f"there is no overview {name}; there is {known}", param_hint="--overview")
    return partial(likeness_on, look_at(named[0]))


def _ids(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name for part in text.split(",") if (name := part.strip()))


def _kept(text: str) -> frozenset[Keep]:
    from scopeacq.plan.grids import Keep

    names = _ids(text) or ()
    if unknown := [name for name in names if name not in _KEEP]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(_KEEP)}", param_hint="--keep")
    return frozenset(Keep[_KEEP[name]] for name in names)


def _corners(text: str | None) -> tuple[Point, ...] | None:
    if text is None:
        return None
    try:
        pairs = [tuple(float(number) for number in corner.split(",")) for corner in text.split()]
        return tuple((x, y) for x, y in pairs)
    except ValueError:
        raise typer.BadParameter("give corners as 'x,y x,y x,y' in um", param_hint="--roi") from None


def _show(console: Console, report: GridReport) -> None:
    """A line for each section, then what is to be known."""
    from rich.table import Table

    from scopeacq.telling.showing import show_findings
    from scopeacq.telling.wording import counted

    table = Table("Section", "Grid", "Tiles", "Covered", "Angle", "Pixel, dwell")
    for line in report.sections:
        table.add_row(*_cells(line))
    console.print(table)
    if report.changed:
        console.print(f"{counted(len(report.changed), 'section')} changed in wafer.geojson.")
    if report.ambiguous:
        console.print(
            f"Half a turn cannot be told by the outlines of {_few(report.ambiguous)}. Look at them, and "
            "use --flip where the grid lies the wrong way round."
        )
    if report.unlike:
        console.print(f"Of another shape than the template: {_few(report.unlike)}. Look at them.")
    show_findings(console, report.findings)


def _cells(line: GridLine) -> tuple[str, ...]:
    of = "of its ROI" if line.has_roi else "of it"
    return (
        line.section,
        f"{line.rows} x {line.columns}",
        str(line.tiles),
        f"{line.share:.0%} {of}",
        f"{line.rotation_deg:.1f}\N{DEGREE SIGN}",
        f"{line.pixel_size_nm:g} nm, {line.dwell_ns:g} ns",
    )


def _few(ids: tuple[str, ...], most: int = 10) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")
