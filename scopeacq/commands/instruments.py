"""``scopeacq instruments``: of which devices an instrument is made, and whether they work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scopeacq.commands.instruments_find import find, list_all, new
from scopeacq.commands.instruments_try import monitor, test

app = typer.Typer(
    help="Real instruments: find devices, put them together, test and watch them.", no_args_is_help=True
)

app.command("list")(list_all)
app.command()(find)
app.command()(new)
app.command()(test)
app.command()(monitor)


@app.command()
def emulate(
    folder: Annotated[Path, typer.Argument(help="For the twin's state and instruments.toml.")],
) -> None:
    """Be a laboratory to practise with: the twin, behind a wire for each device. Ctrl-C ends it."""
    from hardware.emulators.__main__ import main
    from hardware.simulator.client import OCCUPIED
    from scopeacq.telling.exit_codes import ExitCode

    typer.echo("A laboratory comes up, and is there once its file is named. Ctrl-C ends it.", err=True)
    code = main([str(folder.absolute())])
    raise typer.Exit(ExitCode.BUSY if code == OCCUPIED else code)
