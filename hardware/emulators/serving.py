"""The near end of an emulated device's wire: TCP on the loopback, or a pseudo-terminal.

Both can be unplugged and plugged in again at the same address, and spoil answers on demand.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from hardware.transport.channel import Framing

LOOPBACK = "127.0.0.1"
GARBAGE = bytes(range(200, 256)) * 2
LONGEST_ANSWER_S = 2.0
"""So long an answer may be under way when the plug is pulled."""


class Emulated(Protocol):
    """A device behind a wire: one request in, one answer out."""

    @property
    def framed(self) -> Framing:
        """Where a request ends; ``ValueError`` for bytes that begin none."""
        ...

    def answer(self, request: bytes) -> bytes:
        """What it says to one request; nothing for one that is not acknowledged."""
        ...

    def hung_up(self) -> None:
        """The other end is gone, or the cable is out."""
        ...


class Spoiling(Enum):
    """What befalls an answer on its way: it never comes, comes too late, in part, or as something else."""

    SILENT = "silent"
    LATE = "late"
    CUT_OFF = "cut off"
    GARBAGE = "garbage"
    WRONG_ECHO = "wrong echo"
    NO_NUMBERS = "no numbers"


@dataclass(frozen=True, slots=True)
class Spoiled:
    """The next ``times`` requests that contain ``matching`` get their answers spoiled."""

    how: Spoiling
    matching: bytes = b""
    times: int = 1
    late_s: float = 0.0


class Spoiler:
    """Decides for each request whether its answer is spoiled. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead: deque[Spoiled] = deque()

    def spoil(self, spoiled: Spoiled) -> None:
        with self._lock:
            self._ahead.extend([spoiled] * spoiled.times)

    def clear(self) -> None:
        """Spoil no more."""
        with self._lock:
            self._ahead.clear()

    def strike(self, request: bytes) -> Spoiled | None:
        """What befalls the answer to this request."""
        with self._lock:
            for spoiled in self._ahead:
                if spoiled.matching in request:
                    self._ahead.remove(spoiled)
                    return spoiled
        return None


def spoil(answer: bytes, spoiled: Spoiled | None) -> tuple[bytes, bool]:
    """What of an answer is sent, and whether the wire breaks then."""
    if spoiled is None:
        return answer, False
    match spoiled.how:
        case Spoiling.SILENT:
            return b"", False
        case Spoiling.LATE:
            time.sleep(spoiled.late_s)
            return answer, False
        case Spoiling.CUT_OFF:
            return answer[: len(answer) // 2], True
        case Spoiling.GARBAGE:
            return GARBAGE, False
        case Spoiling.WRONG_ECHO:
            return bytes(byte ^ 1 if byte > 32 else byte for byte in answer), False
        case Spoiling.NO_NUMBERS:
            return re.sub(rb"[0-9]", b"x", answer), False


class Wire(Protocol):
    """The near end of an emulated device's wire."""

    @property
    def spoiler(self) -> Spoiler: ...

    def unplug(self) -> None:
        """The cable is out."""
        ...

    def plug_in(self) -> None:
        """It is in again, at the same address."""
        ...

    def close(self) -> None: ...


class _Session:
    """Requests from one connection, answered one after the other."""

    def __init__(self, device: Emulated, spoiler: Spoiler) -> None:
        self._device, self._spoiler = device, spoiler
        self._arrived = bytearray()

    def take(self, data: bytes, send: Callable[[bytes], None]) -> bool:
        """Answer what is complete; whether the connection goes on."""
        self._arrived += data
        try:
            while self._arrived and (length := self._device.framed(self._arrived)) is not None:
                request, self._arrived = bytes(self._arrived[:length]), self._arrived[length:]
                answer, breaks = spoil(self._device.answer(request), self._spoiler.strike(request))
                if answer:
                    send(answer)
                if breaks:
                    return False
        except ValueError:
            self._arrived.clear()  # as a device does that hears nonsense
        return True


class TcpPort:
    """Serves one device on the loopback; as many connections as like to."""

    def __init__(self, device: Emulated, port: int = 0) -> None:
        self._device = device
        self.spoiler = Spoiler()
        self._lock = threading.Lock()
        self._connected: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = port
        self.plug_in()

    def plug_in(self) -> None:
        """Listen, at the same port as before."""
        listener = socket.create_server((LOOPBACK, self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._listen, args=(listener,), name="emulated port", daemon=True).start()

    def unplug(self) -> None:
        """Break all connections and answer nobody."""
        with self._lock:
            listener, self._listener = self._listener, None
            connected = list(self._connected)
        for open_ in (listener, *connected):
            if open_ is not None:
                with suppress(OSError):
                    open_.shutdown(socket.SHUT_RDWR)
                open_.close()

    close = unplug

    def _listen(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connected, _ = listener.accept()
                with self._lock:
                    if listener is not self._listener:  # unplugged just now
                        connected.close()
                        return
                    self._connected.add(connected)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        session = _Session(self._device, self.spoiler)
        try:
            with suppress(OSError):
                while data := connected.recv(1 << 16):
                    if not session.take(data, connected.sendall):
                        break
        finally:
            with self._lock:
                self._connected.discard(connected)
            connected.close()
            self._device.hung_up()


class Terminal:
    """Serves one device on a pseudo-terminal; ``path`` is what the driver opens as a serial port."""

    def __init__(self, device: Emulated, link: Path) -> None:
        self._device = device
        self.spoiler = Spoiler()
        self.path = link
        self.plug_in()

    def plug_in(self) -> None:
        """Appear at the same path as before."""
        import pty  # not on Windows, where nothing is emulated on a serial line
        import tty

        near, far = pty.openpty()
        tty.setraw(far)
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.symlink_to(os.ttyname(far))
        beside.replace(self.path)
        self._plug = _Plug(near, far)
        self._serving = threading.Thread(
            target=self._serve, args=(self._plug,), name="emulated line", daemon=True
        )
        self._serving.start()

    def unplug(self) -> None:
        """As a USB adapter that is pulled out: the path is gone, open ports fail, nothing is heard."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self._plug.pull()
        self._serving.join(LONGEST_ANSWER_S)

    close = unplug

    def _serve(self, plug: _Plug) -> None:
        session = _Session(self._device, self.spoiler)
        try:
            with suppress(OSError):
                while data := plug.hear():
                    if not session.take(data, plug.say):
                        break
        finally:
            if not plug.pulled:  # the wire breaks for a moment: a driver finds it again at once
                self.plug_in()
            plug.end()
            self._device.hung_up()


class _Plug:
    """Both ends of a pseudo-terminal, as long as it is plugged in."""

    def __init__(self, near: int, far: int) -> None:
        self._near, self._far = near, far
        self._wakes, self._wake = os.pipe()
        self.pulled = False

    def hear(self) -> bytes:
        """What has arrived; nothing when the plug was pulled."""
        import select

        ready, _, _ = select.select([self._near, self._wakes], [], [])
        return b"" if self._wakes in ready else os.read(self._near, 1 << 16)

    def say(self, data: bytes) -> None:
        _write_all(self._near, data)

    def pull(self) -> None:
        """From another thread."""
        if not self.pulled:
            self.pulled = True
            with suppress(OSError):  # it broke just now
                os.write(self._wake, b".")

    def end(self) -> None:
        for descriptor in (self._near, self._far, self._wakes, self._wake):
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
