"""The report of a run: one HTML file that needs nothing else, also while the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.resources import files as package_files
from pathlib import Path

import jinja2

from scopeacq.journal.journal import JournalReader, Row
from scopeacq.plan.estimate import estimate
from scopeacq.plan.plan_changes import ADVICE
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles, FileLayer
from scopeacq.storage.storage import ImageStore, StorageError
from scopeacq.storage.thumbnails import Picture, Sheet, contact_sheets, worst_crops
from scopeacq.telling import report_figures
from scopeacq.telling.drift import drift_told
from scopeacq.telling.report_data import RunData, gather
from scopeacq.telling.status import Status, read_status
from scopeacq.telling.wording import counted

SECTIONS_LISTED = 200


def _nobody(_: str) -> None:
    """Nobody wants to know how far it is."""


def write_report(
    plan: Plan,
    out: Path | None = None,
    files: FileLayer | None = None,
    told: Callable[[str], None] = _nobody,
) -> Path:
    """Write the report, by default into the run's folder, replacing an older one.

    Args:
        told: told what is being done, a clause; what it raises ends the writing with nothing written.

    Raises:
        SettingsError: ``out`` is a folder; nothing was written.
        JournalError: the journal cannot be read.
        DiskFull, OSError: it cannot be written.
    """
    files = files or DiskFiles()
    path = out or plan.folder.reports / "report.html"
    if path.is_dir():
        raise SettingsError(
            path, ["this is a folder"], f"Name a file for the report, such as {path / 'report.html'}."
        )
    told("reading how the run stands")
    status = read_status(plan)
    told("gathering its numbers")
    data = _data(plan)
    told("choosing pictures")
    text = render(plan, status, data, *_pictures(plan, status, data, files))
    told("writing")
    files.make_folder(path.absolute().parent)
    files.write_durable(path, text.encode(), replace=True)
    return path


def render(plan: Plan, status: Status, data: RunData, sheets: list[Sheet], worst: list[Picture]) -> str:
    """The HTML text. Everything that comes from files or names is escaped."""
    template = package_files("scopeacq.telling").joinpath("report_template.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(
        plan=plan,
        status=status,
        data=data,
        cost=estimate(plan.project, plan.wafer, plan.instrument),
        sections=status.sections[:SECTIONS_LISTED],
        sheets=sheets,
        worst=worst,
        decisions=list(decisions(status, data)),
        advice=ADVICE,
        figures=report_figures,
        clock=_clock,
        counted=counted,
        drift_told=drift_told,
    )


def decisions(status: Status, data: RunData) -> Iterator[str]:
    """What was decided without an operator, a sentence each."""
    for (kind, decision), times in data.decisions.decided.most_common():
        yield f"{kind.value.capitalize()}: {decision.value}, {_times(times)}."
    if status.planes_retaken:
        yield f"Scanned again before milling: {counted(status.planes_retaken, 'plane')}."
    if status.autofocus.refused:
        refused = counted(status.autofocus.refused, "focus correction")
        yield f"Refused, with the last good optics restored: {refused}."
    for waived in data.alone.waived:
        key = waived.key
        yield (
            f"Section {key.section}, tile {key.tile + 1} of cycle {key.cycle + 1} was accepted as it is: "
            f"{waived.reason}."
        )
    for skipped in data.alone.skipped:
        yield f"Section {skipped.section} was left out of cycle {skipped.cycle + 1}: {skipped.reason}."
    for dropped in data.alone.dropped:
        yield (
            f"Section {dropped.section} was dropped in cycle {dropped.cycle + 1}, milled through: "
            f"{' '.join(dropped.evidence)}"
        )


def _data(plan: Plan) -> RunData:
    per_cycle = sum(len(s.tiles(plan.project.imaging)) for s in plan.wafer.sections)
    return gather(_rows(plan), per_cycle)


def _rows(plan: Plan) -> Iterator[Row]:
    if plan.folder.journal_file.exists():
        yield from JournalReader(plan.folder.journal_file).read()


def _pictures(
    plan: Plan, status: Status, data: RunData, files: FileLayer
) -> tuple[list[Sheet], list[Picture]]:
    try:
        store = ImageStore.open(plan.folder.images(plan.project), files)
    except StorageError:
        return [], []
    # the cycle under way may have planes already
    cycles = min(status.cycles_done + 1, plan.project.cycles)
    sheets = contact_sheets(store, [s.id for s in plan.wafer.sections], cycles)
    return sheets, worst_crops(store, data.traces.worst)


def _clock(wall_time_s: float | None) -> str:
    if wall_time_s is None:
        return "-"
    return f"{datetime.fromtimestamp(wall_time_s).astimezone():%Y-%m-%d %H:%M}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
