"""How the journal lies on disk: its SQLite schema, its rows, and what is refused.

A journal is made whole under a temporary name before it gets its own, so that it is either absent or has
this application id, this version and this schema. Rows carry a checksum: SQLite's own check finds broken
pages, not a changed letter.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from io import SEEK_END
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from scopeacq.journal.records import RECORDS, Record

APPLICATION_ID = 0x53434F51  # "SCOQ"
VERSION = 1
COPY = "journal-before-mill.sqlite"
"""The copy that is synced beside the journal before each mill."""

_SCHEMA = """
CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  wall_time_s REAL NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  crc INTEGER NOT NULL
) STRICT;
CREATE TABLE planes (
  cycle INTEGER NOT NULL,
  section TEXT NOT NULL,
  tile INTEGER NOT NULL,
  take INTEGER NOT NULL,
  chosen INTEGER NOT NULL DEFAULT 0,
  exposing INTEGER REFERENCES records,
  exposed INTEGER REFERENCES records,
  durable INTEGER REFERENCES records,
  judged INTEGER REFERENCES records,
  PRIMARY KEY (cycle, section, tile, take)
) STRICT, WITHOUT ROWID;
CREATE INDEX planes_by_section ON planes (section, cycle);
"""

# https://www.sqlite.org/fileformat2.html, section 1.3
_MAGIC = b"SQLite format 3\x00"
_HEADER = struct.Struct(">16sH10xI28xI4xI28x")


class StoredRow(NamedTuple):
    """One record as it is stored."""

    seq: int
    wall_time_s: float
    kind: str
    body: str

    def record(self, path: Path) -> Record:
        """The record itself. ``path``: of its journal, for the error.

        Raises:
            JournalError: it is none of this program's.
        """
        try:
            return decode(self.kind, self.body)
        except JournalError as error:
            raise damaged(path, f"row {self.seq} is {error}") from error


class JournalError(Exception):
    """The journal cannot be used. One sentence: what, where, what to do."""


def encode(record: Record) -> tuple[str, str]:
    """Kind and JSON body of a record, known to decode to it again.

    Raises:
        JournalError: a field has another type than its record declares.
    """
    kind = type(record).__name__
    try:
        body = to_json(record, inf_nan_mode="constants").decode()
        decode(kind, body)
    except (PydanticSerializationError, JournalError) as error:
        raise JournalError(f"{kind} cannot be journalled, correct the program: {error}") from error
    return kind, body


def decode(kind: str, body: str) -> Record:
    """The record that was encoded.

    Raises:
        JournalError: the kind is unknown, or the body is not one of its records.
    """
    if kind not in RECORDS:
        raise JournalError(f"a record of the unknown kind {kind!r}")
    try:
        return _adapter(kind).validate_json(body, strict=True, extra="forbid")
    except (ValidationError, UnicodeError) as error:
        raise JournalError(f"a {kind} that cannot be read ({_first_line(error)})") from error


@cache
def _adapter(kind: str) -> TypeAdapter[Record]:
    return TypeAdapter(RECORDS[kind])


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]


def row_crc(seq: int, wall_time_s: float, kind: str, body: str) -> int:
    """CRC-32 of one row, so that a changed byte anywhere in it is found."""
    return zlib.crc32(f"{seq}|{wall_time_s!r}|{kind}|{body}".encode())


def create_empty(path: Path) -> None:
    """Write an empty journal to ``path`` (not yet durable)."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.executescript(_SCHEMA)


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes. A commit on it returns when it is on the disk."""
    # whoever opens it hands it to the writer thread, which alone uses it from then on
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A short-lived connection that cannot write; SQLite's errors become :class:`JournalError`."""
    check_header(path)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except (sqlite3.Error, UnicodeError) as error:
        raise damaged(path, str(error)) from error


def check_header(path: Path) -> None:
    """Refuse what is not a journal of this version, by its first 100 bytes.

    Raises:
        JournalError: missing, unreadable, of another program or version.
    """
    # while a log is not merged yet, the file may be shorter than its header says
    merged = not path.with_name(path.name + "-wal").exists()
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
            size_bytes = file.seek(0, SEEK_END)
    except OSError as error:
        raise JournalError(
            f"The journal {path} cannot be opened ({error.strerror}); check the run folder."
        ) from error
    if len(head) < _HEADER.size or not head.startswith(_MAGIC):
        raise damaged(path, "it is not an SQLite database")
    _, page_bytes, pages, version, application_id = _HEADER.unpack(head)
    if application_id != APPLICATION_ID:
        raise JournalError(f"{path} is not a journal of scopeacq; name the journal.sqlite of a run folder.")
    if version != VERSION:
        raise JournalError(
            f"The journal {path} has version {version}, this program reads version {VERSION}; "
            "use the program that wrote it."
        )
    if merged and size_bytes != pages * page_bytes:
        raise damaged(path, "it is cut off")


def check_content(path: Path) -> None:
    """Refuse a journal whose pages, schema or rows are damaged; reads the whole file.

    Raises:
        JournalError: with what is damaged.
    """
    with reading(path) as connection:
        findings = [text for (text,) in connection.execute("PRAGMA integrity_check(1)")]
        if findings != ["ok"]:
            raise damaged(path, findings[0])
        if _schema(connection) != _expected_schema():
            raise damaged(path, "its tables are not those of a journal")
        for _ in stored_rows(connection, path):
            pass


def stored_rows(
    connection: sqlite3.Connection, path: Path, after: int = 0, limit: int = -1
) -> Iterator[StoredRow]:
    """The rows behind ``after``, at most ``limit`` (-1: all), each known to be as it was written.

    Raises:
        JournalError: a row is missing or changed.
    """
    found = connection.execute(
        "SELECT seq, wall_time_s, kind, body, crc FROM records WHERE seq > ? ORDER BY seq LIMIT ?",
        (after, limit),
    )
    for expected, (seq, wall_time_s, kind, body, crc) in enumerate(found, after + 1):
        if seq != expected:
            raise damaged(path, f"row {expected} is missing")
        if row_crc(seq, wall_time_s, kind, body) != crc:
            raise damaged(path, f"row {seq} fails its checksum")
        yield StoredRow(seq, wall_time_s, kind, body)


def damaged(path: Path, what: str) -> JournalError:
    """The sentence for a journal that is there and cannot be trusted."""
    return JournalError(
        f"The journal {path} is damaged ({what}); nothing was changed. Move {path.name}, {path.name}-wal "
        f"and {path.name}-shm away, then put its newest copy in its place; {COPY} is as it was before "
        "the last mill."
    )


def _schema(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return list(
        connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")
    )


@cache
def _expected_schema() -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        return _schema(connection)
