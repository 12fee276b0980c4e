"""Copy a run, also a running one, to another place: consistent, verified, resumable.

The journal is copied first; it then says which images belong to the copy. Each is checked against its
checksum on the way, and one that is there already is not copied again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import tomlkit

from scopeacq.journal.journal import JournalReader, PlaneRow
from scopeacq.journal.records import PlaneDurable
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import RunFolder
from scopeacq.storage.files import TEMPORARY_SUFFIX, FileLayer
from scopeacq.storage.storage import METADATA, ImageStore, Written

Progress = Callable[[int, int], None]

_IMAGES = "images.zarr"


class ExportError(Exception):
    """The run cannot be copied there. One sentence: what, where, what to do."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did with the durable takes. ``missing``: one sentence for each that is not copied."""

    copied: int
    already_there: int
    missing: tuple[str, ...]


class _Outcome(Enum):
    COPIED = auto()
    ALREADY_THERE = auto()
    MISSING = auto()


def export_run(folder: RunFolder, out: Path, files: FileLayer, progress: Progress) -> ExportReport:
    """Copy the run in ``folder`` to ``out``; called again, it goes on where it was interrupted.

    Args:
        progress: told the bytes of images that are done and of all.

    Raises:
        ExportError: the run has no journal, or ``out`` lies in it or holds another run; nothing was made.
        JournalError, SettingsError, StorageError: the run cannot be read.
        DiskFull, OSError: there is no room, or ``out`` cannot be written.
    """
    project, copy = Project.read(folder.project_file), RunFolder(out)
    _refuse(folder, copy)
    files.make_folder(out)
    JournalReader(folder.journal_file).backup(copy.journal_file, files)
    _put_if_changed(copy.project_file, _project_of_copy(folder.project_file, project), files)
    for source in _plain_files(folder):
        _copy_file(source, out / source.relative_to(folder.root), files)
    images = folder.images(project)
    for source in _metadata_files(images):
        _copy_file(source, out / _IMAGES / source.relative_to(images), files)
    rows = JournalReader(copy.journal_file).planes()
    return _copy_takes(
        rows, ImageStore.open(images, files), ImageStore.open(out / _IMAGES, files), progress
    )


def _refuse(folder: RunFolder, copy: RunFolder) -> None:
    if not folder.journal_file.exists():
        raise ExportError(f"{folder.root} holds no journal; what has not begun is copied as it is.")
    if copy.root.resolve().is_relative_to(folder.root.resolve()):
        raise ExportError(f"{copy.root} lies in the run that is copied; choose a folder outside of it.")
    if copy.journal_file.exists() and _first_row(copy) != _first_row(folder):
        raise ExportError(f"{copy.root} holds another run; choose an empty folder.")


def _first_row(folder: RunFolder) -> object:
    return next(JournalReader(folder.journal_file).read(), None)


def _project_of_copy(path: Path, project: Project) -> bytes:
    """The project file; images that lay elsewhere are beside it in the copy."""
    text = path.read_text(encoding="utf-8")
    if not project.storage.images:
        return text.encode()
    document = tomlkit.parse(text)
    document["storage"].update({"images": ""})
    return tomlkit.dumps(document).encode()


def _plain_files(folder: RunFolder) -> Iterator[Path]:
    """What people may want beside journal and images: settings, wafer, logs, reports, overviews."""
    for top in sorted(folder.root.iterdir()):
        own = top.name.startswith(("journal", "run.")) or top in (
            folder.project_file,
            folder.root / _IMAGES,
        )
        if not own and not top.is_symlink():
            within = sorted(top.rglob("*")) if top.is_dir() else [top]
            yield from (path for path in within if path.is_file() and path.suffix != TEMPORARY_SUFFIX)


def _metadata_files(images: Path) -> Iterator[Path]:
    """``zarr.json`` of the store, its sections, images and levels, without a look at the planes."""
    for depth in range(4):
        yield from sorted(images.glob("*/" * depth + METADATA))


def _copy_file(source: Path, target: Path, files: FileLayer) -> None:
    files.make_folder(target.parent)
    _put_if_changed(target, source.read_bytes(), files)


def _put_if_changed(target: Path, data: bytes, files: FileLayer) -> None:
    if not target.exists() or target.read_bytes() != data:
        files.write_durable(target, data, replace=True)


def _copy_takes(
    rows: list[PlaneRow], source: ImageStore, target: ImageStore, progress: Progress
) -> ExportReport:
    durable = [(row, row.durable) for row in rows if row.durable is not None]
    total, done = sum(file.size_bytes for _, file in durable), 0
    outcomes: list[_Outcome] = []
    missing: list[str] = []
    for row, file in durable:
        outcomes.append(_copy_take(row, file, source, target))
        if outcomes[-1] is _Outcome.MISSING:
            missing.append(
                f"Cycle {row.key.cycle + 1}, section {row.key.section}, tile {row.key.tile + 1}, "
                f"take {row.take + 1}: {file.path} in {source.root} is missing or damaged."
            )
        done += file.size_bytes
        progress(done, total)
    return ExportReport(
        outcomes.count(_Outcome.COPIED), outcomes.count(_Outcome.ALREADY_THERE), tuple(missing)
    )


def _copy_take(row: PlaneRow, file: PlaneDurable, source: ImageStore, target: ImageStore) -> _Outcome:
    written = Written(file.path, file.size_bytes, file.checksum)
    outcome = _Outcome.ALREADY_THERE
    if not target.verify(written):
        data = source.fetch(written)
        if data is None:
            return _Outcome.MISSING
        target.put(written.path, data)
        outcome = _Outcome.COPIED
    if row.chosen:
        target.choose(row.key, row.take)
        target.build_levels(row.key)
    return outcome
