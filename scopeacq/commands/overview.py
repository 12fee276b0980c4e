"""``scopeacq wafer overview`` and ``import``: a picture of the whole wafer, acquired or brought along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from scopeacq.commands.arguments import AsJson, Project
from scopeacq.commands.interruption import interruptible

if TYPE_CHECKING:
    from scopeacq.mosaic.acquire import Mosaic, MosaicReport, TakenTile
    from scopeacq.plan.overview_import import ImportReport
    from scopeacq.plan.placement import Landmark
    from scopeacq.plan.runfolder import Plan


def overview(project: Project, as_json: AsJson = False) -> None:
    """Acquire a mosaic of the wafer; goes on with one that was interrupted."""
    from scopeacq.plan.runfolder import Plan
    from scopeacq.telling.as_json import as_json_text
    from scopeacq.telling.explain import explaining

    plan = Plan.read(project)
    with explaining(plan.folder.logs):
        report = _acquired(plan).report
    typer.echo(as_json_text(report) if as_json else _told(report))


def import_picture(
    project: Project,
    file: Annotated[Path, typer.Argument(help="TIFF, PNG, JPEG or CZI.", show_default=False)],
    pixel_um: Annotated[
        float | None,
        typer.Option(min=1e-3, max=1e4, help="Edge of a pixel, where neither file nor landmarks say it."),
    ] = None,
    mirrored: Annotated[
        bool, typer.Option("--mirrored", help="It shows the wafer as in a mirror.")
    ] = False,
    landmarks: Annotated[
        str,
        typer.Option(
            metavar="'px,py=wx,wy ...'",
            help="Pixels (column, row) and the points of the wafer (um) that they show: one shifts the "
            "picture, two turn and scale it as well, three show whether it is mirrored.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Take a picture of the wafer from another microscope, and place it."""
    from scopeacq.plan.overview_import import ImportOrder, import_overview
    from scopeacq.plan.runfolder import Plan
    from scopeacq.storage.files import DiskFiles
    from scopeacq.telling.as_json import as_json_text

    order = ImportOrder(file, pixel_um, mirrored, tuple(_landmarks(landmarks)))
    _, report = import_overview(order, Plan.read(project).folder.overviews, DiskFiles())
    typer.echo(as_json_text(report) if as_json else _imported(report))


def _acquired(plan: Plan) -> Mosaic:
    """Acquire with a bar on stderr. What ends it says how many tiles are kept."""
    from rich.progress import Progress

    from hardware.errors import Halted, HardwareError
    from scopeacq.manual import open_manual
    from scopeacq.mosaic.acquire import acquire_mosaic
    from scopeacq.telling.exit_codes import ExitCode
    from scopeacq.telling.explain import Explained

    last: TakenTile | None = None

    def told(tile: TakenTile) -> None:
        nonlocal last
        last = tile

    try:
        with Progress(console=Console(stderr=True)) as bars, interruptible() as halted:
            task = bars.add_task("Overview", total=1.0)
            with open_manual(plan) as manual:

                def tell(share: float) -> None:
                    manual.heed()
                    bars.update(task, completed=share)

                manual.begin(halted)
                manual.bring_up()
                return acquire_mosaic(manual, told, tell)
    except Halted as halt:
        raise Explained(ExitCode.PAUSED, f"The overview is interrupted.{_kept(last)}") from halt
    except (HardwareError, OSError) as error:
        if last is None:
            raise
        raise Explained(ExitCode.FAILED, f"{error}{_kept(last)}") from error


def _kept(last: TakenTile | None) -> str:
    if last is None:
        return ""
    return f" {last.number} of {last.of} tiles are kept; the same command goes on with the others."


def _told(report: MosaicReport) -> str:
    from scopeacq.telling.wording import counted

    again = f", {report.taken_before} of an earlier try" if report.taken_before else ""
    lines = [
        f"{report.picture}: {counted(report.tiles, 'tile')}{again}, "
        f"{report.width_px} x {report.height_px} px of {report.pixel_um:g} um.",
        _fit_told(report),
        f"Shading of {100 * report.shading:.0f} % was corrected. "
        f"Each tile was given {report.electron_dose_per_nm2:.2g} e-/nm2.",
    ]
    return "\n".join(lines)


def _fit_told(report: MosaicReport) -> str:
    if report.residual_px is None:
        return "No two tiles show the same, so that all lie where the stage says."
    left_out = (
        f"; {report.links_dropped} that contradict the others are left out" if report.links_dropped else ""
    )
    return (
        f"{report.links} overlaps fit to {report.residual_px:.2f} px, "
        f"{report.largest_residual_px:.2f} px at most{left_out}."
    )


def _imported(report: ImportReport) -> str:
    fit = "" if report.worst_um is None else f", its landmarks fit to {report.worst_um:.1f} um"
    first = (
        f"{report.picture}: {report.width_px} x {report.height_px} px of {report.pixel_um:.4g} um "
        f"(said {report.scale_from.value}){fit}."
    )
    return "\n".join((first, *report.notes))


_NUMBER = r"[-+]?\d{1,9}(?:\.\d{0,9})?(?:[eE][-+]?\d)?"
_LANDMARK = re.compile(rf"({_NUMBER}),({_NUMBER})=({_NUMBER}),({_NUMBER})", re.ASCII)


def _landmarks(text: str) -> Iterator[Landmark]:
    """Raises ``typer.BadParameter``."""
    from scopeacq.plan.placement import Landmark

    for item in re.split(r"[\s;]+", text.strip()) if text.strip() else ():
        found = _LANDMARK.fullmatch(item)
        if found is None:
            raise typer.BadParameter(
                f"'{item}' is not px,py=wx,wy. Write for instance --landmarks '120,340=-5000,2000 ...'."
            )
        column, row, x_um, y_um = map(float, found.groups())
        yield Landmark((column, row), (x_um, y_um))
