"""SmartSEM's object over TCP, as DCOM would have it: a line of JSON for each call and each answer.

``RemoteSmartSem`` is served by a :class:`~hardware.emulators.serving.TcpPort`; ``connect`` is the other
end, for the driver's setting ``program_id = "hardware.emulators.smartsem:connect"``.
"""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

from hardware.emulators.smartsem.entry import Value
from hardware.emulators.smartsem.server import ComError, ServerObject, SmartSem
from hardware.transport.channel import Framing, line_ended_by

END = b"\n"
CONNECT_S = 3.0


class RemoteSmartSem:
    """Answers requests ``{"object": ..., "method": ..., "arguments": [...]}``."""

    def __init__(self, sem: SmartSem) -> None:
        self._sem = sem
        self._objects: dict[str, ServerObject] = {}
        self._lock = threading.Lock()

    @property
    def framed(self) -> Framing:
        return line_ended_by(END)

    def answer(self, request: bytes) -> bytes:
        """Raises ``ValueError`` for what is no request."""
        asked: dict[str, Any] = json.loads(request)
        with self._lock:
            server = self._objects.setdefault(str(asked["object"]), self._sem.object())
        try:
            said: dict[str, object] = {"answer": server.invoke(asked["method"], *asked["arguments"])}
        except ComError as error:
            said = {"raised": str(error)}
        return json.dumps(said).encode() + END

    def hung_up(self) -> None:
        """Objects end with their connections; whoever is left says so anew."""


class RemoteObject:
    """What pywin32 would be: calls block until they are answered, however long that takes."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=CONNECT_S)
        except (OSError, ValueError) as error:
            raise ComError(f"The RPC server is unavailable: {error}") from error
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        self._name = f"{self._socket.getsockname()}"

    def invoke(self, method: str, *arguments: Value) -> object:
        """Raises ``ComError`` when the other end is gone, or says what nobody can read."""
        request = {"object": self._name, "method": method, "arguments": arguments}
        try:
            self._socket.sendall(json.dumps(request).encode() + END)
            said = json.loads(self._lines.readline())
            if "raised" in said:
                raise ComError(said["raised"])
            answer = said["answer"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ComError("The remote procedure call failed.") from error
        return tuple(answer) if isinstance(answer, list) else answer

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def connect(address: str) -> RemoteObject:
    """One more object of the SmartSEM at ``host:port``. Raises ``ComError``."""
    return RemoteObject(address)
