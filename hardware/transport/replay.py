"""A recorded wire log as a device that answers, so that a log from a laboratory is a test."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from hardware.errors import Refused
from hardware.transport.plain_words import GONE, readable
from hardware.transport.wire_log import Piece, Way, read_log

ADVICE = "Mend the driver, or record the log again."


class Replay:
    """The device's part of a log; ``connect`` opens it for a ``Dialogue``.

    It answers at once what the device answered, says nothing where it said nothing, and hangs up where it
    hung up. A driver that sends something else than the log holds gets ``Refused``, with both.
    """

    def __init__(self, pieces: Iterable[Piece], device: str) -> None:
        self._device = device
        self._ahead = deque(p for p in pieces if p.device == device and p.way is not Way.DROPPED)

    def connect(self) -> Replay:
        """Go on where the log is. Raises ``Refused`` when it holds no further connection."""
        while self._ahead and self._ahead[0].way is not Way.OPENED:
            if self._ahead[0].way is Way.SENT:
                raise self._differs("connects", self._ahead[0])
            self._ahead.popleft()
        if not self._ahead:
            raise self._differs("connects", None)
        self._ahead.popleft()
        return self

    @property
    def n_left(self) -> int:
        """How many pieces of the log the driver has not sent yet."""
        return sum(piece.way is Way.SENT for piece in self._ahead)

    def send(self, data: bytes, timeout_s: float) -> None:
        while self._ahead and self._ahead[0].way is Way.RECEIVED:
            self._ahead.popleft()
        piece = self._ahead.popleft() if self._ahead else None
        if piece is None or piece.way is not Way.SENT or not _same(piece, data):
            raise self._differs(f"sends {readable(data)}", piece)

    def receive(self, timeout_s: float) -> bytes:
        piece = self._ahead[0] if self._ahead else None
        if piece is not None and piece.way is Way.RECEIVED:
            self._ahead.popleft()
            return piece.whole()
        if piece is not None and piece.way is Way.ENDED:
            raise ConnectionResetError(GONE)
        raise TimeoutError("the log holds no answer")

    def drain(self, listen_s: float) -> bytes:
        return b""

    def hang_up(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """The log goes on with the next connection."""

    def _differs(self, does: str, piece: Piece | None) -> Refused:
        match piece:
            case None:
                has = "ends"
            case Piece(way=Way.SENT):
                has = f"has {readable(piece.data)}"
            case Piece(way=Way.OPENED):
                has = "has a new connection"
            case _:
                has = "has the end of a connection"
        return Refused(self._device, f"the driver {does} where the log {has}", ADVICE)


def replay(log: Path, device: str) -> Replay:
    """The part of ``device`` in a log that was recorded."""
    return Replay(read_log(log), device)


def _same(piece: Piece, data: bytes) -> bool:
    return piece.n_bytes == len(data) and data.startswith(piece.data)
