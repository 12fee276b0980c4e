"""Making a run folder: three commented files that an operator edits before the run."""

from __future__ import annotations

from pathlib import Path

from scopeacq.plan.instrument import Instrument
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.plan.wafer import Wafer
from scopeacq.storage.files import DiskFiles, FileLayer

PROJECT_HEADER = (
    "What this run is to do. Units stand in the keys; `scopeacq check` says what is wrong.",
    "Change it only while the run is paused.",
)
INSTRUMENT_HEADER = ("The microscope as calibrated: its driver, scales, poses and limits.",)


def write_run(
    root: Path,
    project: Project,
    wafer: Wafer,
    instrument: Instrument,
    files: FileLayer | None = None,
) -> Plan:
    """Write the files of a new run durably, and read them back.

    Raises:
        SettingsError: ``root`` exists; nothing was touched.
        DiskFull: there is no room.
    """
    if root.exists():
        raise SettingsError(
            root,
            ["the folder exists already"],
            "Choose another folder; `scopeacq run` goes on with a run that is there.",
        )
    files, folder = files or DiskFiles(), RunFolder(root)
    files.make_folder(root)
    texts = {
        folder.project_file: to_toml(project, *PROJECT_HEADER),
        folder.wafer_file: wafer.to_geojson(),
        folder.instrument_file: to_toml(instrument, *INSTRUMENT_HEADER),
    }
    for path, text in texts.items():
        files.write_durable(path, text.encode())
    return Plan.read(root)
