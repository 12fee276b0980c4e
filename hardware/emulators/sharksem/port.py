"""A TESCAN microscope at two ports of the loopback: control, and images at the next one."""

from __future__ import annotations

import threading
from contextlib import suppress
from decimal import DecimalException

from hardware.emulators.serving import Spoiler, TcpPort
from hardware.emulators.sharksem.column import ColumnFunctions, Settling
from hardware.emulators.sharksem.images import DataPort
from hardware.emulators.sharksem.scan import ScanFunctions
from hardware.emulators.sharksem.scanning import ScanUnit
from hardware.emulators.sharksem.stage import StageFunctions
from hardware.emulators.sharksem.wire import Arguments, Function, Value, call, framed, response
from hardware.errors import BadFrame, ConnectionLost, Deadline, OutOfRange, Refused, StageTouch
from hardware.simulator.link import Link
from hardware.transport.channel import Framing
from hardware.types import Image

ATTEMPTS = 50
NOT_DONE = (OutOfRange, Refused, BadFrame, StageTouch)
"""What the twin refuses; the microscope says nothing of it."""


class SharkSemPort:
    """The twin behind SharkSEM, for as many clients as like to; images go to the last that registered.

    ``spoiler`` strikes answers and, where it matches ``ScData``, pieces of images. Raises ``OSError``
    where a given ``port`` or the next one is taken; without one it finds two that are free.
    ``lies``: what functions answer instead of what is so; then they do nothing. ``settles_s``: how long
    optics and detectors are not stable after a change; no time where the driver is to take as long as
    the twin's own.
    """

    def __init__(self, link: Link, port: int = 0, settles_s: float = 0.0, version: str = "3.2.20") -> None:
        self._functions = _Functions(link, settles_s, version)
        self._control, self._images = _two_ports(self._functions, port)
        self._functions.images = self._images
        self.port = self._control.port

    @property
    def lies(self) -> dict[str, tuple[Value, ...]]:
        return self._functions.lies

    @property
    def spoiler(self) -> Spoiler:
        return self._control.spoiler

    def unplug(self) -> None:
        """Break all connections and answer nobody."""
        self._control.unplug()
        self._images.unplug()

    def plug_in(self) -> None:
        """Listen again, at the same ports."""
        self._images.plug_in()
        self._control.plug_in()

    close = unplug


class _Functions:
    """All functions by name, one at a time.

    As the manual says, unknown functions and wrong arguments are ignored silently, and so are set-points
    that cannot be had: who wants to know reads back.
    """

    def __init__(self, link: Link, settles_s: float, version: str) -> None:
        self.images: DataPort | None = None
        self.lies: dict[str, tuple[Value, ...]] = {}
        self._lock = threading.Lock()
        scan = ScanUnit(link, self._send)
        settling = Settling(link, settles_s)
        column = ColumnFunctions(link, scan, settling, ramp=Settling(link, 2 * settles_s))
        scan.automatic = column.opens_for_a_scan
        parts = (column, ScanFunctions(link, scan, settling), StageFunctions(link))
        self._queries: dict[str, Function] = {
            "TcpGetVersion": lambda _: (version,),
            "TcpGetDevice": lambda _: ("VG1234567US",),
            "TcpRegDataPort": self._register,
        }
        self._commands: dict[str, Function] = {}
        for part in parts:
            self._queries |= part.queries()
            self._commands |= part.commands()

    @property
    def framed(self) -> Framing:
        return framed

    def answer(self, request: bytes) -> bytes:
        """The response to one request, or nothing."""
        asked = call(request)
        if asked.name in self.lies:
            return response(asked, self.lies[asked.name])
        with suppress(ValueError, DecimalException, Deadline, ConnectionLost), self._lock:
            if command := self._commands.get(asked.name):
                with suppress(*NOT_DONE):
                    command(asked.arguments)
                return response(asked, ()) if asked.wants_response else b""
            if query := self._queries.get(asked.name):
                with suppress(*NOT_DONE):
                    return response(asked, query(asked.arguments))
        return b""

    def hung_up(self) -> None:
        """Others may go on."""

    def _register(self, given: Arguments) -> tuple[Value, ...]:
        if self.images is not None:
            self.images.expect(given.count())
        return (0,)

    def _send(self, frame: int, channel: int, image: Image) -> None:
        if self.images is not None:
            self.images.send(frame, channel, image)


def _two_ports(functions: _Functions, port: int) -> tuple[TcpPort, DataPort]:
    """Control, and the port after it."""
    for _ in range(ATTEMPTS):
        control = TcpPort(functions, port)
        try:
            return control, DataPort(control.port + 1, control.spoiler)
        except OSError:
            control.close()
            if port:
                raise
    raise OSError("there are no two free ports in a row")
