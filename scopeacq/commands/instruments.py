"""``scopeacq instruments``: of which devices an instrument is made, and whether they work."""

from __future__ import annotations

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
