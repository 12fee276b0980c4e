"""One owner at a time, for as long as it lives."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scopeacq.storage.files import DiskFiles, FileEvent, Rename, SyncFile, Write, perform_on_disk
from scopeacq.storage.locks import Locked, OwnerLock, probe_folder

HOLD = """
import sys
import threading
from pathlib import Path
from scopeacq.storage.locks import OwnerLock
lock = OwnerLock.of_run(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
        child.kill()


def test_a_second_program_is_refused_and_told_who_holds_the_run(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as child, pytest.raises(Locked) as refused:
        OwnerLock.of_run(tmp_path).acquire()
    assert f"{tmp_path} is in use by process {child.pid} on " in str(refused.value)


def test_the_lock_dies_with_its_owner(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as child:
        child.kill()
        child.wait()
        with OwnerLock.of_run(tmp_path):
            pass


def test_a_program_does_not_share_a_run_with_itself(tmp_path: Path) -> None:
    with OwnerLock.of_run(tmp_path), pytest.raises(Locked, match=f"process {os.getpid()} on"):
        OwnerLock.of_run(tmp_path).acquire()
    with OwnerLock.of_run(tmp_path):
        pass


def test_a_lock_without_a_note_is_still_a_lock(tmp_path: Path) -> None:
    with OwnerLock.of_run(tmp_path):
        (tmp_path / "run.holder.json").write_text("[")
        with pytest.raises(Locked, match="another program"):
            OwnerLock.of_run(tmp_path).acquire()


def test_asking_whether_a_run_is_held_takes_nothing_and_leaves_no_note(tmp_path: Path) -> None:
    asked = OwnerLock.of_run(tmp_path)
    assert not asked.is_held()
    assert not (tmp_path / "run.holder.json").exists()
    with OwnerLock.of_run(tmp_path):
        assert asked.is_held()
    assert not asked.is_held()


def test_who_keeps_asking_whether_a_run_is_held_turns_no_start_away(tmp_path: Path) -> None:
    asked, over = OwnerLock.of_run(tmp_path), threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            asked.is_held()

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        for _ in range(50):
            with OwnerLock.of_run(tmp_path):
                pass
    finally:
        over.set()
        asking.join()


def test_a_good_folder_has_no_problems_and_stays_as_it_was(tmp_path: Path) -> None:
    assert probe_folder(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_a_problem_in_one_sentence(tmp_path: Path) -> None:
    (problem,) = probe_folder(tmp_path / "missing")
    assert "missing cannot be written" in problem
    assert "choose a folder on a local disk" in problem


@pytest.mark.parametrize("failing", [SyncFile, Rename])
def test_a_disk_that_cannot_sync_or_rename_is_found(tmp_path: Path, failing: type) -> None:
    def perform(event: FileEvent) -> None:
        if isinstance(event, failing):
            raise OSError(errno.EINVAL, "Invalid argument")
        perform_on_disk(event)

    (problem,) = probe_folder(tmp_path, DiskFiles(perform))
    assert "cannot sync or rename files (Invalid argument)" in problem
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_forgets_is_found(tmp_path: Path) -> None:
    def perform(event: FileEvent) -> None:
        perform_on_disk(Write(event.path, b"") if isinstance(event, Write) else event)

    (problem,) = probe_folder(tmp_path, DiskFiles(perform))
    assert "does not keep what is written" in problem


def test_a_disk_that_does_not_lock_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    assert any("does not lock files" in problem for problem in probe_folder(tmp_path))
