"""``scopeacq calibrate``: measure the instrument, and say what a run goes by. Help is quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from scopeacq.commands.arguments import AsJson, Project
from scopeacq.plan.calibration_kinds import CalibrationKind

app = typer.Typer(
    help="Calibrate the instrument: measure, look at residuals, accept, undo.", no_args_is_help=True
)

Kind = Annotated[CalibrationKind, typer.Argument(help="What was calibrated.", show_default=False)]
Choices = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting, see --show; as often as needed."),
]


def _measuring(kind: CalibrationKind) -> Callable[..., None]:
    """The command that measures one kind."""

    def measure(
        project: Project,
        choices: Choices = None,
        show: Annotated[
            bool, typer.Option("--show", help="Say what it does, needs and takes, and its settings.")
        ] = False,
        anew: Annotated[
            bool, typer.Option("--anew", help="Begin anew instead of going on with what was paused.")
        ] = False,
        end: Annotated[
            bool, typer.Option("--end", help="End what was paused with what it has; of an irradiation.")
        ] = False,
        accept_it: Annotated[
            bool, typer.Option("--accept", help="Go by it at once if its verdict is good.")
        ] = False,
        ions: Annotated[
            bool,
            typer.Option("--open-ion-beam", help="Allow the ion beam, which removes what it hits."),
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        from calibration.measuring import Order, measure_in_console, show_in_console

        order = Order(kind, project, tuple(choices or ()), anew, end, accept_it, ions)
        if show:
            show_in_console(order)
        else:
            raise typer.Exit(measure_in_console(order, as_json))

    measure.__doc__ = f"{kind.about} Ctrl-C pauses; the same command goes on."
    return measure


@app.command("list")
def list_all(project: Project, as_json: AsJson = False) -> None:
    """Say what is calibrated, and what was measured."""
    from calibration.listing import listed, show_list
    from scopeacq.plan.runfolder import Plan
    from scopeacq.telling.as_json import as_json_text

    found = listed(Plan.read(project))
    if as_json:
        typer.echo(as_json_text(found))
    else:
        show_list(found)


@app.command()
def accept(
    project: Project,
    profile: Annotated[
        str, typer.Argument(help="What was measured last of a kind, or a profile.toml.", show_default=False)
    ],
    even_if_bad: Annotated[
        bool, typer.Option("--even-if-bad", help="Also where its verdict says that it should not be used.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have a run go by what was measured."""
    from calibration.listing import profile_named
    from scopeacq.plan import accepting
    from scopeacq.plan.runfolder import Plan

    plan = Plan.read(project)
    _say(accepting.accept(plan, profile_named(plan, profile), even_if_bad=even_if_bad).said, as_json)


@app.command()
def undo(project: Project, kind: Kind, as_json: AsJson = False) -> None:
    """Put back what stood before the last calibration of a kind; again for the one before."""
    from scopeacq.plan import accepting
    from scopeacq.plan.runfolder import Plan

    _say(accepting.undo(Plan.read(project), kind).said, as_json)


@app.command()
def adopt(
    project: Project,
    kind: Kind,
    profiles: Annotated[
        list[Path] | None,
        typer.Option("--profile", help="A profile.toml to choose among as well, of another run."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose what was measured at the run's present conditions, or interpolate between two."""
    from calibration.listing import existing
    from scopeacq.plan import accepting
    from scopeacq.plan.runfolder import Plan

    plan, others = Plan.read(project), [existing(profile) for profile in profiles or ()]
    _say(accepting.adopt(plan, kind, others).said, as_json)


@app.command()
def restore(
    project: Project,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="Leave the instrument as it is, and ask no more.")
    ] = False,
) -> None:
    """Put the instrument back as it was before a calibration that was cut off. Look at it first."""
    from calibration.measuring import forget_in_console, restore_in_console

    (forget_in_console if as_it_is else restore_in_console)(project)


def _say(sentences: tuple[str, ...], as_json: bool) -> None:
    import json

    typer.echo(json.dumps({"said": sentences}, indent=2) if as_json else "\n".join(sentences))


for _kind in CalibrationKind:
    app.command(_kind.value)(_measuring(_kind))
