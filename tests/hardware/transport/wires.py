"""Devices on real wires that tests of the transport speak with."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hardware.emulators.serving import LOOPBACK, TcpPort, Terminal
from hardware.transport.channel import Channel, Framing, line_ended_by
from hardware.transport.serial_port import serial_port
from hardware.transport.tcp import tcp
from hardware.transport.visa import visa

LINE = line_ended_by(b"\n")


@dataclass
class Counter:
    """Answers ``n?`` with how often it was asked, and takes ``set`` without a word."""

    heard: list[bytes] = field(default_factory=list)

    @property
    def framed(self) -> Framing:
        return LINE

    def answer(self, request: bytes) -> bytes:
        self.heard.append(request)
        return b"" if request.startswith(b"set") else b"%d %b" % (len(self.heard), request)

    def hung_up(self) -> None:
        """It does not mind."""


@dataclass
class Wire:
    """A device, the near end of its wire, and how a driver opens the far end.

    ``heeds_closing``: whether closing ends a wait at once.
    """

    device: Counter
    end: TcpPort | Terminal
    connect: Callable[[], Channel]
    heeds_closing: bool = True


def tcp_wire(folder: Path) -> Wire:
    device = Counter()
    end = TcpPort(device)
    return Wire(device, end, lambda: tcp(LOOPBACK, end.port))


def terminal_wire(folder: Path) -> Wire:
    device = Counter()
    end = Terminal(device, folder / "port")
    return Wire(device, end, lambda: serial_port(str(end.path)))


def visa_serial_wire(folder: Path) -> Wire:
    device = Counter()
    end = Terminal(device, folder / "port")
    return Wire(device, end, lambda: visa(f"ASRL{end.path}::INSTR", "@py"), heeds_closing=False)


WIRES = {
    "tcp": tcp_wire,
    "terminal": terminal_wire,
    "visa serial": visa_serial_wire,
}


@contextmanager
def raw_server(play: Callable[[socket.socket], None]) -> Iterator[int]:
    """Whoever connects is played to by ``play``; gives the port."""
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connected, _ = listener.accept()
                with connected, suppress(OSError):
                    play(connected)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def trickle(connected: socket.socket, bytes_: Iterable[int], pause_s: float) -> None:
    """After a request, one byte at a time."""
    connected.recv(100)
    for byte in bytes_:
        connected.sendall(bytes([byte]))
        time.sleep(pause_s)
