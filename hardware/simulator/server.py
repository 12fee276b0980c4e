"""Nature in a process of its own: it goes on whatever becomes of the program that drives it."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event, Lock, Thread

from hardware.errors import HardwareError
from hardware.simulator import wire
from hardware.simulator.assembly import nature_of
from hardware.simulator.blanker_port import ENDS_WITHIN_S, LOOPBACK, BlankerPort
from hardware.simulator.config import TwinSettings
from hardware.simulator.firmware import Firmware
from hardware.simulator.link import error_to_json
from hardware.simulator.memory import Memory
from hardware.simulator.nature import Nature
from hardware.simulator.truth import TruthFile

TICK_S = 0.1
ADDRESS = "address.json"


class _Client(socketserver.BaseRequestHandler):
    """One connection: a token first, then commands one after the other."""

    server: CommandPort

    def handle(self) -> None:
        with suppress(OSError, ValueError, KeyError), self.server.attended():
            if not self._admits():
                return
            while True:
                header, _ = wire.receive(self.request)
                self._answer(str(header["command"]), dict(header["values"]))

    def _admits(self) -> bool:
        header, _ = wire.receive(self.request)
        admitted = hmac.compare_digest(str(header["token"]).encode(), self.server.token.encode())
        wire.send(self.request, {"admitted": admitted})
        return admitted

    def _answer(self, command: str, values: wire.Json) -> None:
        try:
            reply = self.server.firmware.execute(command, values)
        except HardwareError as error:
            wire.send(self.request, {"error": error_to_json(error)})
        else:
            wire.send(self.request, {"values": reply.values}, reply.image)


class Attendance:
    """Counts connections, and says since when there is none."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._n = 0
        self._alone_since_s = time.monotonic()

    def __enter__(self) -> None:
        with self._lock:
            self._n += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n -= 1
            self._alone_since_s = time.monotonic()

    def alone_s(self) -> float:
        """Real seconds without any connection."""
        with self._lock:
            return 0.0 if self._n else time.monotonic() - self._alone_since_s


class CommandPort(socketserver.ThreadingTCPServer):
    """Listens on the loopback for drivers, a thread for each connection."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, firmware: Firmware) -> None:
        super().__init__((LOOPBACK, 0), _Client)
        self.firmware = firmware
        self.token = secrets.token_hex(16)
        self._attendance = Attendance()
        Thread(target=self.serve_forever, args=(ENDS_WITHIN_S,), name="command port", daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def attended(self) -> Attendance:
        return self._attendance

    def alone_s(self) -> float:
        return self._attendance.alone_s()


@contextmanager
def published(firmware: Firmware, folder: Path) -> Iterator[CommandPort]:
    """Listen for drivers and for the guard, and say in ``folder`` where."""
    commands, blanker = CommandPort(firmware), BlankerPort(firmware)
    _publish(folder, commands, blanker)
    try:
        yield commands
    finally:
        (folder / ADDRESS).unlink(missing_ok=True)
        commands.close()
        blanker.close()


Beside = Callable[[Nature, Firmware], AbstractContextManager[object]]


def _nothing_beside(_nature: Nature, _firmware: Firmware) -> AbstractContextManager[object]:
    return nullcontext()


def serve(
    folder: Path,
    settings: TwinSettings,
    stop: Event,
    idle_exit_s: float,
    beside: Beside = _nothing_beside,
) -> None:
    """Host nature until ``stop``, or until nobody has been connected for ``idle_exit_s``.

    Its state is taken up from ``folder`` and saved there; the truth goes to ``folder/truth``. What else
    lives on it is opened by ``beside``. Raises ``Refused`` when the folder holds another wafer.
    """
    truth = TruthFile(folder / "truth")
    memory = Memory(folder)
    nature = nature_of(settings, truth, memory.last_instant_s())
    memory.recall(nature)
    firmware = Firmware(nature)
    try:
        with published(firmware, folder) as commands, beside(nature, firmware):
            saved_s = time.monotonic()
            while not stop.wait(TICK_S) and commands.alone_s() < idle_exit_s:
                with nature.lock:
                    nature.catch_up()
                if time.monotonic() - saved_s > settings.save_every_s:
                    memory.save(nature)
                    saved_s = time.monotonic()
    finally:
        memory.save(nature)
        truth.close()


def _publish(folder: Path, commands: CommandPort, blanker: BlankerPort) -> None:
    """Write where nature listens, readable by its owner alone."""
    address = {
        "host": LOOPBACK,
        "port": commands.server_address[1],
        "token": commands.token,
        "blanker": blanker.settings,
        "pid": os.getpid(),
    }
    partial = folder / f"{ADDRESS}.partial"
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(address, file)
    partial.replace(folder / ADDRESS)
