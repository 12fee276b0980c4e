"""Addresses of devices: which there are on this computer, which settings name, which a program holds."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path

import serial.tools.list_ports
from filelock import FileLock, Timeout
from serial.tools.list_ports_common import ListPortInfo

from hardware.connection import Connection
from hardware.errors import Busy

PATIENCE_S = 0.2
"""Who only asks whether an address is held has its lock for a moment; that must not turn away a start."""

LISTING_S = 10.0
"""What a VISA library may take to say what it sees."""

SIMULATED = "@sim"
"""How the names of pyvisa's simulated libraries end: what they hold is no device."""

NO_DESCRIPTION = "n/a"
"""What pyserial writes where the system tells nothing of a port."""

PROGRAM = re.compile(r"[A-Za-z]\w*\.\w+\.\d+")
"""A class in COM with its version: CZ.EMApiCtrl.1."""

SERIAL_ADAPTERS = {
    0x0403: "FTDI",
    0x0557: "ATEN",
    0x067B: "Prolific",
    0x06CD: "Keyspan",
    0x10C4: "Silicon Labs",
    0x110A: "Moxa",
    0x1A86: "WCH",
    0x9710: "MosChip",
}
"""Makers of adapters from USB to a serial line, by the vendor numbers of the USB Implementers Forum."""


class Wire(Enum):
    """What an address leads through; to a program of this computer, by its class in COM, through none."""

    SERIAL = "serial"
    PROGRAM = "program"
    VISA = "VISA"
    TCP = "TCP"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a device may be: "COM3", "USB0::...::INSTR", "127.0.0.1:8300", "CZ.EMApiCtrl.1".

    ``says``: what the system tells of it. ``known``: it may be asked though nobody chose it; what hangs
    on a plain serial port is unknown, and a question may disturb it.
    """

    text: str
    wire: Wire
    says: str = ""
    known: bool = True


def address(text: str) -> Address:
    """An address that an operator chose."""
    if "::" in text:
        return Address(text, Wire.VISA)
    if PROGRAM.fullmatch(text):
        return Address(text, Wire.PROGRAM)
    is_tcp = re.fullmatch(r"[\w.-]+:\d{1,5}", text) is not None
    return Address(text, Wire.TCP if is_tcp else Wire.SERIAL)


def serial_ports() -> list[Address]:
    """The computer's serial ports; known are those behind adapters whose maker is known."""
    return [
        Address(
            port.device,
            Wire.SERIAL,
            " ".join(filter(None, (SERIAL_ADAPTERS.get(port.vid or 0), _described(port)))),
            known=port.vid in SERIAL_ADAPTERS,
        )
        for port in serial.tools.list_ports.comports()
    ]


def _described(port: ListPortInfo) -> str:
    return "" if port.description == NO_DESCRIPTION else port.description


def visa_resources(deadline_s: float = LISTING_S) -> list[Address]:
    """What the system's VISA sees, and the one in Python; serial ports are for :func:`serial_ports`.

    Raises ``ConnectionLost`` when a library does not answer within ``deadline_s`` of real time.
    """
    connection = Connection("VISA")
    try:
        names = connection.call(_visa_names, deadline_s)
    finally:
        connection.close()
    return [Address(name, Wire.VISA) for name in names if not name.startswith("ASRL")]


def _visa_names() -> list[str]:
    import pyvisa

    names: dict[str, None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about kinds of wires for which nothing is installed
        for library in ("", "@py"):
            try:
                names |= dict.fromkeys(pyvisa.ResourceManager(library).list_resources())
            except (pyvisa.Error, ValueError, OSError):
                continue  # no such library here, or one that sees nothing
    return list(names)


def addresses_in(settings: Mapping[str, object]) -> frozenset[str]:
    """The addresses that a device's settings name.

    These are VISA resources and programs of this computer under any key, what keys that end in ``port`` or
    ``address`` hold as text, and TCP where a ``host`` stands beside a ``port`` that is a number.
    """
    if str(settings.get("library", "")).endswith(SIMULATED):
        return frozenset()
    found = set()
    for key, value in settings.items():
        host = settings.get(f"{key.removesuffix('port')}host")
        match value:
            case str() if value and key.endswith(("port", "address")):
                found.add(value)
            case str() if "::" in value or PROGRAM.fullmatch(value):
                found.add(value)
            case int() if key.endswith("port") and isinstance(host, str) and host:
                found.add(f"{host}:{value}")
            case Mapping():
                found |= addresses_in(value)
    return frozenset(found)


@contextmanager
def held(addresses: Iterable[str]) -> Iterator[None]:
    """Let no other program of this user have these addresses meanwhile, whatever instrument they are of.

    Raises ``Busy`` that names the address, or ``OSError`` where no lock can be had.
    """
    with ExitStack() as stack:
        for text in sorted(addresses):
            lock = _lock_of(text)
            try:
                lock.acquire(timeout=PATIENCE_S, poll_interval=PATIENCE_S / 20)
            except Timeout as error:
                raise Busy(text, f"it is in use by {_holder(text)}", "End that program first.") from error
            stack.callback(lock.release)
            _note_of(text).write_text(f"process {os.getpid()}", encoding="utf-8")
        yield


def holder_of(text: str) -> str | None:
    """Who holds an address; None where nobody of ours does."""
    try:
        with _lock_of(text).acquire(timeout=0):
            return None
    except Timeout:
        return _holder(text)


def _holder(text: str) -> str:
    note = _note_of(text)
    return note.read_text(encoding="utf-8") if note.exists() else "another program"


def _lock_of(text: str) -> FileLock:
    return FileLock(_note_of(text).with_suffix(".lock"), thread_local=False)


def _note_of(text: str) -> Path:
    user = os.getuid() if hasattr(os, "getuid") else ""  # elsewhere the folder is the user's own
    folder = Path(tempfile.gettempdir()) / f"scopeacq-addresses-{user}"
    folder.mkdir(exist_ok=True)
    return folder / f"{sha256(text.encode()).hexdigest()[:20]}.holder"
