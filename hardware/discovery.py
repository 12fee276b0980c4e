"""Who is at an address: each driver asks in its own words, with a question that changes nothing.

A question on a serial line can still disturb a device that nobody knows: such a port is asked only
when an operator chose it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from hardware.addresses import (
    Address,
    Wire,
    address,
    addresses_in,
    holder_of,
    serial_ports,
    visa_resources,
)
from hardware.connection import Connection
from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError, Refused
from hardware.parts import Candidate, DeviceDriver
from hardware.registry import device_names, load_device
from hardware.transport.serial_port import serial_port
from hardware.transport.tcp import tcp

ANSWER_S = 10.0
"""What a driver may take at one address; then the address is left alone."""

MOST_AT_ONCE = 8

TO_CHECK = {
    Wire.SERIAL: "check its name and its cable, and that this user may have it",
    Wire.TCP: "see that the device or its program is on, and check host and port",
}
"""What to do about an address that cannot be opened."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of an address: a driver that knows the device there, or why none does.

    ``driver``: its name in ``scopeacq.devices``. ``trouble``: a sentence without a full stop; empty where
    a device was recognised.
    """

    address: Address
    driver: str = ""
    candidate: Candidate | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """Where devices may be, and a sentence for each place that could not be looked at."""

    addresses: tuple[Address, ...]
    troubles: tuple[str, ...] = ()


def installed_drivers() -> tuple[dict[str, DeviceDriver], list[str]]:
    """The drivers that can be loaded, by name, and a sentence for each that cannot."""
    drivers, troubles = {}, []
    for name in device_names():
        try:
            drivers[name] = load_device(name)
        except ConnectionLost as error:
            troubles.append(f"{error.what}.")
    return drivers, troubles


def list_addresses(drivers: Mapping[str, DeviceDriver]) -> Listed:
    """The computer's serial ports and VISA resources, and where drivers look by default."""
    troubles = []
    try:
        visa = visa_resources()
    except ConnectionLost as error:
        visa = []
        troubles.append(str(error))
    return Listed((*serial_ports(), *visa, *_usual(drivers)), tuple(troubles))


def find(
    addresses: Iterable[Address], drivers: Mapping[str, DeviceDriver], answer_s: float = ANSWER_S
) -> Iterator[Found]:
    """Ask at each address until a driver knows the device there; results come as they are there.

    An address that a running program holds is not asked, nor one that is not known. Several addresses are
    asked at the same time, each by one driver after the other; on a serial line twice, since a device may
    hold what another driver asked for the beginning of its own question. Ending the iteration ends the
    search. Where nobody is known, what keeps the address from being opened is told of it, once.
    """
    pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="discovery")
    try:
        asked: list[Future[Found]] = [pool.submit(_who_is_at, at, drivers, answer_s) for at in addresses]
        for future in as_completed(asked):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _who_is_at(at: Address, drivers: Mapping[str, DeviceDriver], answer_s: float) -> Found:
    if not at.known:
        return Found(at, trouble="not asked: choose it if a device of this instrument is on it")
    if holder := holder_of(at.text):
        return Found(at, trouble=f"not asked: it is in use by {holder}")
    connection = Connection(f"discovery at {at.text}")
    trouble = "no driver knows what is there"
    try:
        for name, driver in drivers.items():
            for _ in range(2 if at.wire is Wire.SERIAL else 1):
                answer = connection.call(partial(_recognised, driver, at.text), answer_s)
                if isinstance(answer, Candidate):
                    return Found(at, name, answer)
                trouble = answer or trouble
        name = "its port"
        trouble = connection.call(partial(_unopened, at), answer_s) or trouble
    except ConnectionLost:
        trouble = f"left alone: {name} had no answer within {answer_s:g} s"
    finally:
        connection.close()
    return Found(at, trouble=trouble)


def _recognised(driver: DeviceDriver, text: str) -> Candidate | str:
    """A candidate, or what went wrong; nothing where it is another device."""
    try:
        return driver.recognise(text) or ""
    except (Deadline, Garbled, Refused):
        return ""  # as a device answers that speaks another language
    except HardwareError as error:
        return f"{driver.title}: {error.what}"
    except Exception as error:  # a plug-in may raise anything; the search goes on
        return f"{driver.title}: {error}"


def _unopened(at: Address) -> str:
    """Why nobody can be asked at a serial port or over TCP, and what to do; empty where somebody can."""
    try:
        if at.wire is Wire.SERIAL:
            serial_port(at.text).close()
        elif at.wire is Wire.TCP:
            host, _, port = at.text.rpartition(":")
            tcp(host, int(port)).close()
    except OSError as error:
        return f"{error}: {TO_CHECK[at.wire]}"
    return ""


def _usual(drivers: Mapping[str, DeviceDriver]) -> Iterator[Address]:
    """Where drivers look by default, each place once."""
    defaults = (
        {key: info.default for key, info in driver.settings.model_fields.items()}
        for driver in drivers.values()
    )
    wires = {Wire.TCP, Wire.PROGRAM} if sys.platform == "win32" else {Wire.TCP}
    for text in sorted({text for settings in defaults for text in addresses_in(settings)}):
        if (usual := address(text)).wire in wires:
            yield usual
