"""The program's end of the guard: every call has a deadline in real time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hardware.errors import HardwareError
from hardware.interlocks import MillLimits, MillProof
from hardware.types import Blanker


@dataclass(frozen=True, slots=True)
class BlankerLine:
    """Which blanker driver the guard uses, and its settings (JSON values only)."""

    driver: str
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GuardTiming:
    """Real times of the guard [s]: heartbeats are missed after ``heartbeat_s``."""

    heartbeat_s: float = 1.0
    tick_s: float = 0.02
    reply_s: float = 2.0
    start_s: float = 10.0


@dataclass(frozen=True, slots=True)
class OpenAck:
    """The guard opened the beam and read back that it is open."""

    pass_id: str
    opened_at_s: float  # wall clock


@dataclass(frozen=True, slots=True)
class CloseAck:
    """The guard read back that the beam is blanked.

    ``open_s`` is how long the last opening lasted in real time, ``why`` what ended it.
    """

    pass_id: str
    why: str
    open_s: float
    closed_at_s: float  # wall clock


class GuardClosed(HardwareError):
    """The guard blanked the beam by itself; ``what`` says why."""


class GuardClient:
    """A running guard. Not thread-safe: use it from the acquisition thread.

    Also a context manager that stops the guard.
    """

    @classmethod
    def start(
        cls, line: BlankerLine, limits: MillLimits, log_path: Path, timing: GuardTiming = GuardTiming()
    ) -> GuardClient:
        """Start the process, which blanks and reads back first. Raises ``BlankerUnknown``, ``Deadline``."""
        raise NotImplementedError

    def open(self, proof: MillProof, pass_id: str, deadline_s: float, instrument_s: float) -> OpenAck:
        """Open until closed, at most ``deadline_s`` of real time. Raises ``Interlocked`` when refused."""
        raise NotImplementedError

    def heartbeat(self, instrument_s: float) -> None:
        """Keep it open. Raises ``GuardClosed`` when the guard closed it meanwhile."""
        raise NotImplementedError

    def close(self) -> CloseAck:
        """Blank, confirmed by read-back, else ``BlankerUnknown``. Blanked already is no error."""
        raise NotImplementedError

    def state(self) -> Blanker:
        """What the guard reads back now; ``UNKNOWN`` when it does not answer."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the guard, which blanks on its way out."""
        raise NotImplementedError
