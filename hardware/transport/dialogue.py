"""One device, one wire, one thing at a time: asked, commanded or told.

A query may be asked again, on a new connection where the old one failed. A command never is: what
was sent may have been done. After anything that went wrong the connection is dropped, and the next
one is listened to first, so that a late answer is never taken for that to the next question.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError
from hardware.transport.channel import MOST_BYTES, Channel, Framing
from hardware.transport.plain_words import in_plain_words, readable
from hardware.transport.wire_log import NoLog, Way, WireLog

Exchange: TypeAlias = Callable[[bytes, Framing], bytes]
"""Sends and returns the answer, within a greeting."""

ADVICE = "Check its cable and power, then try again."
REPLUGGING_S = 0.05
"""A port that comes back needs a moment before it can be opened."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Real times of a dialogue [s], and how often a query is asked again.

    ``late_s``: how long a line is listened to after an answer did not come, whole and in time. What comes
    within is dropped.
    """

    answer_s: float = 2.0
    retries: int = 2
    late_s: float = 0.5

    @property
    def longest_question_s(self) -> float:
        """How long the wire may be held by a question that is never answered, however often it is asked."""
        return (1 + self.retries) * (self.answer_s + self.late_s)


def no_greeting(_exchange: Exchange) -> None:
    """Nothing needs to be said on a new connection."""


class Dialogue:
    """Thread-safe: whoever speaks has the wire until the answer is there.

    Args:
        device: its name as the operator knows it; errors carry it.
        connect: opens the wire, or raises ``OSError``.
        greeting: what is said on each new connection before anything else.
    """

    def __init__(
        self,
        device: str,
        connect: Callable[[], Channel],
        log: WireLog | None = None,
        timing: Timing = Timing(),
        greeting: Callable[[Exchange], None] = no_greeting,
    ) -> None:
        self.device = device
        self._connect, self._log, self._timing, self._greeting = connect, log or NoLog(), timing, greeting
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._answer_is_due = False
        self._closed = False

    def ask(self, question: bytes, framed: Framing, timeout_s: float | None = None) -> bytes:
        """The answer to a question that changes nothing; asked again when that failed.

        Raises ``Deadline``, ``Garbled`` or ``ConnectionLost``.
        """
        for _ in range(self._timing.retries):
            try:
                return self._exchange(question, framed, timeout_s)
            except (Deadline, Garbled):
                continue
            except ConnectionLost:
                if self._closed:
                    raise
                time.sleep(REPLUGGING_S)
        return self._exchange(question, framed, timeout_s)

    def command(self, words: bytes, framed: Framing, timeout_s: float | None = None) -> bytes:
        """What the device says to a command, which is sent at most once. Raises as ``ask`` does."""
        return self._exchange(words, framed, timeout_s)

    def tell(self, words: bytes) -> None:
        """A command that nobody acknowledges, sent at most once.

        Raises ``Deadline`` or ``ConnectionLost``.
        """
        self._exchange(words, None, None)

    def close(self) -> None:
        """End the connection for good. Whoever waits for an answer gets ``ConnectionLost``."""
        self._closed = True
        if (channel := self._channel) is not None:
            with suppress(OSError):
                channel.hang_up()
        with self._lock:
            self._drop()

    def _exchange(self, words: bytes, framed: Framing | None, timeout_s: float | None) -> bytes:
        answer_s = self._timing.answer_s if timeout_s is None else timeout_s
        if not self._lock.acquire(timeout=answer_s + self._timing.longest_question_s):
            raise Deadline(self.device, "is busy with another command", "Try again.")
        try:
            with self._dropped_on_failure(answer_s):
                return self._spoken(self._ready(), words, framed, answer_s)
        finally:
            self._lock.release()

    @contextmanager
    def _dropped_on_failure(self, answer_s: float) -> Iterator[None]:
        """Whatever goes wrong ends the connection, and is told as what it means to an operator."""
        try:
            yield
        except BaseException as error:
            self._answer_is_due = self._answer_is_due or isinstance(error, OSError | Garbled)
            if isinstance(error, TimeoutError):
                self._log.note(self.device, Way.SILENT)
            self._drop()
            if not isinstance(error, OSError):
                raise
            if self._closed:
                raise self._was_closed() from error
            if isinstance(error, TimeoutError):
                raise Deadline(self.device, f"did not answer within {answer_s:g} s", ADVICE) from error
            words = f"the connection is gone: {in_plain_words(error)}"
            raise ConnectionLost(self.device, words, ADVICE) from error

    def _ready(self) -> Channel:
        """The wire, with nothing left on it. Opened anew where it broke: nothing was sent yet."""
        if self._channel is not None:
            with suppress(OSError):
                self._drain(self._channel, 0.0)
                return self._channel
            self._drop()
        return self._opened()

    def _opened(self) -> Channel:
        if self._closed:
            raise self._was_closed()
        try:
            self._channel = channel = self._connect()
        except OSError as error:
            words = f"cannot be reached: {in_plain_words(error)}"
            raise ConnectionLost(self.device, words, ADVICE) from error
        self._log.note(self.device, Way.OPENED)
        self._drain(channel, self._timing.late_s if self._answer_is_due else 0.0)
        self._answer_is_due = False
        self._greeting(lambda words, framed: self._spoken(channel, words, framed, self._timing.answer_s))
        return channel

    def _drain(self, channel: Channel, listen_s: float) -> None:
        if left_over := channel.drain(listen_s):
            self._log.note(self.device, Way.DROPPED, left_over)

    def _spoken(self, channel: Channel, words: bytes, framed: Framing | None, answer_s: float) -> bytes:
        """Send, and gather one complete answer if one is ``framed``."""
        if self._closed:
            raise self._was_closed()
        self._log.note(self.device, Way.SENT, words)
        channel.send(words, answer_s)
        if framed is None:
            return b""
        arrived = bytearray()
        try:
            self._gather(arrived, channel, framed, time.monotonic() + answer_s)
        finally:
            if arrived:
                self._log.note(self.device, Way.RECEIVED, arrived)
        return bytes(arrived)

    def _gather(self, arrived: bytearray, channel: Channel, framed: Framing, until_s: float) -> None:
        """Into ``arrived`` exactly one answer. Raises ``Garbled`` for what is none."""
        while (length := self._length(framed, arrived)) is None:
            if (left_s := until_s - time.monotonic()) <= 0:
                raise TimeoutError("the answer has no end")
            arrived += channel.receive(left_s)
        if len(arrived) > length:
            raise self._garbled(arrived, "more than one answer")

    def _length(self, framed: Framing, arrived: bytearray) -> int | None:
        if len(arrived) > MOST_BYTES:
            raise self._garbled(arrived, "no end")
        try:
            return framed(arrived) if arrived else None
        except ValueError as error:
            raise self._garbled(arrived, str(error)) from error

    def _garbled(self, arrived: bytearray, why: str) -> Garbled:
        return Garbled(self.device, f"answers {readable(arrived)}: {why}", ADVICE)

    def _was_closed(self) -> HardwareError:
        return ConnectionLost(self.device, "the connection was closed", "Connect again.")

    def _drop(self) -> None:
        if self._channel is not None:
            with suppress(OSError):
                self._channel.close()
            self._channel = None
            self._log.note(self.device, Way.ENDED)
