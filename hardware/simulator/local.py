"""The twin inside one process, for tests: devices over a nature without a network."""

from __future__ import annotations

from hardware.errors import BlankerUnknown, HardwareError
from hardware.simulator.firmware import Firmware
from hardware.simulator.link import Json, Reply
from hardware.types import Blanker


class LocalLink:
    """Calls the firmware directly; deadlines cannot be missed."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        return self._firmware.execute(command, values or {})


class LocalBlanker:
    """The ion blanker without a wire, for a guard that runs as an object in a test."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware

    def open(self) -> None:
        self._command("open")

    def blank(self) -> None:
        self._command("blank")

    def state(self) -> Blanker:
        try:
            return self._firmware.blanker("state")
        except HardwareError:
            return Blanker.UNKNOWN

    def disconnect(self) -> None:
        """As if the guard's process had ended."""
        self._firmware.release_blanker()

    def _command(self, command: str) -> None:
        try:
            self._firmware.blanker(command)
        except HardwareError as error:
            raise BlankerUnknown(error.what) from error
