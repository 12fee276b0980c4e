"""Calls of AutoScript's server: by path, over as many connections as are busy, each failure typed.

A client of AutoScript answers one call after the other, and a scan or a move lasts until it is over. So
whoever calls gets a connection that is idle, or a new one: a stop never waits behind a scan. After
anything that went wrong the connection is dropped.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from typing import Any, TypeVar

from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError, Refused
from hardware.transport.wire_log import Way, WireLog

T = TypeVar("T")

READY = 3
"""Connections that are made at once: for what takes long, for readings meanwhile, and for what stops it."""

RETRIES = 1

ANYTHING = "beams.electron_beam.is_on"
"""What is asked to see whether anybody answers."""

RESTART = "Check AutoScript's server on the microscope's computer, then try again."
VERSIONS = "Check that AutoScript's client is of its server's version."
OWN_WORDS = "Look at the messages of the microscope's own software."


class Server:
    """Thread-safe.

    Args:
        device: its name as the operator knows it; errors carry it.
        connect: makes one more connected client; may raise anything.
    """

    def __init__(self, device: str, connect: Callable[[], Any], log: WireLog) -> None:
        self.device = device
        self._connect, self._log = connect, log
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._closed = False

    def prepare(self) -> None:
        """Connect as often as is needed from the start. Raises ``HardwareError``."""
        for client in [self._new() for _ in range(READY)]:
            self._keep(client)

    def ask(self, what: str, question: Callable[[Any], T]) -> T:
        """What a question to a client gives that changes nothing; asked again where it failed.

        Raises ``Deadline``, ``Garbled``, ``ConnectionLost`` or ``Refused``.
        """
        for _ in range(RETRIES):
            with suppress(Deadline, Garbled, ConnectionLost):
                return self.call(what, question)
        return self.call(what, question)

    def wake(self) -> None:
        """Before a command that must get through: what died unnoticed is made anew for questions only."""
        with suppress(HardwareError):  # whatever is wrong, the command says so itself
            self.truth(ANYTHING)

    def read(self, path: str, valid: Callable[[Any], T]) -> T:
        """The value at ``path``, which ``valid`` understands, or raises ``ValueError`` for."""
        return self.ask(path, lambda client: valid(attrgetter(path)(client)))

    def number(self, path: str) -> float:
        return self.read(path, number)

    def truth(self, path: str) -> bool:
        return self.read(path, truth)

    def set(self, path: str, value: object) -> None:
        """A set-point, sent at most once."""
        owner, _, name = path.rpartition(".")
        self.call(f"{path} = {value!r}", lambda client: setattr(attrgetter(owner)(client), name, value))

    def run(self, path: str, *arguments: object) -> Any:
        """A command, sent at most once."""
        said = ", ".join(map(repr, arguments))
        return self.call(f"{path}({said})", lambda client: attrgetter(path)(client)(*arguments))

    def call(self, what: str, function: Callable[[Any], T]) -> T:
        """``function`` of a client that nobody else uses meanwhile; called once. ``what`` is for errors."""
        client = self._take()
        self._log.note(self.device, Way.SENT, what.encode())
        try:
            result = function(client)
        except Exception as error:  # a closed package may raise anything; none of it may pass untyped
            self._log.note(self.device, Way.ENDED, repr(error).encode())
            _end(client)
            typed = self._typed(what, error)
            if isinstance(typed, ConnectionLost):
                self._drop_idle()
            raise typed from error
        self._keep(client)
        self._log.note(self.device, Way.RECEIVED, repr(result).encode())
        return result

    def close(self) -> None:
        """End all connections for good. Those in use end when they come back."""
        with self._lock:
            self._closed = True
        self._drop_idle()

    def _drop_idle(self) -> None:
        """Where one connection broke, the others did: who asks again is to get a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for client in idle:
            _end(client)

    def _take(self) -> Any:
        with self._lock:
            if self._closed:
                raise ConnectionLost(self.device, "the connection was closed", "Connect again.")
            if self._idle:
                return self._idle.pop()
        return self._new()

    def _keep(self, client: Any) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(client)
                return
        _end(client)

    def _new(self) -> Any:
        try:
            client = self._connect()
        except HardwareError:
            raise
        except Exception as error:  # as above
            what = f"AutoScript's server cannot be reached ({_text(error)})"
            raise ConnectionLost(self.device, what, RESTART) from error
        self._log.note(self.device, Way.OPENED)
        return client

    def _typed(self, what: str, error: Exception) -> HardwareError:
        match error:
            case HardwareError():
                return error
            case TimeoutError():
                return Deadline(self.device, f"did not answer {what} in time", RESTART)
            case OSError() | EOFError():
                return ConnectionLost(
                    self.device, f"the connection broke at {what} ({_text(error)})", RESTART
                )
            case AttributeError() | TypeError() | ValueError() | LookupError():
                return Garbled(self.device, f"{what} makes no sense ({_text(error)})", VERSIONS)
            case _:
                return Refused(self.device, f"refused {what} ({_text(error)})", OWN_WORDS)


def number(value: object) -> float:
    """The value, where it is a finite number. Raises ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def truth(value: object) -> bool:
    """The value, where it is true or false. Raises ``ValueError``."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither yes nor no")
    return value


def _end(client: Any) -> None:
    with suppress(Exception):  # it may be broken already, and is done with
        client.disconnect()


def _text(error: Exception) -> str:
    """An error's words on one line, without a stop at their end."""
    return " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
