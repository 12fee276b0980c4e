"""SharkSEM messages as bytes: pure functions, for a client.

After the SharkSEM manual (protocol 3.2.20), "Message Structure": a header of 32 bytes, little-endian
(name in 16 bytes with a zero at its end, size of the body, identification, flags, queue, 4 reserved),
and a body of arguments, each padded to 4 bytes. Integers have 4 bytes. Text and reals are arrays of
characters with a length before and a zero at the end; a real is text in the syntax of C's ``strtod``.
So units change by powers of ten without rounding: reals are :class:`~decimal.Decimal` here.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntFlag
from typing import TypeAlias, TypeVar

from hardware.transport.channel import Framing

T = TypeVar("T")
Argument: TypeAlias = int | str | Decimal

HEADER = struct.Struct("<16sIIHH4x")
BLOCK = struct.Struct("<IiIiI")
MOST_BODY_BYTES = 1 << 26
LARGEST_EXPONENT = 300
_INTEGER, _COUNT = struct.Struct("<i"), struct.Struct("<I")
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?", re.ASCII | re.I)
_KEY = re.compile(r"(\w+)\.(\d+)\.(\w+)", re.ASCII)


class Flag(IntFlag):
    """Flags of a request; the wait flags are also what ``IsBusy`` is asked for."""

    RESPOND = 1 << 0
    JUMP_QUEUE = 1 << 1
    SCANNING = 1 << 8
    OPTICS = 1 << 10


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before every body."""

    name: str
    body_bytes: int
    number: int


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in ``ScData`` before a piece of an image: ``n_bytes`` from the pixel ``first_px`` on."""

    frame: int
    channel: int
    first_px: int
    bits: int
    n_bytes: int


def request(name: str, number: int, *arguments: Argument, flags: Flag = Flag.RESPOND) -> bytes:
    """A request; ``number`` comes back in its response."""
    body = b"".join(map(_encoded, arguments))
    return HEADER.pack(name.encode("ascii"), len(body), number, flags, 0) + body


def header(data: bytes | bytearray | memoryview) -> Header:
    """The first 32 bytes of a message. Raises ``ValueError`` for what is no header."""
    if len(data) < HEADER.size:
        raise ValueError("this is less than a header")
    name, body_bytes, number, _flags, _queue = HEADER.unpack_from(data)
    text, end, _ = name.partition(b"\0")
    if not end or not text.isalnum() or body_bytes > MOST_BODY_BYTES:
        raise ValueError("this is no message of SharkSEM")
    return Header(text.decode("ascii"), body_bytes, number)


def response_to(name: str, number: int) -> Framing:
    """Where the response to this request ends; any other message is refused."""

    def framed(arrived: bytearray) -> int | None:
        if len(arrived) < HEADER.size:
            return None
        found = header(arrived)
        if (found.name, found.number) != (name, number):
            raise ValueError(f"it answers {found.name!r} instead")
        length = HEADER.size + found.body_bytes
        return length if len(arrived) >= length else None

    return framed


def block(body: bytes | bytearray | memoryview) -> Block:
    """The beginning of the body of ``ScData``. Raises ``ValueError`` for less than that."""
    if len(body) < BLOCK.size:
        raise ValueError("a piece of an image ends too early")
    return Block(*BLOCK.unpack_from(body))


class Body:
    """The arguments of a response, read from left to right. Raises ``ValueError`` for what is none."""

    def __init__(self, response: bytes) -> None:
        self._left = memoryview(response)[HEADER.size :]

    def integer(self) -> int:
        return int(_INTEGER.unpack(self._taken(_INTEGER.size))[0])

    def real(self) -> Decimal:
        """Finite: where the microscope says that it has no value, there is none."""
        text = self._array().decode("ascii").strip()
        if not _REAL.fullmatch(text):
            raise ValueError(f"{text[:20]!r} is no number")
        value = Decimal(text)
        if abs(value.adjusted()) > LARGEST_EXPONENT:
            raise ValueError(f"{text[:20]!r} is out of all bounds")
        return value

    def text(self) -> str:
        return self._array().decode("utf-8", "replace")

    def _array(self) -> bytes:
        (n_bytes,) = _COUNT.unpack(self._taken(_COUNT.size))
        return self._taken(n_bytes + -n_bytes % 4)[:n_bytes].partition(b"\0")[0]

    def _taken(self, n_bytes: int) -> bytes:
        if n_bytes > len(self._left):
            raise ValueError("the answer ends too early")
        taken, self._left = bytes(self._left[:n_bytes]), self._left[n_bytes:]
        return taken


def several(n: int, read: Callable[[], T]) -> tuple[T, ...]:
    """The next ``n`` arguments of one kind."""
    return tuple(read() for _ in range(n))


def numbered(text: str, kind: str) -> Mapping[int, Mapping[str, str]]:
    """The entries of a map by number: ``det.0.name=SE`` is ``{0: {"name": "SE"}}`` for ``kind`` "det".

    Other keys are ignored, as the manual demands of clients.
    """
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for line in text.splitlines():
        key, is_pair, value = line.partition("=")
        parts = _KEY.fullmatch(key.strip())
        if is_pair and parts and parts[1] == kind and len(parts[2]) < 10:
            found[int(parts[2])][parts[3]] = value.strip()
    return dict(found)


def _encoded(argument: Argument) -> bytes:
    if isinstance(argument, int):
        return (_INTEGER if argument < 0 else _COUNT).pack(argument)
    text = str(argument).encode("utf-8") + b"\0"
    return _COUNT.pack(len(text)) + text + bytes(-len(text) % 4)
