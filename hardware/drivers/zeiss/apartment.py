"""A COM object on a thread of its own, with a deadline for each call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from hardware.connection import Connection
from hardware.drivers.zeiss.codes import REMOTE, code_of
from hardware.drivers.zeiss.dispatch import Dispatch, Dispatched, Value
from hardware.errors import ConnectionLost, Deadline, HardwareError
from hardware.transport.wire_log import Way, WireLog

ADVICE = "See whether SmartSEM answers on its own screen, then try again."
CLOSING_S = 1.0


@dataclass(frozen=True, slots=True)
class _Session:
    thread: Connection
    com: Dispatched


class Apartment:
    """Calls methods of SmartSEM's object, one after the other, and makes it when it is needed.

    COM objects belong to the thread that made them. A call that hangs or fails costs thread and
    object, and the next call gets new ones, so that SmartSEM may be restarted in between. Nothing is
    called twice here. Times are real ones; to make an object and to have it initialised may take longer
    than to call it.
    """

    def __init__(
        self, device: str, dispatch: Dispatch, answer_s: float, opening_s: float, log: WireLog
    ) -> None:
        self.device = device
        self._dispatch, self._answer_s, self._opening_s, self._log = dispatch, answer_s, opening_s, log
        self._lock = threading.Lock()
        self._session: _Session | None = None
        self._closed = False

    def invoke(self, method: str, *arguments: Value, deadline_s: float | None = None) -> object:
        """What the method returns. Raises ``Deadline`` or ``ConnectionLost``."""
        said = " ".join(map(str, (method, *arguments)))
        limit_s = deadline_s or self._answer_s
        with self._turn(limit_s):
            session = self._session or self._opened()
            self._log.note(self.device, Way.SENT, said.encode())
            answer = self._called(session, said, limit_s, method, *arguments)
            self._log.note(self.device, Way.RECEIVED, repr(answer).encode())
            if code_of(answer) in REMOTE:  # SmartSEM was restarted: this object is of no use any more
                self._drop(session, Way.ENDED)
        return answer

    def close(self) -> None:
        """End the connection for good; once more does no harm."""
        self._closed = True
        with suppress(Deadline), self._turn(CLOSING_S):
            session, self._session = self._session, None
            if session is not None:
                _end(session, "ClosingControl")
                self._log.note(self.device, Way.ENDED)

    @contextmanager
    def _turn(self, limit_s: float) -> Iterator[None]:
        if not self._lock.acquire(timeout=limit_s):
            raise Deadline(self.device, "is busy with another command", "Try again.")
        try:
            yield
        finally:
            self._lock.release()

    def _opened(self) -> _Session:
        """A new thread with a new object, remoting initialised."""
        if self._closed:
            raise ConnectionLost(self.device, "the connection was closed", "Connect again.")
        thread = Connection(self.device)
        try:
            com, code = thread.call(self._initialised, self._opening_s)
        except Exception as error:  # pywin32's errors have no base of their own
            thread.close()
            advice = error.advice if isinstance(error, HardwareError) else ADVICE
            raise ConnectionLost(self.device, f"cannot be reached ({_said(error)})", advice) from error
        session = _Session(thread, com)
        if code != 0:
            _end(session)
            advice = "Start SmartSEM, log a user in, and see that its remote control is configured."
            raise ConnectionLost(self.device, f"SmartSEM refuses remote control (code {code})", advice)
        self._log.note(self.device, Way.OPENED)
        self._session = session
        return session

    def _initialised(self) -> tuple[Dispatched, object]:
        """A new object, and what it says to being initialised; on the thread that it belongs to."""
        com = self._dispatch()
        try:
            return com, com.invoke("InitialiseRemoting")
        except BaseException:
            com.close()
            raise

    def _called(
        self, session: _Session, said: str, limit_s: float, method: str, *arguments: Value
    ) -> object:
        try:
            return session.thread.call(partial(session.com.invoke, method, *arguments), limit_s)
        except ConnectionLost as error:  # of the thread: the call hangs
            self._drop(session, Way.SILENT)
            raise Deadline(self.device, f"'{said}' had no answer within {limit_s:g} s", ADVICE) from error
        except Exception as error:  # pywin32's errors have no base of their own
            self._drop(session, Way.ENDED)
            what = f"the connection broke at '{said}' ({_said(error)})"
            raise ConnectionLost(self.device, what, ADVICE) from error

    def _drop(self, session: _Session, way: Way) -> None:
        self._session = None
        self._log.note(self.device, way)
        _end(session)


def _end(session: _Session, *farewell: str) -> None:
    """Let go of object and thread; who hangs is left behind."""
    with suppress(Exception):  # of pywin32, about an object that nobody wants any more
        for method in farewell:
            session.thread.call(partial(session.com.invoke, method), CLOSING_S)
        session.thread.call(session.com.close, CLOSING_S)
    session.thread.close()


def _said(error: Exception) -> str:
    """What an error says, on one line."""
    said = error.what if isinstance(error, HardwareError) else " ".join(str(error).split())
    return said or type(error).__name__
