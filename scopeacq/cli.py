"""The command line. Help is quick: each command imports what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from calibration import commands as calibrate
from scopeacq.commands import instruments, wafer
from scopeacq.commands.arguments import AsJson, Project
from scopeacq.telling.exit_codes import ExitCode

_EPILOG = "Exit codes. " + " ".join(f"{code.value}: {code.meaning}." for code in ExitCode)

app = typer.Typer(
    help="Wafer-based GCIB-SEM acquisition with deep-learning autofocus.",
    epilog=_EPILOG,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(wafer.app, name="wafer")
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(instruments.app, name="instruments")

Cycles = Annotated[int | None, typer.Option(min=1, help="Stop when so many cycles are done in all.")]


def _say_version(wanted: bool) -> None:
    if not wanted:
        return
    import platform
    from importlib.metadata import version

    typer.echo(
        f"scopeacq {version('scopeacq')} (Python {platform.python_version()}, torch {version('torch')})"
    )
    raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_say_version,
            is_eager=True,
            help="Say the versions of program, Python and torch.",
        ),
    ] = False,
) -> None:
    """Without a command the window opens."""
    if context.invoked_subcommand is None:
        raise typer.Exit(_open_window(None, simulate=False))


def _open_window(project: Path | None, simulate: bool) -> int:
    from ui.app import Opening
    from ui.app import run as show

    return show(Opening(project, simulate))


def main() -> None:
    """The console script ``scopeacq``."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command; errors become a sentence each on stderr and an exit code."""
    from scopeacq.telling.explain import Explained, explaining

    try:
        with explaining():
            app(arguments, standalone_mode=True)
    except Explained as error:
        Console(stderr=True, soft_wrap=True, markup=False, highlight=False).print(_lines(error))
        return error.code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.FAILED
    return ExitCode.FINISHED


def _lines(error: Exception) -> str:
    return "\n".join(" ".join(line.split()) for line in str(error).splitlines() if line.strip())


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Folder to make; a new one by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Another seed is another wafer.")] = 0,
    specimen: Annotated[
        Path | None,
        typer.Option(help="TIFF stack to cut sections from; a small one is mirrored and tiled."),
    ] = None,
    specimen_pixel_nm: Annotated[
        float, typer.Option(min=0.1, max=1000, help="Pixel size of the stack, and distance of its slices.")
    ] = 8.0,
    cycles: Annotated[int, typer.Option(min=1, max=100_000, help="Cycles to run.")] = 5,
) -> None:
    """Run the main job on a simulated microscope: focus, image, mill, again and again."""
    from scopeacq.plan.demo import discard, free_folder, make_demo
    from scopeacq.running import run_in_console
    from scopeacq.telling.report import write_report
    from scopeacq.telling.wording import counted

    plan = make_demo(out or free_folder(Path()), seed, specimen, cycles, specimen_pixel_nm)
    console = Console()
    sections = counted(len(plan.wafer.sections), "section")
    console.print(f"A wafer of {sections}, {counted(cycles, 'cycle')}, on the physical twin.")
    code = run_in_console(plan, None, console)
    if code is ExitCode.BAD_INPUT:
        discard(plan)
        raise typer.Exit(code)
    console.print(f"Report: {write_report(plan)}", soft_wrap=True, markup=False)
    raise typer.Exit(code)


@app.command()
def gui(
    project: Annotated[Path | None, typer.Argument(help="The run's folder.", show_default=False)] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="On the physical twin; without a run, on a prepared wafer.")
    ] = False,
) -> None:
    """Open the window, which `scopeacq` alone does, too."""
    raise typer.Exit(_open_window(project, simulate))


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make, by custom *.scopeacq.")],
    template: Annotated[
        str,
        typer.Option(
            help="demo, rehearsal, wafer, published, or the folder of a run to copy settings from."
        ),
    ] = "demo",
) -> None:
    """Make a run folder with commented files to edit, from a template."""
    import shlex

    from scopeacq.plan.run_templates import template_named

    plan = template_named(template).write(folder)
    typer.echo(f"Made {folder}: edit {plan.folder.project_file.name}, {plan.folder.wafer_file.name} and ")
    typer.echo(f"{plan.folder.instrument_file.name}, then `scopeacq check {shlex.quote(str(folder))}`.")


@app.command()
def check(project: Project) -> None:
    """Say all that is wrong with a run at once, and what it will cost."""
    from scopeacq.journal.history import read_history
    from scopeacq.plan import preflight
    from scopeacq.plan.runfolder import Plan
    from scopeacq.telling.showing import show_estimate, show_findings

    plan, console = Plan.read(project), Console()
    history = read_history(plan)
    show_estimate(console, plan, history.cycles_done)
    if not show_findings(console, preflight.check(plan, history=history)):
        raise typer.Exit(ExitCode.BAD_INPUT)


@app.command()
def run(project: Project, cycles: Cycles = None) -> None:
    """Start a run or go on with it. Ctrl-C pauses safely."""
    from scopeacq.plan.runfolder import Plan
    from scopeacq.running import run_in_console

    raise typer.Exit(run_in_console(Plan.read(project), cycles, Console()))


@app.command()
def status(project: Project, as_json: AsJson = False) -> None:
    """Say how a run stands, also while it runs."""
    from scopeacq.plan.runfolder import Plan
    from scopeacq.telling.showing import show_status
    from scopeacq.telling.status import read_status

    current = read_status(Plan.read(project))
    if as_json:
        typer.echo(current.to_json())
    else:
        show_status(Console(), current)


@app.command()
def report(
    project: Project,
    out: Annotated[Path | None, typer.Option(help="File to write instead of reports/report.html.")] = None,
) -> None:
    """Write the report, one HTML file with pictures and plots."""
    from scopeacq.plan.runfolder import Plan
    from scopeacq.telling.report import write_report

    typer.echo(write_report(Plan.read(project), out))


@app.command()
def export(project: Project, out: Annotated[Path, typer.Argument(help="Folder of the copy.")]) -> None:
    """Copy a run, also a running one, verified."""
    from rich.progress import Progress

    from scopeacq.plan.runfolder import RunFolder
    from scopeacq.storage.export import export_run
    from scopeacq.storage.files import DiskFiles
    from scopeacq.telling.wording import counted

    console = Console()
    with Progress(console=console) as bars:
        task = bars.add_task("Copying", total=None)
        result = export_run(
            RunFolder(project),
            out,
            DiskFiles(),
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    console.print(f"{counted(result.copied, 'plane')} copied, {result.already_there} there already.")
    for sentence in result.missing:
        console.print(sentence, style="red", markup=False)
    raise typer.Exit(ExitCode.FAILED if result.missing else ExitCode.FINISHED)


@app.command()
def train(
    name: Annotated[str | None, typer.Argument(help="The network; --list names all.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings (TOML) over those of --show.")] = None,
    out: Annotated[Path | None, typer.Option(help="File of weights to write.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="End after so many steps.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="End after so much time.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed is another training.")] = None,
    names: Annotated[bool, typer.Option("--list", help="Name the networks.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the network's settings, to edit.")] = False,
) -> None:
    """Train a network on the optics of the twin, varied far beyond its settings; resumes by itself."""
    from scopeacq import training

    if names or name is None:
        training.list_networks(Console())
    elif show:
        typer.echo(training.default_settings(name))
    else:
        order = training.TrainingOrder(name, config, out, steps, minutes, seed)
        typer.echo(f"Weights: {training.train_in_console(order)}")
