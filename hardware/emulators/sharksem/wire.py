"""SharkSEM messages as the microscope has them, after the manual's "Message Structure".

Written apart from the driver's: what both got wrong would not show.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

Value: TypeAlias = int | str | Decimal
Function: TypeAlias = "Callable[[Arguments], tuple[Value, ...]]"
"""Gets the arguments of a call, gives return value and output arguments."""

HEAD = struct.Struct("<16sIIHHI")
LONGEST_BODY = 1 << 16
RESPONSE_WANTED = 0x0001


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``arguments`` are read in the order of the function's prototype."""

    name: str
    number: int
    wants_response: bool
    queue: int
    arguments: Arguments


class Arguments:
    """What follows the header. Raises ``ValueError`` when an argument is missing or none."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def integer(self, default: int | None = None) -> int:
        if default is not None and self._at == len(self._body):
            return default
        return int.from_bytes(self._next(4), "little", signed=True)

    def count(self) -> int:
        return int.from_bytes(self._next(4), "little")

    def number(self) -> Decimal:
        text = self._next(self.count()).rstrip(b"\0").decode("ascii")
        value = Decimal(text) if text.isprintable() and "_" not in text else Decimal("nan")
        if not value.is_finite():
            raise ValueError(f"{text!r} is no set-point")
        return value

    def numbers(self) -> list[Decimal]:
        """All that are left."""
        found = []
        while self._at < len(self._body):
            found.append(self.number())
        return found

    def _next(self, n_bytes: int) -> bytes:
        end = self._at + n_bytes
        if end > len(self._body):
            raise ValueError("an argument is missing")
        taken, self._at = self._body[self._at : end], (end + 3) // 4 * 4
        return taken


def framed(arrived: bytearray) -> int | None:
    """Where the first request ends. Raises ``ValueError`` for what is none."""
    if len(arrived) < HEAD.size:
        return None
    name, body_bytes, *_ = HEAD.unpack_from(arrived)
    if not name.rstrip(b"\0").isalnum() or body_bytes > LONGEST_BODY:
        raise ValueError("no request")
    length: int = HEAD.size + body_bytes
    return length if len(arrived) >= length else None


def call(request: bytes) -> Call:
    """A complete request."""
    name, _, number, flags, queue, _ = HEAD.unpack_from(request)
    text = name.rstrip(b"\0").decode("ascii")
    return Call(text, number, bool(flags & RESPONSE_WANTED), queue, Arguments(request[HEAD.size :]))


def response(to: Call, values: tuple[Value, ...]) -> bytes:
    """Name, number and queue come back as they were sent."""
    body = b"".join(map(_packed, values))
    return HEAD.pack(to.name.encode(), len(body), to.number, 0, to.queue, 0) + body


def before_pixels(frame: int, channel: int, first_px: int, bits: int, n_bytes: int) -> bytes:
    """A ``ScData`` message up to its pixels, which are to be padded to 4 bytes."""
    piece = struct.pack("<IiIiI", frame, channel, first_px, bits, n_bytes)
    body_bytes = len(piece) + (n_bytes + 3) // 4 * 4
    return HEAD.pack(b"ScData", body_bytes, 0, 0, 0, 0) + piece


def _packed(value: Value) -> bytes:
    if isinstance(value, int):
        return (value & 0xFFFFFFFF).to_bytes(4, "little")
    text = str(value).encode() + b"\0"
    return len(text).to_bytes(4, "little") + text.ljust((len(text) + 3) // 4 * 4, b"\0")


def plain(value: float) -> Decimal:
    """A number of the twin, digit for digit."""
    return Decimal(repr(float(value)))


def listed(kind: str, key: str, names: Sequence[str], first: int = 0) -> str:
    """A map, as the enumerating functions give it."""
    return "".join(f"{kind}.{n}.{key}={name}\n" for n, name in enumerate(names, first))
