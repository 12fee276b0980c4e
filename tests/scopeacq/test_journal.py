"""The journal keeps every acknowledged record, and refuses what it cannot trust without touching it."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.journal.journal import Journal, JournalError, JournalReader
from scopeacq.journal.records import (
    RECORDS,
    CycleDone,
    FocusDone,
    FocusStage,
    MillEnd,
    MillHeartbeat,
    MillKey,
    PlaneChosen,
    PlaneDurable,
    PlaneExposed,
    PlaneExposing,
    PlaneJudged,
    PlaneKey,
    Record,
    Verdict,
)
from scopeacq.storage.files import DiskFull
from tests.recording_files import Commit, RecordingFiles

QUICK = settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def countable(record: Record) -> bool:
    """Whether SQLite can hold the numbers of the record's plane."""
    key = getattr(record, "key", None)
    numbers = [getattr(record, "take", 0), *([key.cycle, key.tile] if isinstance(key, PlaneKey) else [])]
    return all(-(2**63) <= n < 2**63 for n in numbers)


def share_a_row(one: Record, following: Record) -> bool:
    """Successive heartbeats of one opening do: the later one stays."""
    pair = isinstance(one, MillHeartbeat) and isinstance(following, MillHeartbeat)
    return pair and one.opening == following.opening


