"""Nature's end of the wire to the ion blanker: a port of its own, never behind a scan."""

from __future__ import annotations

import hmac
import json
import secrets
import socketserver
from contextlib import suppress
from threading import Thread
from typing import Any

from hardware.errors import HardwareError
from hardware.simulator.firmware import Firmware

LOOPBACK = "127.0.0.1"
COMMANDS = ("open", "blank", "state")
ENDS_WITHIN_S = 0.01


class _Wire(socketserver.StreamRequestHandler):
    """One connection: a token first, then commands, a JSON line each."""

    server: BlankerPort

    def handle(self) -> None:
        with suppress(OSError, ValueError):
            if not self._admits():
                return
            try:
                while line := self.rfile.readline():
                    self._answer(self._obey(json.loads(line)))
            finally:
                self.server.firmware.release_blanker()

    def _admits(self) -> bool:
        offered = str(json.loads(self.rfile.readline())["token"])
        admitted = hmac.compare_digest(offered.encode(), self.server.token.encode())
        self._answer({} if admitted else {"trouble": "the token is refused"})
        return admitted

    def _obey(self, question: dict[str, Any]) -> dict[str, str]:
        command = question.get("command")
        if command not in COMMANDS:
            return {"trouble": f"there is no command {command!r}"}
        try:
            return {"state": self.server.firmware.blanker(command).value}
        except HardwareError as error:
            return {"trouble": error.what}

    def _answer(self, answer: dict[str, str]) -> None:
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class BlankerPort(socketserver.ThreadingTCPServer):
    """Listens on the loopback for the guard; ``close`` ends it and every connection blanks."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, firmware: Firmware) -> None:
        super().__init__((LOOPBACK, 0), _Wire)
        self.firmware = firmware
        self.token = secrets.token_hex(16)
        Thread(target=self.serve_forever, args=(ENDS_WITHIN_S,), name="blanker port", daemon=True).start()

    @property
    def settings(self) -> dict[str, object]:
        """What :func:`hardware.simulator.blanker.connect` needs."""
        return {"host": LOOPBACK, "port": self.server_address[1], "token": self.token}

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.firmware.release_blanker()
