"""Marks that calibrations burned into bare wafer: what each was given, and an opening without an end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from scopeacq.journal.records import BurnBegin, BurnEnd, BurnKey, MillHeartbeat, Record


@dataclass(slots=True)
class Burns:
    """A fold over the journal. What was delivered includes what is uncertain.

    ``begun``: all openings. ``open``: one that nobody lived to see closed, and ``heartbeat_uc`` what it had
    delivered then.
    """

    delivered_uc: dict[BurnKey, float] = field(default_factory=lambda: defaultdict(float))
    begun: list[BurnBegin] = field(default_factory=list)
    open: BurnBegin | None = None
    heartbeat_uc: float = 0.0

    @classmethod
    def of(cls, records: Iterable[Record]) -> Burns:
        burns = cls()
        for record in records:
            burns.apply(record)
        return burns

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        match record:
            case BurnBegin():
                self.open, self.heartbeat_uc = record, 0.0
                self.begun.append(record)
            case MillHeartbeat(opening, delivered_uc) if self.open and self.open.opening == opening:
                self.heartbeat_uc = delivered_uc
            case BurnEnd(key, _, delivered_uc):
                self.open, self.heartbeat_uc = None, 0.0
                self.delivered_uc[key] += delivered_uc
            case _:
                pass

    def given_uc(self, sitting: str) -> float:
        """What all marks of one calibration were given together [uC]."""
        return sum(uc for key, uc in self.delivered_uc.items() if key.sitting == sitting)
