"""The data port: sends images to the client that registered last."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import numpy as np

from hardware.emulators.serving import LOOPBACK, Spoiler, spoil
from hardware.emulators.sharksem.wire import before_pixels
from hardware.types import Image

PIECE_BYTES = 1 << 20
PATIENCE_S = 10.0
"""A client that does not read for so long is hung up on (manual, "Session management")."""


class DataPort:
    """Listens at a fixed port; a connection counts once its client's port was registered."""

    def __init__(self, port: int, spoiler: Spoiler) -> None:
        self._port, self._spoiler = port, spoiler
        self._changed = threading.Condition()
        self._expected: int | None = None
        self._client: socket.socket | None = None
        self._listener: socket.socket | None = None
        self.plug_in()

    def plug_in(self) -> None:
        self._listener = listener = socket.create_server((LOOPBACK, self._port))
        threading.Thread(target=self._listen, args=(listener,), name="ScData", daemon=True).start()

    def unplug(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._changed:
            self._hang_up()

    def expect(self, client_port: int) -> None:
        """``TcpRegDataPort``: images go to the connection that comes from this port."""
        with self._changed:
            self._hang_up()
            self._expected = client_port

    def send(self, frame: int, channel: int, image: Image) -> None:
        """All pieces of an image; none where no client wants them. Spoilt as single pieces."""
        with self._changed:
            self._changed.wait_for(lambda: self._client is not None, timeout=1.0)
            client = self._client
        if client is None:
            return
        bits, pixels = 8 * image.itemsize, np.ascontiguousarray(image).reshape(-1).view(np.uint8).data
        try:
            for start in range(0, len(pixels), PIECE_BYTES):
                piece = pixels[start : start + PIECE_BYTES]
                first_px = start // image.itemsize
                self._send_piece(client, before_pixels(frame, channel, first_px, bits, len(piece)), piece)
        except OSError:
            with self._changed:
                self._hang_up()

    def _send_piece(self, client: socket.socket, head: bytes, pixels: memoryview) -> None:
        """Without a copy of the pixels, unless they are spoilt. Raises ``OSError``."""
        padding = bytes(-len(pixels) % 4)
        spoiled = self._spoiler.strike(head)
        if spoiled is None:
            for part in (head, pixels, padding):
                client.sendall(part)
            return
        sent, breaks = spoil(head + pixels.tobytes() + padding, spoiled)
        client.sendall(sent)
        if breaks:
            raise ConnectionAbortedError("spoilt")

    def _listen(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, (_, client_port) = listener.accept()
                with self._changed:
                    if client_port != self._expected:
                        client.close()
                        continue
                    client.settimeout(PATIENCE_S)
                    self._client = client
                    self._changed.notify_all()

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
