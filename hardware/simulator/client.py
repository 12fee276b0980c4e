"""A driver's end of nature's process: find it, or start it, and call its firmware."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock
from typing import Any

from hardware.errors import ConnectionLost, Deadline, Refused
from hardware.simulator import wire
from hardware.simulator.config import TwinSettings
from hardware.simulator.link import Json, Reply, error_from_json

CONNECT_S = 5.0
START_S = 60.0
DEVICE = "simulator"
SETTINGS, LOCK = "settings.json", "nature.lock"
OCCUPIED = 3  # the exit code of a nature that found another one in its folder


class RemoteLink:
    """Calls nature's firmware. Thread-safe: a connection for each call that is under way."""

    def __init__(self, address: Json) -> None:
        self._address = address
        self._idle: list[socket.socket] = []
        self._lock = Lock()
        self._closed = False
        self._keep(self._connect())

    @property
    def blanker(self) -> dict[str, object]:
        """The settings of the guard's wire."""
        return dict(self._address["blanker"])

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        """See :class:`hardware.simulator.link.Link`. A call that failed is never repeated."""
        connection = self._take()
        try:
            connection.settimeout(deadline_s)
            wire.send(connection, {"command": command, "values": values or {}})
            header, image = wire.receive(connection)
        except TimeoutError as error:
            connection.close()
            raise Deadline(DEVICE, f"'{command}' has no answer after {deadline_s:g} s") from error
        except (OSError, ValueError) as error:
            connection.close()
            raise ConnectionLost(
                DEVICE, f"its process is gone ({error})", "Start the run again."
            ) from error
        self._keep(connection)
        if "error" in header:
            raise error_from_json(header["error"])
        return Reply(header["values"], image)

    def close(self) -> None:
        """End all connections."""
        with self._lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _take(self) -> socket.socket:
        with self._lock:
            if self._closed:
                raise ConnectionLost(DEVICE, "the connection was closed", "Connect again.")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _keep(self, connection: socket.socket) -> None:
        with self._lock:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _connect(self) -> socket.socket:
        try:
            connection = socket.create_connection(
                (self._address["host"], self._address["port"]), timeout=CONNECT_S
            )
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.send(connection, {"token": self._address["token"]})
            header, _ = wire.receive(connection)
        except (OSError, ValueError) as error:
            raise ConnectionLost(
                DEVICE, f"its process does not answer ({error})", "Start it again."
            ) from error
        if not header.get("admitted"):
            connection.close()
            raise ConnectionLost(DEVICE, "it refuses the token", "Remove its address.json and start again.")
        return connection


def join_or_start(folder: Path, settings: TwinSettings) -> RemoteLink:
    """Connect to the nature that runs in ``folder``; start one if there is none.

    Raises ``Refused`` when one runs there with other settings or cannot start, ``Deadline``
    when it takes too long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if link := _join(folder):
        _expect_same(folder, settings)
        return link
    (folder / SETTINGS).write_text(settings.model_dump_json())
    process = _start(folder)
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        ended = process.poll() not in (None, OCCUPIED)
        if link := _join(folder):
            return link
        if ended:
            raise Refused(DEVICE, _last_words(folder), f"See {folder / 'nature.log'}.")
        time.sleep(0.02)
    raise Deadline(DEVICE, f"did not start within {START_S:g} s", f"See {folder / 'nature.log'}.")


def _join(folder: Path) -> RemoteLink | None:
    try:
        address: dict[str, Any] = json.loads((folder / "address.json").read_text())
        return RemoteLink(address)
    except (OSError, ValueError, ConnectionLost):
        return None


def _expect_same(folder: Path, settings: TwinSettings) -> None:
    running = TwinSettings.model_validate_json((folder / SETTINGS).read_bytes())
    if running != settings:
        names = [n for n in TwinSettings.model_fields if getattr(running, n) != getattr(settings, n)]
        what = f"one runs in {folder} with other settings ({', '.join(names)})"
        raise Refused(DEVICE, what, "End the run that uses it, or choose another folder.")


def _last_words(folder: Path) -> str:
    """Why a nature that ended could not start, in its own words."""
    said = (folder / "nature.log").read_text(errors="replace").strip().splitlines()
    return said[-1].removeprefix(f"{DEVICE}: ").rstrip(".") if said else "its process ended at once"


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """Start nature so that it outlives us."""
    command = [sys.executable, "-m", "hardware.simulator", "--folder", str(folder)]
    with (folder / "nature.log").open("wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
