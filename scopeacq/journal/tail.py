"""A journal read on from where one stopped, bit by bit: one of weeks has millions of rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from scopeacq.journal.journal import JournalReader, Row
from scopeacq.plan.runfolder import RunFolder

PORTION = 1000
"""Rows that are held at once."""


class JournalTail:
    """What is new in a run's journal, whoever writes it. Used by one thread at a time.

    ``seq``: the last row that was handed out, 0 before the first.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.seq = 0

    def portions(self) -> Iterator[list[Row]]:
        """All that is new, in order. Nothing before the run has begun; ``JournalError`` if it is gone."""
        if self._folder.without_journal and not self.seq:
            return
        rows = JournalReader(self._folder.journal_file).read(self.seq)
        while portion := list(islice(rows, PORTION)):
            self.seq = portion[-1].seq
            yield portion

    def portion(self) -> list[Row]:
        """The next of what is new, empty where nothing is; raises the same."""
        return next(self.portions(), [])
