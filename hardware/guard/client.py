"""The program's end of the guard: every call has a deadline in real time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from hardware.errors import BlankerUnknown, HardwareError, Interlocked
from hardware.guard.core import GuardTiming
from hardware.guard.messages import Answer, Ask, Reply, Request, Start, Why, decode_reply, encode
from hardware.guard.wire import Wire
from hardware.interlocks import MillLimits, MillProof, to_json
from hardware.registry import blanker_target
from hardware.types import Blanker


@dataclass(frozen=True, slots=True)
class BlankerLine:
    """Which blanker driver the guard uses, and its settings (JSON values only).

    ``driver`` is a name in ``scopeacq.blankers``, or ``module:function``.
    """

    driver: str
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenAck:
    """The guard opened the beam and read back that it is open (wall clock)."""

    pass_id: str
    opened_at_s: float


@dataclass(frozen=True, slots=True)
class CloseAck:
    """The guard read back that the beam is blanked.

    ``pass_id``, ``why`` and ``open_s`` (real time) tell of the last opening.
    """

    pass_id: str
    why: Why
    open_s: float
    closed_at_s: float  # wall clock


class GuardClosed(HardwareError):
    """The guard blanked the beam by itself; ``why`` says what made it."""

    def __init__(self, why: Why) -> None:
        advice = "The guard blanked the ion beam; it opens again after all checks anew."
        super().__init__("ion blanker", why.value, advice)
        self.why = why


class GuardClient:
    """A running guard. Any thread may call; stopping it blanks the beam.

    A guard that does not answer in time is lost: its pipe is closed, which makes it blank, and
    it is killed if that does not end it, which lets go of the fail-closed wiring.
    """

    def __init__(self, wire: Wire, process: subprocess.Popen[bytes] | None, timing: GuardTiming) -> None:
        self._wire, self._process, self._timing = wire, process, timing
        self._lock = threading.Lock()
        self._lost = False

    @classmethod
    def start(
        cls, line: BlankerLine, limits: MillLimits, log_path: Path, timing: GuardTiming = GuardTiming()
    ) -> GuardClient:
        """Start the process, which blanks and reads back first.

        Raises ``ConnectionLost`` for an unknown blanker driver, ``BlankerUnknown`` when the guard
        does not start or cannot read back that the beam is blanked.
        """
        target = blanker_target(line.driver)
        process = _guard_process()
        assert process.stdin is not None and process.stdout is not None
        wire = Wire(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
        process.stdin.close()
        process.stdout.close()
        client = cls(wire, process, timing)
        start = Start(target, dict(line.settings), to_json(limits), to_json(timing), str(log_path))
        ready = client._exchange(encode(start), timing.start_s)
        if ready.answer is Answer.READY and ready.blanker is Blanker.BLANKED:
            return client
        client._give_up()
        raise BlankerUnknown("; ".join(ready.reasons) or "the line does not read back as blanked")

    def open(self, proof: MillProof, pass_id: str, deadline_s: float, instrument_s: float) -> OpenAck:
        """Open until closed, at most ``deadline_s`` of real time.

        Raises ``Interlocked`` with every reason when it is refused, ``BlankerUnknown`` when the
        guard does not answer.
        """
        request = Request(Ask.OPEN, to_json(proof), pass_id, deadline_s, instrument_s)
        reply = self._ask(request)
        if reply.answer is Answer.REFUSED:
            raise Interlocked("ion blanker", list(reply.reasons))
        self._expect(reply, Answer.OPENED)
        return OpenAck(pass_id, reply.at_s)

    def heartbeat(self, instrument_s: float) -> None:
        """Keep it open. Raises ``GuardClosed`` when it is not open any more."""
        reply = self._ask(Request(Ask.HEARTBEAT, instrument_s=instrument_s))
        if reply.answer is Answer.NOT_OPEN:
            raise GuardClosed(reply.why)
        self._expect(reply, Answer.ALIVE)

    def close(self) -> CloseAck:
        """Blank, confirmed by read-back, else ``BlankerUnknown``. Blanked already is no error."""
        reply = self._ask(Request(Ask.CLOSE))
        if reply.answer is Answer.UNCONFIRMED:
            raise BlankerUnknown(f"the line reads back as {reply.blanker.value} after it was blanked")
        self._expect(reply, Answer.CLOSED)
        return CloseAck(reply.pass_id, reply.why, reply.open_s, reply.at_s)

    def state(self) -> Blanker:
        """What the guard reads back now; ``UNKNOWN`` when it does not answer."""
        try:
            reply = self._ask(Request(Ask.STATE))
            self._expect(reply, Answer.STATE)
        except BlankerUnknown:
            return Blanker.UNKNOWN
        return reply.blanker

    def stop(self) -> None:
        """End the guard, which blanks on its way out.

        Raises ``BlankerUnknown`` when it ended without a confirmed blanking.
        """
        lost, self._lost = self._lost, True
        self._wire.close()
        exit_code = self._wait(self._timing.give_up_s + self._timing.reply_s)
        if exit_code != 0 and not lost:
            raise BlankerUnknown("the guard ended without a confirmed blanking")

    def __enter__(self) -> GuardClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ask(self, request: Request) -> Reply:
        return self._exchange(encode(request), self._timing.reply_s)

    def _exchange(self, line: str, timeout_s: float) -> Reply:
        with self._lock:
            if self._lost:
                raise BlankerUnknown("the guard process is gone")
            try:
                self._wire.send(line)
                answer = self._wire.receive(timeout_s)
                if answer is not None:
                    return decode_reply(answer)
            except (OSError, EOFError, ValueError):
                answer = None
            self._give_up()
            raise BlankerUnknown("the guard process does not answer")

    def _expect(self, reply: Reply, answer: Answer) -> None:
        if reply.answer is not answer:
            self._give_up()
            raise BlankerUnknown(f"the guard answered {reply.answer.value} instead of {answer.value}")

    def _give_up(self) -> None:
        self._lost = True
        self._wire.close()
        self._wait(self._timing.reply_s)

    def _wait(self, timeout_s: float) -> int:
        """The exit code; the process is killed when it does not end in time."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _guard_process() -> subprocess.Popen[bytes]:
    """In a session of its own, so that the terminal's signals do not reach it."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "hardware.guard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )
