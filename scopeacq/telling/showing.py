"""Findings, estimates and status as tables in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scopeacq.plan.estimate import Estimate, estimate
from scopeacq.plan.findings import Finding, Severity
from scopeacq.plan.plan_changes import ADVICE
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.status import Status
from scopeacq.telling.wording import counted

LONGEST_S = 100 * 365 * 86_400.0
"""Longer times are not worth a figure."""

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show_findings(console: Console, findings: Iterable[Finding], least: Severity = Severity.NOTE) -> bool:
    """Print findings down to a severity, errors on stderr; whether the run may start."""
    order, may_start = list(Severity), True
    errors = Console(file=sys.stderr, soft_wrap=True)
    for finding in findings:
        may_start &= finding.severity is not Severity.ERROR
        if order.index(finding.severity) <= order.index(least):
            line = Text.assemble((f"{finding.severity.value}: ", _STYLES[finding.severity]), finding.text)
            (errors if finding.severity is Severity.ERROR else console).print(line, soft_wrap=True)
    return may_start


def show_estimate(console: Console, plan: Plan, cycles_done: int) -> None:
    """Print what the run costs."""
    cost = estimate(plan.project, plan.wafer, plan.instrument)
    rows = {
        "Cycles": f"{cost.cycles} ({cycles_done} done), {counted(cost.sections, 'section')}",
        "Planes": f"{cost.planes_per_cycle} per cycle, {cost.planes} in all",
        "Time per cycle": f"{_time(cost.cycle_s)} (imaging {_time(cost.imaging_s)}, "
        f"focus {_time(cost.focus_s)}, milling {_time(cost.milling_s)})",
        "Time in all": _time(cost.total_s),
        "Finished at": _finish(cost, cycles_done),
        "Electron dose": f"{cost.imaging_dose_per_nm2:.1f} e-/nm\u00b2 per tile; at most "
        f"{cost.dose_most_per_nm2:.0f} e-/nm\u00b2 per cycle on one spot",
        "Milling": f"{cost.charge_uc_per_azimuth:.2f} \u00b5C per azimuth, "
        f"{cost.depth_nm:.1f} nm per cycle, {cost.milled_nm:.0f} nm in all",
        "Disk": f"at most {_bytes(cost.bytes_most)}",
    }
    console.print(_two_columns(plan.project.name, rows))


def show_status(console: Console, status: Status) -> None:
    """Print how a run stands."""
    focus = status.autofocus
    rows = {
        "State": f"{status.state.value}{': ' + status.reason if status.reason else ''}",
        "Cycles": f"{status.cycles_done} of {status.cycles}",
        "Planes": f"{status.planes} accepted, {status.planes_sharp} sharp at first scan, "
        f"{status.planes_retaken} retaken, {status.planes_lost} lost",
        "Focus": f"{counted(focus.corrections, 'correction')}, {focus.refused} refused, "
        f"{focus.iterations_mean:.1f} iterations and {focus.dose:.0f} e-/nm\u00b2 each",
        "Milled": ", ".join(f"{s.id} {s.milled_nm:.1f} nm" for s in status.sections[:6])
        + (" ..." if len(status.sections) > 6 else ""),
        "Incidents": str(status.incidents),
    }
    console.print(_two_columns(status.name, rows))
    if status.focus_drift:
        console.print(Text(status.focus_drift, _STYLES[Severity.WARNING]), soft_wrap=True)
    if status.plan_changes:
        changed = f"{'; '.join(status.plan_changes)}. {ADVICE}"
        console.print(Text(changed, _STYLES[Severity.WARNING]), soft_wrap=True)


def _two_columns(title: str, rows: dict[str, str]) -> Table:
    table = Table(title=Text(title), show_header=False, title_justify="left")
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(value))
    return table


def _finish(cost: Estimate, cycles_done: int) -> str:
    if cost.total_s > LONGEST_S:
        return "not in this century"
    return f"{cost.finish(datetime.now().astimezone(), cycles_done):%Y-%m-%d %H:%M} when started now"


def _time(seconds: float) -> str:
    if seconds > LONGEST_S:
        return "more than a century"
    return str(timedelta(seconds=round(seconds)))


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
