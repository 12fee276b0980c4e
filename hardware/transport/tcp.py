"""A TCP connection as a channel."""

from __future__ import annotations

import socket
from dataclasses import dataclass

CONNECT_S = 3.0
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TcpChannel:
    """Bytes through a connected socket, which it owns."""

    connected: socket.socket

    def send(self, data: bytes, timeout_s: float) -> None:
        self.connected.settimeout(timeout_s)
        self.connected.sendall(data)

    def receive(self, timeout_s: float) -> bytes:
        self.connected.settimeout(timeout_s)
        if not (data := self.connected.recv(CHUNK_BYTES)):
            raise ConnectionResetError("the device hung up")
        return data

    def close(self) -> None:
        self.connected.close()


def tcp(host: str, port: int, timeout_s: float = CONNECT_S) -> TcpChannel:
    """Connect. Raises ``OSError``."""
    connected = socket.create_connection((host, port), timeout=timeout_s)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return TcpChannel(connected)
