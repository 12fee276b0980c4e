"""The wire from the guard process to the twin's ion blanker.

Only the standard library and the hardware vocabulary are imported: the guard stays small.
The wire fails closed: when this connection ends, for whatever reason, nature blanks.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from hardware.errors import BlankerUnknown
from hardware.types import Blanker

ANSWER_S = 1.0


class TwinBlanker:
    """One connection that asks nature to open or blank, one JSON line each way."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._lines = wire.makefile("r", encoding="utf-8")

    def open(self) -> None:
        self._command("open")

    def blank(self) -> None:
        self._command("blank")

    def state(self) -> Blanker:
        """What the blanker reads back; ``UNKNOWN`` when it does not answer."""
        try:
            return Blanker(self._command("state")["state"])
        except BlankerUnknown:
            return Blanker.UNKNOWN

    def close(self) -> None:
        """End the connection; nature blanks."""
        with suppress(OSError):
            self._wire.close()
        self._lines.close()

    def ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        """Send one line and read one. Raises ``BlankerUnknown`` when there is no answer."""
        try:
            self._wire.sendall(json.dumps(question).encode() + b"\n")
            answer: dict[str, Any] = json.loads(self._lines.readline())
        except (OSError, ValueError) as error:
            raise BlankerUnknown(f"the wire to the blanker is dead ({error})") from error
        if "trouble" in answer:
            raise BlankerUnknown(str(answer["trouble"]))
        return answer

    def _command(self, command: str) -> dict[str, Any]:
        return self.ask({"command": command})


def connect(settings: Mapping[str, object]) -> TwinBlanker:
    """Connect to a running nature: ``host``, ``port`` and ``token`` as its driver handed them out.

    Raises ``BlankerUnknown`` when nobody answers there or the token is refused.
    """
    address = (str(settings["host"]), int(str(settings["port"])))
    try:
        wire = socket.create_connection(address, timeout=ANSWER_S)
    except OSError as error:
        raise BlankerUnknown(f"nobody answers at {address[0]}:{address[1]} ({error})") from error
    blanker = TwinBlanker(wire)
    blanker.ask({"token": settings["token"]})
    return blanker
