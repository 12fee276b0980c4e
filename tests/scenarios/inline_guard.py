"""The real guard without a process: its requests are answered in line, in a real time that tests own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import cast

from hardware.errors import BlankerUnknown
from hardware.guard.client import GuardClient
from hardware.guard.core import Ended, GuardTiming, Phase, Signal
from hardware.guard.log import OpeningLog
from hardware.guard.messages import Reply, Why, encode
from hardware.guard.process import Guard
from hardware.guard.wire import Wire
from hardware.interlocks import MillLimits
from hardware.protocols import IonBlanker
from hardware.types import Blanker

TIMING = GuardTiming()
ANSWER_S = 1e-3
"""Real time that an answer takes."""


class GuardTime:
    """Real monotonic time as the guard sees it, moved on by whoever lets it pass.

    ``last_word_s``: when the program last said something to the guard.
    """

    def __init__(self) -> None:
        self._now_s = self.last_word_s = 0.0

    def __call__(self) -> float:
        return self._now_s

    def pass_by(self, duration_s: float) -> None:
        self._now_s += duration_s


class InlineWire:
    """Both ends of the guard's pipe in one object, with the shape of a :class:`Wire`."""

    def __init__(self, guard: Guard, time: GuardTime, on_end: Callable[[], None]) -> None:
        self._guard, self._time, self._on_end = guard, time, on_end
        self._answers: deque[Reply] = deque()
        self._ended = False
        self._lock = threading.RLock()

    def send(self, line: str) -> None:
        with self._lock:
            if self._ended:
                raise BrokenPipeError("the guard has ended")
            self._time.pass_by(ANSWER_S)
            self._time.last_word_s = self._time()
            self._answers += self._guard.answer(line)

    def receive(self, timeout_s: float) -> str | None:
        until_s = self._time() + timeout_s
        while not self._answers:
            if self._ended:
                raise EOFError
            if self._time() >= until_s:
                return None
            self.tick()
        return encode(self._answers.popleft())

    def tick(self) -> None:
        """One round of the guard's loop without word from the program."""
        with self._lock:
            self._time.pass_by(TIMING.tick_s)
            self._answers += self._guard.handle(Signal.TICK)

    def silence(self, duration_s: float) -> None:
        """The program says nothing for so long, while the guard goes on."""
        until_s = self._time() + duration_s
        while self._time() < until_s:
            self.tick()

    def close(self) -> None:
        """The program's end of the pipe is gone: the guard blanks and ends."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._guard.handle(Ended(Why.PIPE_ENDED))
            while not self._guard.state.finished(self._time()):
                self.tick()
            self._on_end()

    @property
    def holds_open(self) -> bool:
        """Whether the guard holds the line open."""
        return self._guard.state.phase is Phase.OPEN


def start_guard(
    line: IonBlanker, limits: MillLimits, log_path: Path, time: GuardTime, let_go: Callable[[], None]
) -> tuple[GuardClient, InlineWire]:
    """A client with its guard, blanked and read back. Raises ``BlankerUnknown`` as the process does."""
    log = OpeningLog(log_path)
    guard = Guard(line, limits, log, TIMING, time)

    def end() -> None:
        let_go()
        log.close()

    wire = InlineWire(guard, time, end)
    until_s = time() + TIMING.confirm_s
    wire.tick()
    while not guard.blanked and time() < until_s:
        wire.tick()
    if not guard.blanked:
        wire.close()
        raise BlankerUnknown(f"the line does not read back as {Blanker.BLANKED.value}")
    return GuardClient(cast(Wire, wire), None, TIMING), wire
