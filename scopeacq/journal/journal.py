"""What has been done: an append-only journal of records, durable before anybody acts on them.

One thread owns the writing connection and commits whatever is queued in one transaction, so that many
callers share the cost of a sync. Successive heartbeats of one opening of the ion beam share one row.
Readers (status, GUI, report) use short-lived connections of their own and never hinder the writer. What
:meth:`Journal.append` has returned survives a power loss.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from scopeacq.journal import journal_format, journal_planes
from scopeacq.journal.journal_format import JournalError
from scopeacq.journal.journal_planes import PlaneRow
from scopeacq.journal.records import MillHeartbeat, Record
from scopeacq.storage.files import DiskFiles, DiskFull, FileLayer, temporary_for

__all__ = ["Journal", "JournalError", "JournalReader", "PlaneRow", "Row"]

Observer = Callable[[tuple[Record, ...]], None]

_QUEUE_LENGTH = 4096
_ROWS_PER_READ = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One record, its place in the journal and the wall clock when it was committed."""

    seq: int
    wall_time_s: float
    record: Record


@dataclass(frozen=True)
class JournalReader:
    """Reads a journal, also while another process writes it. Every call sees what is committed by then."""

    path: Path

    def read(self, after: int = 0) -> Iterator[Row]:
        """The rows behind ``after``, in order, up to the last one committed when the end is reached.

        Raises:
            JournalError: the journal is missing, damaged, or of another program or version.
        """
        while rows := self._some_rows(after):
            yield from rows
            after = rows[-1].seq

    def planes(self, cycle: int | None = None, section: str | None = None) -> list[PlaneRow]:
        """One row per plane and take, of one cycle, one section, both or all.

        Raises:
            JournalError: as for :meth:`read`.
        """
        with journal_format.reading(self.path) as connection:
            return journal_planes.select(connection, self.path, cycle, section)

    def backup(self, to: Path, files: FileLayer) -> None:
        """Copy the journal as it stands to one self-contained file, durably, replacing an older copy.

        Raises:
            JournalError: the journal cannot be read.
            DiskFull: there is no room; the older copy is kept.
        """
        temporary = temporary_for(to)
        files.remove(temporary)
        with journal_format.reading(self.path) as connection:
            try:
                connection.execute("VACUUM INTO ?", (str(temporary),))
            except sqlite3.Error as error:
                files.remove(temporary)
                raise _failure(error, to) from error
        files.publish(temporary, to, replace=True)

    def _some_rows(self, after: int) -> list[Row]:
        with journal_format.reading(self.path) as connection:
            found = list(journal_format.stored_rows(connection, self.path, after, _ROWS_PER_READ))
        return [Row(row.seq, row.wall_time_s, row.record(self.path)) for row in found]


@dataclass(frozen=True, slots=True)
class _Job:
    """Records that are committed together, and who waits for them."""

    records: tuple[tuple[Record, str, str], ...]
    done: Future[int]


