"""``scopeacq wafer landmarks``: how the wafer lies on the stage, and by what it is found again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from scopeacq.commands.arguments import AsJson, Project
from scopeacq.commands.interruption import interruptible

if TYPE_CHECKING:
    from scopeacq.landmarking import Measured, Measurement
    from scopeacq.plan.geometry import Point
    from scopeacq.plan.runfolder import Plan
    from scopeacq.plan.wafer import Wafer
    from scopeacq.telling.landmarks_report import LandmarksReport


def landmarks(
    project: Project,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="L1=x,y", help="A landmark at a point of the wafer [um]; as often as needed."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="L1=x,y", help="Where on the stage [um] a landmark was seen."),
    ] = None,
    remounted: Annotated[
        bool, typer.Option("--remounted", help="First forget where on the stage all landmarks were.")
    ] = False,
    fiducials: Annotated[
        int, typer.Option(min=0, max=12, help="Choose so many more fiducials on the overview.")
    ] = 0,
    measure: Annotated[
        bool, typer.Option("--measure", help="Find landmarks by their pictures, or take these pictures.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say how the wafer is mounted, by its landmarks; change or measure them."""
    from scopeacq.plan.mark_edits import taken_out, with_landmarks
    from scopeacq.plan.runfolder import Plan
    from scopeacq.plan.saving import save_wafer
    from scopeacq.telling.as_json import as_json_text
    from scopeacq.telling.explain import explaining
    from scopeacq.telling.landmarks_report import landmarks_report

    plan = Plan.read(project)
    wafer = taken_out(plan.wafer) if remounted else plan.wafer
    wafer = _seen_at(with_landmarks(wafer, dict(_places(add))), dict(_places(at)))
    with explaining(plan.folder.logs):
        wafer = _with_proposed(plan, wafer, fiducials) if fiducials else wafer
        if wafer != plan.wafer:
            plan = save_wafer(plan, wafer)
        measurement, pictured = _measured(plan) if measure else (None, ())
        if measurement is not None and measurement.landmarks != plan.wafer.landmarks:
            plan = save_wafer(plan, _with_measured(plan, measurement).wafer)
        report = landmarks_report(plan, measurement, pictured, _in_overview(plan))
    if as_json:
        typer.echo(as_json_text(report))
    else:
        _show(report)


def _seen_at(wafer: Wafer, stage_um: dict[str, Point]) -> Wafer:
    """Raises ``typer.BadParameter``."""
    from scopeacq.plan.mark_edits import UnknownLandmark, measured_at

    try:
        return measured_at(wafer, stage_um)
    except UnknownLandmark as unknown:
        raise typer.BadParameter(str(unknown)) from unknown


def _measured(plan: Plan) -> tuple[Measurement, tuple[Measured, ...]]:
    """Drive to all landmarks; once the mount is known, take the pictures of fiducials, too."""
    from hardware.errors import Halted
    from scopeacq.landmarking import measure, picture_fiducials
    from scopeacq.manual import open_manual
    from scopeacq.storage.files import DiskFiles
    from scopeacq.telling.exit_codes import ExitCode
    from scopeacq.telling.explain import Explained
    from scopeacq.vision.references import References

    references = References(plan.folder, DiskFiles())
    try:
        with interruptible() as halted, open_manual(plan) as manual:
            manual.begin(halted)
            manual.bring_up()
            measurement = measure(manual, plan.wafer.landmarks, references)
            manual.take_plan(_with_measured(plan, measurement))
            sound = measurement.mounting.sound or not plan.wafer.landmarks
            fiducials = plan.wafer.fiducials if sound else ()
            return measurement, picture_fiducials(manual, fiducials, references)
    except Halted as halt:
        sentence = "Measuring is interrupted: landmarks stay as they were, and the pictures taken are kept."
        raise Explained(ExitCode.PAUSED, sentence) from halt


def _with_measured(plan: Plan, measurement: Measurement) -> Plan:
    from dataclasses import replace

    return replace(plan, wafer=replace(plan.wafer, landmarks=measurement.landmarks))


def _with_proposed(plan: Plan, wafer: Wafer, count: int) -> Wafer:
    """Raises ``SettingsError`` where the run has no overview."""
    from scopeacq.plan.mark_edits import with_fiducials
    from scopeacq.plan.overviews import read_overviews
    from scopeacq.plan.settings import SettingsError
    from scopeacq.sections.seen import look_at
    from scopeacq.vision.fiducial_choice import need_of, propose

    overviews, _ = read_overviews(plan.folder.overviews)
    if not overviews:
        raise SettingsError(
            plan.folder.overviews, ["there is no overview to choose fiducials on"], "Acquire or import one."
        )
    tissue_um = _tissue_um(plan, wafer)
    if not tissue_um:
        raise SettingsError(
            plan.folder.wafer_file,
            ["fiducials are chosen beside sections, and no section is known yet"],
            "Find the sections first, with `scopeacq wafer detect`.",
        )
    there = [fiducial.centre_um for fiducial in wafer.fiducials]
    found = propose(look_at(overviews[0]), tissue_um, there, count, need_of(plan.project.registration))
    return with_fiducials(wafer, [place.centre_um for place in found])


def _tissue_um(plan: Plan, wafer: Wafer) -> list[tuple[Point, ...]]:
    """Outlines of sections, and of what may be some. Raises ``SettingsError``."""
    from scopeacq.sections.candidates import Candidates, Verdict

    file = plan.folder.candidates_file
    candidates = Candidates.read(file).sections if file.exists() else ()
    maybe = (c.outline_um for c in candidates if c.verdict is not Verdict.REJECTED)
    return [*(section.outline_um for section in wafer.sections), *maybe]


def _in_overview(plan: Plan) -> list[str]:
    """What an overview shows of the fiducials; nothing where there is none that can be read."""
    from scopeacq.plan.overviews import read_overviews
    from scopeacq.sections.seen import look_at
    from scopeacq.vision.fiducial_choice import need_of, place_findings

    overviews, _ = read_overviews(plan.folder.overviews)
    if not overviews or not plan.wafer.fiducials:
        return []
    need = need_of(plan.project.registration)
    return [f.text for f in place_findings(look_at(overviews[0]), plan.wafer, need)]


def _show(report: LandmarksReport) -> None:
    from scopeacq.telling.landmarks_report import landmarks_sentences, landmarks_table

    console = Console()
    if report.landmarks:
        console.print(landmarks_table(report))
    for sentence in landmarks_sentences(report):
        console.print(sentence, soft_wrap=True, markup=False, highlight=False)


_NUMBER = r"[-+]?\d{1,9}(?:\.\d{0,9})?"
_PLACE = re.compile(rf"([A-Za-z0-9_-]{{1,64}})=({_NUMBER}),({_NUMBER})", re.ASCII)


def _places(texts: list[str] | None) -> Iterator[tuple[str, Point]]:
    """Names and points. Raises ``typer.BadParameter``."""
    for text in texts or ():
        found = _PLACE.fullmatch(text.strip())
        if found is None:
            raise typer.BadParameter(f"'{text}' is not NAME=x,y. Write for instance --set L1=-5000,2000.")
        name, x_um, y_um = found.groups()
        yield name, (float(x_um), float(y_um))
