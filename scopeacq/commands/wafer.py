"""``scopeacq wafer``: from a bare wafer to sections, grids and the way through them."""

from __future__ import annotations

import typer

from scopeacq.commands.grids import grids
from scopeacq.commands.landmarks import landmarks
from scopeacq.commands.overview import import_picture, overview
from scopeacq.commands.route import route
from scopeacq.commands.sections import detect, review, train

app = typer.Typer(
    help="Prepare a wafer: overview, landmarks, sections, grids and route.", no_args_is_help=True
)


@app.callback()
def _wafer() -> None:
    """Keeps ``scopeacq wafer`` a group, however many commands it has."""


app.command()(overview)
app.command("import")(import_picture)
app.command()(landmarks)
app.command()(detect)
app.command()(train)
app.command()(review)
app.command()(grids)
app.command()(route)
