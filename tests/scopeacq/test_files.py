"""Durable writes are whole or absent, whatever happens in between."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from scopeacq.storage.files import (
    DiskFiles,
    DiskFull,
    FileEvent,
    Rename,
    SyncFile,
    SyncFolder,
    Write,
    perform_on_disk,
    temporary_for,
)
from tests.recording_files import RecordingFiles, after_kill, after_power_loss


def test_a_durable_write_syncs_content_before_name_and_name_before_returning(tmp_path: Path) -> None:
    recording = RecordingFiles()
    path = tmp_path / "plane"
    recording.files.write_durable(path, b"data")
    part = temporary_for(path)
    assert recording.events == [
        Write(part, b"data"),
        SyncFile(part),
        Rename(part, path),
        SyncFolder(tmp_path),
    ]
    assert path.read_bytes() == b"data"


def test_a_durable_file_is_rewritten_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "plane"
    DiskFiles().write_durable(path, b"first")
    with pytest.raises(FileExistsError):
        DiskFiles().write_durable(path, b"second")
    assert path.read_bytes() == b"first"
    DiskFiles().write_durable(path, b"second", replace=True)
    assert path.read_bytes() == b"second"


@pytest.mark.parametrize("survive", [after_power_loss, after_kill])
def test_after_a_crash_at_any_event_the_file_is_the_old_or_the_new_one(tmp_path: Path, survive) -> None:
    recording = RecordingFiles()
    path = tmp_path / "plane"
    recording.files.write_durable(path, b"old")
    before = len(recording.events)
    recording.files.write_durable(path, b"new", replace=True)
    found = [survive(recording.events[:n]).contents.get(path) for n in range(len(recording.events) + 1)]
    assert set(found[:before]) <= {None, b"old"}
    assert set(found[before:]) == {b"old", b"new"}
    assert found[before] == b"old"
    assert found[-1] == b"new"


def test_the_power_loss_model_drops_what_was_not_synced(tmp_path: Path) -> None:
    path = tmp_path / "plane"
    unsynced = [Write(path, b"data"), SyncFolder(tmp_path)]
    assert after_power_loss(unsynced).contents == {path: b""}
    assert after_power_loss([Write(path, b"data"), SyncFile(path)]).contents == {}


@pytest.mark.parametrize("failing", [Write, SyncFile, Rename])
def test_a_full_disk_leaves_the_old_file_and_no_litter(tmp_path: Path, failing: type) -> None:
    path = tmp_path / "plane"
    DiskFiles().write_durable(path, b"old")

    def full(event: FileEvent) -> None:
        if isinstance(event, failing):
            raise OSError(errno.ENOSPC, "No space left on device")
        perform_on_disk(event)

    with pytest.raises(DiskFull, match=r"No room left .*plane.*Free some space"):
        DiskFiles(perform=full).write_durable(path, b"new", replace=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_errors_of_the_disk_keep_their_kind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DiskFiles().write_durable(tmp_path / "missing" / "plane", b"data")


def test_folders_are_made_with_their_parents_and_synced_into_them(tmp_path: Path) -> None:
    recording = RecordingFiles()
    recording.files.make_folder(tmp_path / "a" / "b")
    recording.files.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert [e.path for e in recording.events if isinstance(e, SyncFolder)] == [tmp_path, tmp_path / "a"]


def test_a_rename_never_replaces(tmp_path: Path) -> None:
    files = DiskFiles()
    for name in ("a", "b"):
        files.write_durable(tmp_path / name, name.encode())
    with pytest.raises(FileExistsError):
        files.rename(tmp_path / "a", tmp_path / "b")
    files.rename(tmp_path / "a", tmp_path / "c")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"b": b"b", "c": b"a"}


def test_free_room_is_asked_of_the_disk_that_will_hold_the_path(tmp_path: Path) -> None:
    asked: list[Path] = []

    def free(path: Path) -> int:
        asked.append(path)
        return 7

    assert DiskFiles(free=free).free_bytes(tmp_path / "not" / "yet") == 7
    assert asked == [tmp_path]
    assert DiskFiles().free_bytes(tmp_path) > 0
