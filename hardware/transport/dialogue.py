"""One device, one wire, one thing at a time: asked, commanded or told.

A query may be asked again, on a new connection where the old one failed. A command never is: what
was sent may have been done. After anything that went wrong the connection is dropped, so that a
late answer is never taken for that to the next question.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError
from hardware.transport.channel import MOST_BYTES, Channel, Framing
from hardware.transport.wire_log import NoLog, Way, WireLog

Exchange: TypeAlias = Callable[[bytes, Framing], bytes]
"""Sends and returns the answer, within a greeting."""

ADVICE = "Check its cable and power, then try again."


@dataclass(frozen=True, slots=True)
class Timing:
    """Real times of a dialogue [s], and how often a query is asked again."""

    answer_s: float = 2.0
    retries: int = 2


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
        self._closed = False

    def ask(self, question: bytes, framed: Framing, timeout_s: float | None = None) -> bytes:
        """The answer to a question that changes nothing; asked again when that failed.

        Raises ``Deadline``, ``Garbled`` or ``ConnectionLost``.
        """
        for _ in range(self._timing.retries):
            with suppress(Deadline, Garbled, ConnectionLost):
                return self._exchange(question, framed, timeout_s)
            if self._closed:
                break
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
        """End the connection for good."""
        with self._lock:
            self._closed = True
            self._drop()

    def _exchange(self, words: bytes, framed: Framing | None, timeout_s: float | None) -> bytes:
        answer_s = self._timing.answer_s if timeout_s is None else timeout_s
        if not self._lock.acquire(timeout=answer_s + self._timing.answer_s):
            raise Deadline(self.device, "is busy with another command", "Try again.")
        try:
            channel = self._opened()
            return self._spoken(channel, words, framed, answer_s)
        except HardwareError:
            self._drop()
            raise
        except TimeoutError as error:
            self._drop()
            raise Deadline(self.device, f"did not answer within {answer_s:g} s", ADVICE) from error
        except OSError as error:
            self._drop()
            raise ConnectionLost(self.device, f"the connection is gone ({_said(error)})", ADVICE) from error
        finally:
            self._lock.release()

    def _opened(self) -> Channel:
        if self._closed:
            raise ConnectionLost(self.device, "the connection was closed", "Connect again.")
        if self._channel is None:
            try:
                self._channel = channel = self._connect()
            except OSError as error:
                raise ConnectionLost(self.device, f"cannot be reached ({_said(error)})", ADVICE) from error
            self._log.note(self.device, Way.OPENED)
            self._greeting(
                lambda words, framed: self._spoken(channel, words, framed, self._timing.answer_s)
            )
        return self._channel

    def _spoken(self, channel: Channel, words: bytes, framed: Framing | None, answer_s: float) -> bytes:
        """Send, and gather one complete answer if one is ``framed``."""
        self._log.note(self.device, Way.SENT, words)
        channel.send(words, answer_s)
        if framed is None:
            return b""
        until_s = time.monotonic() + answer_s
        arrived = bytearray()
        while (length := self._length(framed, arrived)) is None:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            arrived += channel.receive(left_s)
        if len(arrived) > length:
            raise self._garbled(bytes(arrived), "more than one answer")
        self._log.note(self.device, Way.RECEIVED, bytes(arrived))
        return bytes(arrived)

    def _length(self, framed: Framing, arrived: bytearray) -> int | None:
        if len(arrived) > MOST_BYTES:
            raise self._garbled(bytes(arrived), "no end")
        try:
            return framed(arrived) if arrived else None
        except ValueError as error:
            raise self._garbled(bytes(arrived), str(error)) from error

    def _garbled(self, arrived: bytes, why: str) -> Garbled:
        self._log.note(self.device, Way.RECEIVED, arrived)
        return Garbled(self.device, f"answers {arrived[:40]!r}: {why}", ADVICE)

    def _drop(self) -> None:
        if self._channel is not None:
            with suppress(OSError):
                self._channel.close()
            self._channel = None
            self._log.note(self.device, Way.ENDED)


def _said(error: OSError) -> str:
    """What an error of the operating system says, on one line."""
    return " ".join(str(error.strerror or error).split())
