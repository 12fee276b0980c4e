"""The report of one calibration: an HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files as package_files
from typing import Any

import jinja2

from calibration.figure_pictures import drawn
from calibration.procedure import Procedure, Result
from scopeacq.plan.calibrations import Conditions, Profile
from scopeacq.plan.profiles import COMPARED, Compared

TEMPLATE = "report_template.html"
SCAN_ROTATION = Compared("scan rotation", "degrees", 360.0)
"""The one condition by which profiles are not told apart."""


def report_html(procedure: Procedure[Any], profile: Profile, result: Result) -> str:
    """The HTML text. Everything that comes from files or names is escaped."""
    template = package_files("calibration").joinpath(TEMPLATE).read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(
        title=procedure.title,
        about=procedure.about,
        profile=profile,
        measured_at=f"{profile.measured_at.astimezone():%Y-%m-%d %H:%M}",
        conditions=list(conditions_told(profile.conditions)),
        result=result,
        drawn=drawn,
    )


def conditions_told(conditions: Conditions) -> Iterator[str]:
    """What a calibration holds for, a clause each; nothing where it depends on nothing."""
    for key, value in conditions.model_dump(exclude_none=True).items():
        told = COMPARED.get(key, SCAN_ROTATION)
        yield f"{told.name} {value:g} {told.unit}"
