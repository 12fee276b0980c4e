"""Writing what a command has changed of a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scopeacq.plan.runfolder import Plan
    from scopeacq.plan.wafer import Wafer


def save_wafer(plan: Plan, wafer: Wafer) -> Plan:
    """Write another wafer of a plan, durably; nothing where it is the same. The caller holds the run.

    Raises ``SettingsError`` for one that could not be read again.
    """
    from scopeacq.storage.files import DiskFiles

    if wafer == plan.wafer:
        return plan
    path, text = plan.folder.wafer_file, wafer.to_geojson()
    type(wafer).parse(path, text)
    DiskFiles().write_durable(path, text.encode(), replace=True)
    return replace(plan, wafer=wafer)
