"""A journal is read on from where one stopped, whoever writes it, and never as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from scopeacq.journal.journal import Journal, JournalError
from scopeacq.journal.records import Cleaned, Record
from scopeacq.journal.tail import PORTION, JournalTail
from scopeacq.plan.runfolder import RunFolder
from scopeacq.storage.files import DiskFiles


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def write(folder: RunFolder, *cycles: int) -> None:
    path, files = folder.journal_file, DiskFiles()
    journal = Journal.open(path, files) if path.exists() else Journal.create(path, files)
    for cycle in cycles:
        journal.append(Cleaned(cycle))
    journal.close()


def news(tail: JournalTail) -> list[Record]:
    return [row.record for portion in tail.portions() for row in portion]


def test_each_row_is_handed_out_once_and_in_order(folder: RunFolder) -> None:
    tail = JournalTail(folder)
    assert news(tail) == [] and tail.portion() == []
    write(folder, 0, 1)
    assert news(tail) == [Cleaned(0), Cleaned(1)]
    assert news(tail) == []
    write(folder, 2)
    assert [row.record for row in tail.portion()] == [Cleaned(2)]


def test_a_long_journal_comes_in_portions(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, *range(5))
    monkeypatch.setattr("scopeacq.journal.tail.PORTION", 2)
    assert PORTION > 2
    one_by_one, at_once = JournalTail(folder), JournalTail(folder)
    sizes = [len(one_by_one.portion()) for _ in range(4)]
    assert sizes == [2, 2, 1, 0]
    assert [len(portion) for portion in at_once.portions()] == [2, 2, 1]


def test_a_journal_that_is_gone_is_an_error_and_one_that_was_never_there_is_not(folder: RunFolder) -> None:
    tail = JournalTail(folder)
    assert tail.portion() == []
    write(folder, 0)
    assert len(tail.portion()) == 1
    folder.journal_file.unlink()
    with pytest.raises(JournalError):
        tail.portion()
