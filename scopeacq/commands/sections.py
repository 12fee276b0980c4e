"""``scopeacq wafer detect``, ``train`` and ``review``: from a picture of the wafer to its sections."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from scopeacq.commands.arguments import AsJson, Project
from scopeacq.commands.interruption import interruptible

if TYPE_CHECKING:
    from rich.progress import Progress

    from scopeacq.sections.imports.imported import Unit
    from scopeacq.sections.preparing import Prepared
    from scopeacq.sections.reports import ReviewReport, TrainReport
    from scopeacq.sections.reviewing import ReviewOrder
    from scopeacq.storage.files import FileLayer

OverviewName = Annotated[
    str | None, typer.Option("--overview", metavar="NAME", help="Which overview, where there are several.")
]


def _of_ids(about: str) -> Any:
    return typer.Option(metavar="S001,S002", help=about)


def detect(
    project: Project,
    overview: OverviewName = None,
    learned: Annotated[
        bool | None,
        typer.Option(
            "--learned/--unlearned",
            help="By the section network, or by grey alone; by default the network once it was taught.",
        ),
    ] = None,
    example: Annotated[
        str | None, typer.Option(metavar="ID", help="Seek what looks like this candidate or section.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find sections on an overview; what was accepted, rejected or drawn before stays."""
    from scopeacq.sections.preparing import Prepared
    from scopeacq.sections.reports import DetectReport
    from scopeacq.storage.files import DiskFiles
    from scopeacq.telling.as_json import as_json_text

    prepared = Prepared.read(project)
    picture, way = prepared.overview(overview), prepared.way(learned, example)
    wafer = prepared.plan.wafer
    with _bar("Finding sections") as tell:
        from scopeacq.sections.on_wafer import find_sections

        found = find_sections(picture, way, prepared.candidates, wafer, tell, _cores())
    prepared.save(found.candidates, wafer, DiskFiles())
    report = DetectReport.of(picture.name, way, found, wafer)
    typer.echo(as_json_text(report) if as_json else report.told())


def train(
    project: Project,
    overview: OverviewName = None,
    minutes: Annotated[
        float, typer.Option(min=0.01, max=24 * 60, help="End after so much time; Ctrl-C ends before.")
    ] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Teach the section network this wafer by accepted sections, drawn ones and labels."""
    from scopeacq.sections.preparing import Prepared
    from scopeacq.storage.files import DiskFiles
    from scopeacq.telling.as_json import as_json_text

    prepared = Prepared.read(project)
    report = _taught(prepared, overview, minutes, DiskFiles())
    typer.echo(as_json_text(report) if as_json else report.told())


def review(
    project: Project,
    accept: Annotated[str, _of_ids("Take these for sections of the plan.")] = "",
    accept_above: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Accept open ones that are as sure, but no duplicates or slivers."),
    ] = None,
    reject: Annotated[str, _of_ids("Say that these are none; they are not found again.")] = "",
    reopen: Annotated[str, _of_ids("Take back what was said of these.")] = "",
    remove: Annotated[str, _of_ids("Forget these.")] = "",
    merge: Annotated[str, _of_ids("Make one of these, under the first id.")] = "",
    split: Annotated[str, _of_ids("Tell touching sections apart by what the others are like.")] = "",
    import_from: Annotated[
        Path | None,
        typer.Option(
            "--import", metavar="FILE", help=".magc, SBEMimage array (.json, .yml), .csv, .geojson."
        ),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(metavar="px|um", help="Of places in a file that does not say.")
    ] = None,
    export_to: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="GeoJSON, in px of --overview or else in um."),
    ] = None,
    overview: OverviewName = None,
    as_json: AsJson = False,
) -> None:
    """Show the candidates, judge them, bring them from a file or write them into one."""
    from scopeacq.sections.reviewing import ReviewOrder

    order = ReviewOrder(
        import_from=import_from,
        unit=_unit(unit),
        overview=overview,
        merge=_ids(merge),
        split=_ids(split),
        remove=_ids(remove),
        reopen=_ids(reopen),
        reject=_ids(reject),
        accept=_ids(accept),
        accept_above=accept_above,
        export_to=export_to,
    )
    _show(_reviewed(project, order), as_json)


def _reviewed(project: Path, order: ReviewOrder) -> ReviewReport:
    from scopeacq.sections.preparing import Prepared
    from scopeacq.sections.reports import ReviewReport
    from scopeacq.sections.reviewing import exported, reviewed
    from scopeacq.storage.files import DiskFiles

    prepared, files = Prepared.read(project), DiskFiles()
    done = reviewed(order, prepared)
    text = exported(order, done, prepared)
    prepared.save(done.candidates, done.wafer, files)
    if order.export_to is not None:
        files.write_durable(order.export_to, text.encode())
    return ReviewReport.of(done, order.export_to)


def _show(report: ReviewReport, as_json: bool) -> None:
    from scopeacq.telling.as_json import as_json_text

    if as_json:
        typer.echo(as_json_text(report))
        return
    console = Console(soft_wrap=True, markup=False, highlight=False)
    for part in report.told():
        console.print(part)


def _taught(prepared: Prepared, overview: str | None, minutes: float, files: FileLayer) -> TrainReport:
    """Teach with a bar on stderr until the time is over or somebody stops it; the best is kept."""
    from models.training.recipe import Limits
    from scopeacq.sections.reports import TrainReport
    from scopeacq.sections.seen import look_at
    from scopeacq.sections.tuning import Teaching, TuningSettings, lesson_of

    seen = look_at(prepared.overview(overview))
    lesson = lesson_of(seen, prepared.candidates, prepared.plan.wafer)
    settings = TuningSettings(Limits(minutes=minutes), cores=_cores())
    teaching = Teaching(lesson, settings, prepared.taught)
    weights = prepared.plan.folder.section_weights
    with _progress() as bars, interruptible() as halted:
        task = bars.add_task("Teaching the network", total=1.0)
        for told in teaching.steps():
            what = f"Teaching the network: overlap {told.best_iou:.2f} on sections kept back"
            bars.update(task, completed=told.fraction, description=what)
            if halted.is_set():
                break
    teaching.keep(weights, files)
    return TrainReport(
        str(weights), told.step, told.elapsed_s, len(lesson.tissue), told.best_iou, halted.is_set()
    )


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, which is told the done share; an interruption is a sentence."""
    from scopeacq.telling.exit_codes import ExitCode
    from scopeacq.telling.explain import Explained

    try:
        with _progress() as bars:
            task = bars.add_task(what, total=1.0)
            yield lambda share: bars.update(task, completed=share)
    except KeyboardInterrupt:
        raise Explained(ExitCode.PAUSED, f"{what} is interrupted; nothing was changed.") from None


def _progress() -> Progress:
    from rich.progress import Progress

    return Progress(console=Console(stderr=True))


def _ids(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _unit(text: str | None) -> Unit | None:
    from scopeacq.sections.imports.imported import Unit

    known = {unit.value: unit for unit in Unit}
    if text is not None and text not in known:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(known)}", param_hint="--unit")
    return known[text] if text else None


def _cores() -> int:
    return os.cpu_count() or 1
