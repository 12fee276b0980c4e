"""The data connection: images in pieces, straight into the array that they make up.

After the SharkSEM manual, "Session management": a socket is bound, its port is registered through
the control connection, then it connects to the port after the one for control.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from hardware.drivers.tescan.message import BLOCK, HEADER, Block, block, header
from hardware.errors import BadFrame, ConnectionLost, Garbled
from hardware.transport.plain_words import in_plain_words
from hardware.transport.wire_log import Way, WireLog
from hardware.types import Image

CONNECT_S = 3.0
SILENCE_S = 0.25
SKIP_BYTES = 1 << 16
AGAIN = "Scan the frame again."


@dataclass(frozen=True, slots=True)
class Expected:
    """The frame that is waited for."""

    frame: int
    channel: int
    bits: int
    n_px: int

    @property
    def px_bytes(self) -> int:
        return self.bits // 8

    def has(self, piece: Block) -> bool:
        """Whether a piece is of this frame, not of one that was scanned before."""
        return (piece.frame, piece.channel) == (self.frame, self.channel)

    def misfit(self, piece: Block, done_px: int) -> str | None:
        """Why a piece cannot be taken; it may come again, but none may be left out."""
        if piece.bits != self.bits:
            return f"the frame has {piece.bits} bits, not {self.bits}"
        if piece.first_px > done_px:
            return f"the frame is truncated: pixels are missing after {done_px} of {self.n_px}"
        if piece.first_px * self.px_bytes + piece.n_bytes > self.n_px * self.px_bytes:
            return f"the frame has more than the {self.n_px} pixels asked for"
        return None


class ImageLink:
    """One socket at a time; used by the thread that scans."""

    def __init__(self, device: str, host: str, port: int, log: WireLog) -> None:
        self._device, self._address, self._log = device, (host, port), log
        self._wire: socket.socket | None = None

    @property
    def is_open(self) -> bool:
        return self._wire is not None

    def open(self, register: Callable[[int], object]) -> None:
        """Connect, in place of an earlier connection.

        Raises ``ConnectionLost`` and what ``register`` raises, which gets the port on this side.
        """
        self.close()
        wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            wire.settimeout(CONNECT_S)
            wire.bind(("", 0))
            register(wire.getsockname()[1])
            wire.connect(self._address)
        except OSError as error:
            wire.close()
            what = f"the port for images cannot be reached: {in_plain_words(error)}"
            raise ConnectionLost(self._device, what, "Check the firewall between the computers.") from error
        except BaseException:
            wire.close()
            raise
        wire.settimeout(SILENCE_S)
        self._wire = wire

    def close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()

    def receive(self, image: Image, expected: Expected, watch: Callable[[float], None]) -> None:
        """Fill ``image`` with the pieces of one frame; those of other frames are dropped.

        ``watch`` is called before whatever is waited for, with the time since the last byte [s], and ends
        the waiting by raising. Raises ``BadFrame`` for a piece that does not fit, ``Garbled`` for
        what is none, ``ConnectionLost``. After each error the connection is closed, so that nothing of
        this frame is left for the next one.
        """
        try:
            self._fill(image.reshape(-1).view(np.uint8).data, expected, watch)
        except ValueError as error:
            self.close()
            raise Garbled(self._device, f"ScData: {error}", AGAIN) from error
        except OSError as error:
            self.close()
            what = f"the connection for images is gone: {in_plain_words(error)}"
            raise ConnectionLost(self._device, what, "Check the network, then scan again.") from error
        except BaseException:
            self.close()
            raise

    def _fill(self, pixels: memoryview, expected: Expected, watch: Callable[[float], None]) -> None:
        head = memoryview(bytearray(HEADER.size + BLOCK.size))
        done = 0
        while done < len(pixels):
            self._read(head[: HEADER.size], watch)
            message = header(head)
            if message.name != "ScData" or message.body_bytes < BLOCK.size:
                self._skip(message.body_bytes, watch)
                continue
            self._read(head[HEADER.size :], watch)
            self._log.note(f"{self._device} (images)", Way.RECEIVED, bytes(head))
            done = self._take(pixels, done, head, expected, watch)

    def _take(
        self,
        pixels: memoryview,
        done: int,
        head: memoryview,
        expected: Expected,
        watch: Callable[[float], None],
    ) -> int:
        """The rest of one message, into its place; how many bytes from the first one on are there then."""
        piece, left = block(head[HEADER.size :]), header(head).body_bytes - BLOCK.size
        if piece.n_bytes > left:
            raise ValueError("a piece is longer than its message")
        if expected.has(piece):
            if why := expected.misfit(piece, done // expected.px_bytes):
                raise BadFrame(self._device, why, AGAIN)
            start = piece.first_px * expected.px_bytes
            self._read(pixels[start : start + piece.n_bytes], watch)
            done, left = max(done, start + piece.n_bytes), left - piece.n_bytes
        self._skip(left, watch)
        return done

    def _skip(self, n_bytes: int, watch: Callable[[float], None]) -> None:
        while n_bytes > 0:
            n_now = min(n_bytes, SKIP_BYTES)
            self._read(memoryview(bytearray(n_now)), watch)
            n_bytes -= n_now

    def _read(self, into: memoryview, watch: Callable[[float], None]) -> None:
        silent_s = 0.0
        while into:
            watch(silent_s)
            if self._wire is None:
                raise ConnectionResetError("it was closed")
            try:
                n_bytes = self._wire.recv_into(into)
            except TimeoutError:
                silent_s += SILENCE_S
                continue
            if n_bytes == 0:
                raise ConnectionResetError("the microscope hung up")
            into, silent_s = into[n_bytes:], 0.0
