"""A TCP connection as a channel."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

from hardware.transport.channel import drained
from hardware.transport.plain_words import GONE, told_plainly

CONNECT_S = 3.0
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TcpChannel:
    """Bytes through a connected socket, which it owns."""

    connected: socket.socket

    def send(self, data: bytes, timeout_s: float) -> None:
        with told_plainly():
            self.connected.settimeout(timeout_s)
            self.connected.sendall(data)

    def receive(self, timeout_s: float) -> bytes:
        with told_plainly():
            self.connected.settimeout(timeout_s)
            try:
                data = self.connected.recv(CHUNK_BYTES)
            except BlockingIOError as error:  # a time-out of 0
                raise TimeoutError("nothing came") from error
            if not data:
                raise ConnectionResetError(GONE)
            return data

    def drain(self, listen_s: float) -> bytes:
        return drained(self.receive, listen_s)

    def hang_up(self) -> None:
        with suppress(OSError):  # it may be hung up already
            self.connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.connected.close()


def tcp(host: str, port: int, timeout_s: float = CONNECT_S) -> TcpChannel:
    """Connect. Raises ``OSError``."""
    try:
        with told_plainly():
            connected = socket.create_connection((host, port), timeout=timeout_s)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError as error:
        raise OSError(f"nobody answers at this address within {timeout_s:g} s") from error
    return TcpChannel(connected)
