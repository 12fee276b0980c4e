"""Changing the files of a run beside its window: whole, alone, and not against what has begun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from scopeacq.journal.history import read_history
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.new_run import INSTRUMENT_HEADER
from scopeacq.plan.plan_changes import ADVICE, changes
from scopeacq.plan.runfolder import Plan, contradictions, require_unchanged
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.plan.wafer import Wafer
from scopeacq.storage.files import DiskFiles, FileLayer
from scopeacq.storage.locks import OwnerLock


@contextmanager
def changing(plan: Plan, wafer: Wafer, files: FileLayer) -> Iterator[None]:
    """Hold a run, whose wafer becomes another one meanwhile.

    Raises:
        SettingsError: the wafer would not be read again, its run has begun otherwise, or the files of the
            run were changed since the plan was read. Nothing was touched.
        Locked: a program works on the run.
    """
    after = replace(plan, wafer=wafer)
    Wafer.parse(plan.folder.wafer_file, wafer.to_geojson())
    for error in contradictions(plan.folder, plan.project, wafer):
        raise error
    with OwnerLock.of_run(plan.folder.root, files):
        require_unchanged(plan)
        begun = read_history(plan).begun
        before = set(changes(plan, begun)) if begun.opened else set()
        if begun.opened and (new := [c for c in changes(after, begun) if c not in before]):
            raise SettingsError(plan.folder.wafer_file, new, ADVICE)
        yield


def save_wafer(plan: Plan, wafer: Wafer, files: FileLayer | None = None) -> Plan:
    """Write ``wafer.geojson`` durably; the plan with it.

    Raises:
        SettingsError, Locked: see :func:`changing`.
        OSError: the disk refuses; the file is as it was.
    """
    files = files or DiskFiles()
    with changing(plan, wafer, files):
        files.write_durable(plan.folder.wafer_file, wafer.to_geojson().encode(), replace=True)
    return replace(plan, wafer=wafer)


def save_instrument(plan: Plan, instrument: Instrument, files: FileLayer | None = None) -> Plan:
    """Write ``instrument.toml`` durably; the plan with it. A run that has begun goes on by what it says.

    Whoever calls holds the run.

    Raises:
        SettingsError: the files of the run were changed since the plan was read. Nothing was touched.
        OSError: the disk refuses; the file is as it was.
    """
    require_unchanged(plan)
    text = to_toml(instrument, *INSTRUMENT_HEADER)
    (files or DiskFiles()).write_durable(plan.folder.instrument_file, text.encode(), replace=True)
    return replace(plan, instrument=instrument)