class Journal:
    """The one writer of a journal. Any thread may append, post, read."""

    def __init__(self, path: Path, files: FileLayer, on_commit: Observer | None) -> None:
        self._reader = JournalReader(path)
        self._files = files
        self._on_commit = on_commit
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_QUEUE_LENGTH)
        self._entrance = threading.Lock()
        self._closed = False
        self._broken: Exception | None = None
        self._connection = journal_format.connect_writer(path)
        (self._last,) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()
        self._beating: str | None = None
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    @classmethod
    def create(
        cls, path: Path, files: FileLayer | None = None, on_commit: Observer | None = None
    ) -> Journal:
        """Make the empty journal of a new run and open it.

        Raises:
            FileExistsError: ``path`` exists; it is left alone.
            DiskFull: there is no room.
        """
        files = files or DiskFiles()
        if path.exists():
            raise FileExistsError(f"{path} exists; a journal is never replaced, open it instead.")
        temporary = temporary_for(path)
        files.remove(temporary)
        try:
            journal_format.create_empty(temporary)
        except sqlite3.Error as error:
            raise _failure(error, path) from error
        files.publish(temporary, path)
        return cls.open(path, files, on_commit)

    @classmethod
    def open(cls, path: Path, files: FileLayer | None = None, on_commit: Observer | None = None) -> Journal:
        """Open the journal of a run to go on with it.

        Args:
            on_commit: told, on the writer's thread, the records of each commit as soon as it is durable
                and before anybody who waits for it; it must not call the journal.

        Raises:
            JournalError: missing, damaged, or of another program or version; it is not modified.
        """
        journal_format.check_content(path)
        try:
            return cls(path, files or DiskFiles(), on_commit)
        except sqlite3.Error as error:
            raise _failure(error, path) from error

    @property
    def path(self) -> Path:
        """Where the journal lies."""
        return self._reader.path

    def append(self, *records: Record) -> int:
        """Commit all of ``records`` or none; return the last one's number when they are durable.

        Everything posted before is durable then, too.

        Raises:
            DiskFull: there was no room.
            JournalError: the commit failed otherwise, an earlier one did, or the journal is closed.
        """
        return self.post(*records).result()

    def post(self, *records: Record) -> Future[int]:
        """The same without waiting: the future gives the number or the error.

        Raises:
            JournalError: the journal is closed, or a record does not hold what it declares.
        """
        job = _Job(tuple((record, *journal_format.encode(record)) for record in records), Future())
        # what is posted can no longer be cancelled
        job.done.set_running_or_notify_cancel()
        with self._entrance:
            if self._closed:
                raise JournalError(f"The journal {self.path} is closed; open it to go on with the run.")
            self._jobs.put(job)
        return job.done

    def recover(self) -> None:
        """Take records again after a failed commit.

        A failure is remembered, so that nothing is appended behind a hole. Whoever calls this has rebuilt
        what it knows from :meth:`read`.
        """
        self._jobs.join()
        self._broken = None

    def read(self, after: int = 0) -> Iterator[Row]:
        """See :meth:`JournalReader.read`."""
        return self._reader.read(after)

    def planes(self, cycle: int | None = None, section: str | None = None) -> list[PlaneRow]:
        """See :meth:`JournalReader.planes`."""
        return self._reader.planes(cycle, section)

    def backup(self, to: Path) -> None:
        """See :meth:`JournalReader.backup`."""
        self._reader.backup(to, self._files)

    def close(self) -> None:
        """Commit what is queued and close. Closing twice does nothing."""
        with self._entrance:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        ended = False
        while not ended:
            batch = [self._jobs.get()]
            while not self._jobs.empty():
                batch.append(self._jobs.get_nowait())
            ended = None in batch
            jobs = [job for job in batch if job is not None]
            if jobs:
                self._settle(jobs)
            for _ in batch:
                self._jobs.task_done()

    def _settle(self, jobs: list[_Job]) -> None:
        """Commit a group of jobs and tell those who wait; a failure fails the group and all later ones."""
        if self._broken is None:
            try:
                numbers = self._commit(jobs)
                if self._on_commit is not None:
                    self._on_commit(tuple(record for job in jobs for record, _, _ in job.records))
            except Exception as error:
                self._broken = error
            else:
                for job, number in zip(jobs, numbers, strict=True):
                    job.done.set_result(number)
                return
        for job in jobs:
            job.done.set_exception(self._broken)

    def _commit(self, jobs: list[_Job]) -> list[int]:
        now_s, seq, beating, numbers = time.time(), self._last, self._beating, list[int]()
        try:
            # commits at its end, rolls back when left by an error
            with self._connection as connection:
                connection.execute("BEGIN IMMEDIATE")
                for job in jobs:
                    for record, kind, body in job.records:
                        opening = record.opening if isinstance(record, MillHeartbeat) else None
                        # a heartbeat takes the place of the one just before: weeks of them are one row
                        seq += opening is None or opening != beating
                        beating = opening
                        crc = journal_format.row_crc(seq, now_s, kind, body)
                        connection.execute(
                            "REPLACE INTO records VALUES (?, ?, ?, ?, ?)", (seq, now_s, kind, body, crc)
                        )
                        journal_planes.note(connection, record, seq)
                    numbers.append(seq)
        except sqlite3.Error as error:
            raise _failure(error, self.path) from error
        self._last, self._beating = seq, beating
        return numbers


def _failure(error: sqlite3.Error, path: Path) -> Exception:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return DiskFull(path)
    return JournalError(
        f"The journal {path} could not be written ({error}); check the disk, then go on with the run."
    )