any_record = (
    st.sampled_from(sorted(RECORDS)).flatmap(lambda name: st.from_type(RECORDS[name])).filter(countable)
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.create(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def beats(*numbers: int) -> list[Record]:
    return [MillHeartbeat(f"opening {n}", float(n)) for n in numbers]


def contents(journal: Journal | JournalReader) -> list[Record]:
    return [row.record for row in journal.read()]


# -- what goes in comes out --------------------------------------------------------------


@QUICK
@given(records=st.lists(any_record, min_size=1, max_size=5))
def test_every_record_comes_back_as_it_was(journal: Journal, records: list[Record]) -> None:
    assume(not any(map(share_a_row, records, records[1:])))
    journal.append(CycleDone(0))  # or the first one might share the row of the example before
    last = journal.append(*records)
    rows = list(journal.read(after=last - len(records)))
    # repr tells nan from nan, == does not
    assert [repr(row.record) for row in rows] == [repr(record) for record in records]
    assert [row.seq for row in rows] == list(range(last - len(records) + 1, last + 1))


def test_a_record_that_breaks_its_own_types_is_refused_and_nothing_is_lost(journal: Journal) -> None:
    with pytest.raises(JournalError, match=r"MillHeartbeat cannot be journalled.*delivered_uc"):
        journal.append(MillHeartbeat("opening", "much"))  # type: ignore[arg-type]
    journal.append(*beats(1))
    assert contents(journal) == beats(1)


def test_records_appended_together_share_a_commit_and_its_time(tmp_path: Path) -> None:
    recording = RecordingFiles()
    journal = Journal.create(tmp_path / "journal.sqlite", recording.files, recording.on_commit)
    assert journal.append(*beats(1, 2)) == 2
    assert recording.events[-1] == Commit(tuple(beats(1, 2)))
    assert len({row.wall_time_s for row in journal.read()}) == 1
    journal.close()


def test_posts_of_many_threads_all_arrive_and_keep_each_threads_order(journal: Journal) -> None:
    def work(worker: int) -> None:
        futures = [journal.post(MillHeartbeat(f"{worker} {n}", float(n))) for n in range(200)]
        assert [f.result() for f in futures] == sorted(f.result() for f in futures)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    found = contents(journal)
    for worker in range(4):
        beats_found = [r for r in found if isinstance(r, MillHeartbeat)]
        mine = [r.delivered_uc for r in beats_found if r.opening.startswith(f"{worker} ")]
        assert mine == [float(n) for n in range(200)]


def test_appending_waits_for_everything_posted_before(journal: Journal) -> None:
    futures = [journal.post(*beats(n)) for n in range(50)]
    assert journal.append() == 50
    assert all(f.done() for f in futures)


def test_a_reader_follows_a_running_writer(journal: Journal) -> None:
    reader = JournalReader(journal.path)
    going_on = threading.Event()

    def write() -> None:
        for n in range(300):
            journal.append(*beats(n))
            if n == 20:
                going_on.set()

    writer = threading.Thread(target=write)
    writer.start()
    going_on.wait(10)
    seen: list[Record] = []
    while len(seen) < 300 and writer.is_alive():
        seen += [row.record for row in reader.read(after=len(seen))]
    writer.join()
    seen += [row.record for row in reader.read(after=len(seen))]
    assert seen == beats(*range(300))


def test_a_closed_journal_refuses_and_reopens_with_everything(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal.create(path)
    future = journal.post(*beats(1))
    journal.close()
    journal.close()
    assert future.result() == 1
    with pytest.raises(JournalError, match="closed"):
        journal.append(*beats(2))
    again = Journal.open(path)
    assert again.append(*beats(2)) == 2
    assert contents(again) == beats(1, 2)
    again.close()


# -- the table of planes -----------------------------------------------------------------

KEY = PlaneKey(3, "S1", 0)
EXPOSING = PlaneExposing(KEY, 0, FrameSettings(64, 64, 10.0, 200.0), 19.0)
EXPOSED = PlaneExposed(KEY, 0, Optics(4500.0, 0.1, -0.1), StagePose(1.0, 2.0), (1.0, 0, 0, 0, 1.0, 0), 5.0)
DURABLE = PlaneDurable(KEY, 0, "S1/0/0/takes/3.0", 4096, "00ff")
JUDGED = PlaneJudged(KEY, 0, Verdict.SHARP, float("nan"), 128.0, 20.0, 0.0)


def test_the_table_of_planes_has_one_row_for_each_take(journal: Journal) -> None:
    journal.append(EXPOSING, EXPOSED)
    journal.append(DURABLE, JUDGED)
    journal.append(replace(EXPOSING, take=1))
    first, second = journal.planes()
    assert (first.key, first.take, first.chosen) == (KEY, 0, False)
    assert (first.exposing, first.exposed, first.durable) == (EXPOSING, EXPOSED, DURABLE)
    assert repr(first.judged) == repr(JUDGED)
    assert (second.take, second.exposed, second.durable) == (1, None, None)


def test_one_take_is_chosen_at_a_time(journal: Journal) -> None:
    journal.append(EXPOSING, replace(EXPOSING, take=1), PlaneChosen(KEY, 0))
    assert [row.chosen for row in journal.planes()] == [True, False]
    journal.append(PlaneChosen(KEY, 1))
    assert [row.chosen for row in journal.planes()] == [False, True]


def test_planes_are_found_by_cycle_and_by_section(journal: Journal) -> None:
    keys = [PlaneKey(c, s, 0) for c in range(3) for s in ("S1", "S2")]
    journal.append(*(replace(EXPOSING, key=key) for key in keys))
    assert [row.key for row in journal.planes(cycle=1)] == keys[2:4]
    assert [row.key for row in journal.planes(section="S2")] == keys[1::2]
    assert [row.key for row in journal.planes(cycle=2, section="S1")] == [keys[4]]
    assert [row.key for row in journal.planes()] == keys


# -- crashes and full disks --------------------------------------------------------------

APPEND_FOREVER = """
import sys
from pathlib import Path
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import MillHeartbeat
journal = Journal.open(Path(sys.argv[1]))
for n in range(10**9):
    journal.append(MillHeartbeat(f"opening {n}", float(n)))
    print(n, flush=True)
"""


def killed_while_appending(path: Path, acknowledged: int) -> int:
    """Kill a process that appends once it has acknowledged so many; return the last it acknowledged."""
    Journal.create(path).close()
    with subprocess.Popen(
        [sys.executable, "-c", APPEND_FOREVER, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        last = -1
        while last < acknowledged:
            last = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        # what it said before it died counts, too
        said = child.stdout.read().splitlines()
    return int(said[-1]) if said else last


@pytest.mark.parametrize("acknowledged", [0, 37, 300])
def test_a_killed_process_loses_no_acknowledged_record(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "journal.sqlite"
    last = killed_while_appending(path, acknowledged)
    journal = Journal.open(path)
    found = contents(journal)
    assert found == beats(*range(len(found)))
    assert last < len(found) <= last + 2
    assert journal.append(CycleDone(0)) == len(found) + 1
    journal.close()


def test_a_torn_log_behind_a_crash_costs_only_its_tail(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    last = killed_while_appending(path, 60)
    log = path.with_name(path.name + "-wal")
    whole = log.read_bytes()
    lengths = []
    for cut in range(0, len(whole), max(1, len(whole) // 12)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        shutil.copy(path, folder)
        (folder / log.name).write_bytes(whole[:cut])
        found = contents(JournalReader(folder / path.name))
        assert found == beats(*range(len(found)))
        lengths.append(len(found))
    assert lengths == sorted(lengths)
    assert lengths[0] == 0
    assert lengths[-1] > last / 2


def fill(journal: Journal) -> int:
    """Append until the disk is full; return how many were acknowledged."""
    for n in range(10_000):
        try:
            journal.append(*beats(n))
        except DiskFull:
            return n
    raise AssertionError("the disk never filled")


def set_room(journal: Journal, pages: int) -> None:
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_reaches_the_caller_and_nothing_acknowledged_is_lost(journal: Journal) -> None:
    set_room(journal, 12)
    acknowledged = fill(journal)
    assert contents(journal) == beats(*range(acknowledged))
    with pytest.raises(DiskFull, match="Free some space"):
        journal.post(*beats(-1)).result()


def test_after_a_failure_nothing_is_appended_behind_the_hole_until_somebody_recovers(
    journal: Journal,
) -> None:
    set_room(journal, 12)
    acknowledged = fill(journal)
    set_room(journal, 10_000)
    with pytest.raises(DiskFull):
        journal.append(*beats(-1))
    journal.recover()
    assert journal.append(*beats(acknowledged)) == acknowledged + 1
    assert contents(journal) == beats(*range(acknowledged + 1))


def test_a_failed_commit_keeps_none_of_its_records(journal: Journal) -> None:
    set_room(journal, 12)
    with pytest.raises(DiskFull):
        journal.append(*beats(*range(5000)))
    assert contents(journal) == []


# -- copies ------------------------------------------------------------------------------


def test_a_copy_taken_while_writing_is_a_journal_by_itself(journal: Journal, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    journal.append(EXPOSING, *beats(*range(10)))
    futures = [journal.post(*beats(n)) for n in range(10, 2000)]
    journal.backup(copy)
    journal.backup(copy)
    futures[-1].result()
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(copy, alone)
    with_copy = Journal.open(alone / copy.name)
    found = contents(with_copy)
    assert found[0] == EXPOSING
    assert len(found) >= 11
    assert found[1:] == beats(*range(len(found) - 1))
    assert [row.key for row in with_copy.planes()] == [KEY]
    with_copy.close()


def test_a_copy_that_fails_keeps_the_older_one(tmp_path: Path) -> None:
    path, copy = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    with_room = Journal.create(path)
    with_room.append(*beats(1))
    with_room.backup(copy)
    with_room.close()

    def full(event: object) -> None:
        raise OSError(28, "No space left on device")

    journal = Journal.open(path, RecordingFiles(full).files)
    journal.append(*beats(2))
    with pytest.raises(OSError, match="No"):
        journal.backup(copy)
    journal.close()
    assert contents(JournalReader(copy)) == beats(1)


# -- what is refused ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed_journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal of a few pages with all kinds of content, as bytes."""
    path = tmp_path_factory.mktemp("closed") / "journal.sqlite"
    journal = Journal.create(path)
    for n in range(40):
        journal.append(*beats(n), replace(EXPOSING, take=n), replace(DURABLE, take=n))
    journal.close()
    return path.read_bytes()


def refused_untouched(path: Path) -> str:
    """Open a file that must be refused; return the sentence."""
    before = path.read_bytes()
    with pytest.raises(JournalError) as refused:
        Journal.open(path)
    assert path.read_bytes() == before
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_a_missing_journal_is_not_made_by_opening(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"cannot be opened.*check the run folder"):
        Journal.open(tmp_path / "journal.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_creating_never_replaces(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal.create(path).close()
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="never replaced"):
        Journal.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"SQLite format 3\0", b"# a text\n" * 50])
def test_files_that_are_no_database_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    assert "damaged" in refused_untouched(path)


def test_databases_of_other_programs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE records (seq)")
    other.close()
    assert "not a journal of scopeacq" in refused_untouched(path)


def test_another_version_is_refused_by_name(tmp_path: Path, closed_journal: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(closed_journal[:60] + (7).to_bytes(4, "big") + closed_journal[64:])
    assert "has version 7, this program reads version 1" in refused_untouched(path)


def test_a_journal_with_a_trigger_is_refused(tmp_path: Path, closed_journal: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(closed_journal)
    with sqlite3.connect(path) as hostile:
        hostile.execute("CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records; END")
    hostile.close()
    assert "tables are not those of a journal" in refused_untouched(path)


def test_focus_records_of_earlier_programs_are_read() -> None:
    """Fields that came later have defaults."""
    from scopeacq.journal.journal_format import decode

    optics = '{"wd_um":4500.0,"stig_x":0.1,"stig_y":-0.1}'
    pair = (
        f'{{"estimator":"DeepFocus","optics":{optics},"correction_wd_um":0.2,"correction_stig_x":0.0,'
        '"correction_stig_y":0.0,"sd_wd_um":0.1,"sd_stig_x":0.03,"sd_stig_y":0.03}'
    )
    body = (
        '{"key":{"cycle":0,"section":"S001","tile":0},"applied":true,"reason":"converged",'
        f'"before":{optics},"after":{optics},"iterations":[{pair}],"electron_dose_per_nm2":11.2,'
        '"images_path":"","at_s":7.0}'
    )
    done = decode("FocusDone", body)
    assert isinstance(done, FocusDone)
    assert (done.end, done.wd_drift_um) == (None, 0.0)
    assert (done.iterations[0].stage, done.iterations[0].field) == (FocusStage.FINE, 0)


def test_a_kind_of_a_later_program_is_refused_with_a_sentence(journal: Journal) -> None:
    from scopeacq.journal.journal_format import row_crc

    journal._connection.execute(
        "INSERT INTO records VALUES (1, 2.0, 'Teleported', '{}', ?)", (row_crc(1, 2.0, "Teleported", "{}"),)
    )
    with pytest.raises(JournalError, match="row 1 is a record of the unknown kind 'Teleported'"):
        list(journal.read())


def test_rows_that_were_changed_or_taken_out_are_noticed(journal: Journal) -> None:
    journal.append(*beats(1, 2, 3))
    journal._connection.execute("UPDATE records SET body = replace(body, '2.0', '9.0')")
    with pytest.raises(JournalError, match="row 2 fails its checksum"):
        list(journal.read())
    journal._connection.execute("DELETE FROM records WHERE seq = 2")
    with pytest.raises(JournalError, match="row 2 is missing"):
        list(journal.read())


def reads_truly_or_is_refused(path: Path, whole: list[Record]) -> None:
    before = path.read_bytes()
    try:
        journal = Journal.open(path)
    except JournalError:
        assert path.read_bytes() == before
        return
    assert contents(journal) == whole
    journal.close()


@QUICK
@given(data=st.data())
def test_flipped_bytes_are_refused_or_harmless(
    tmp_path: Path, closed_journal: bytes, data: st.DataObject
) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(closed_journal)
    whole = contents(JournalReader(path))
    # half of the flips hit the headers of pages, where the structure is
    offset = st.integers(0, len(closed_journal) - 1)
    header = st.builds(
        lambda page, n: page * 4096 + n,
        st.integers(0, len(closed_journal) // 4096 - 1),
        st.integers(0, 110),
    )
    damaged = bytearray(closed_journal)
    for place in data.draw(st.lists(offset | header, min_size=1, max_size=4)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    reads_truly_or_is_refused(path, whole)


@QUICK
@given(data=st.data())
def test_truncated_journals_are_refused(tmp_path: Path, closed_journal: bytes, data: st.DataObject) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(closed_journal[: data.draw(st.integers(0, len(closed_journal) - 1))])
    refused_untouched(path)


def test_heartbeats_of_one_opening_share_a_row(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "journal.sqlite")
    end = MillEnd(MillKey(0, 0, 0), "a", 3.0, 0.0, "done")
    for record in (MillHeartbeat("a", 1.0), MillHeartbeat("a", 2.0), end, MillHeartbeat("b", 1.0)):
        journal.append(record)
    journal.append(MillHeartbeat("b", 1.5), MillHeartbeat("b", 2.5), CycleDone(0))
    journal.close()
    again = Journal.open(tmp_path / "journal.sqlite")
    again.append(MillHeartbeat("b", 9.0))
    assert [(row.seq, row.record) for row in again.read()] == [
        (1, MillHeartbeat("a", 2.0)),
        (2, end),
        (3, MillHeartbeat("b", 2.5)),
        (4, CycleDone(0)),
        (5, MillHeartbeat("b", 9.0)),
    ]
    again.close()
