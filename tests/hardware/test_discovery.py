"""Who is at an address is asked over real wires: never twice at once, never without end, never unasked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import Field

from hardware import addresses, discovery
from hardware.addresses import Address, Wire, address, held, serial_ports, visa_resources
from hardware.connection import Connection
from hardware.discovery import Found, find, installed_drivers, list_addresses
from hardware.emulators.serving import LOOPBACK, TcpPort, Terminal
from hardware.errors import ConnectionLost, Deadline
from hardware.parts import Candidate, DeviceDriver, DeviceSettings
from hardware.transport.channel import Channel, Framing, line_ended_by
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.serial_port import serial_port
from hardware.transport.tcp import tcp
from tests.hardware.boxes import Boxes, install

BOXES = Boxes()
Recognise = Callable[[str], Candidate | None]


@dataclass
class Meter:
    """Answers one question, and remembers all that it was asked."""

    asked: list[bytes] = field(default_factory=list)

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\n")

    def answer(self, request: bytes) -> bytes:
        self.asked.append(request)
        return b"METER 7\n" if request == b"who?\n" else b"what?\n"

    def hung_up(self) -> None:
        return


def asking(question: bytes, expected: bytes, opened: Callable[[str], Channel]) -> Recognise:
    """A driver's way to ask: it knows a device by its answer."""

    def recognise(text: str) -> Candidate | None:
        with closing(Dialogue("meter", lambda: opened(text), timing=Timing(0.5, 0))) as dialogue:
            said = dialogue.ask(question, line_ended_by(b"\n"))
        return Candidate({"port": text}, said.decode().strip()) if said == expected else None

    return recognise


def on_tcp(text: str) -> Channel:
    host, _, port = text.partition(":")
    return tcp(host, int(port))


def drivers(**recognise: Recognise) -> dict[str, DeviceDriver]:
    return {name: BOXES.driver(recognise=function) for name, function in recognise.items()}


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def at_tcp(meter: Meter) -> Iterator[Address]:
    port = TcpPort(meter)
    yield address(f"{LOOPBACK}:{port.port}")
    port.close()


@pytest.fixture
def at_serial(meter: Meter, tmp_path: Path) -> Iterator[Address]:
    line = Terminal(meter, tmp_path / "ttyMeter")
    yield address(str(line.path))
    line.close()


def one(at: Address, installed: dict[str, DeviceDriver], answer_s: float = 5.0) -> Found:
    (found,) = find([at], installed, answer_s)
    return found


@pytest.mark.parametrize("wire", ["at_tcp", "at_serial"])
def test_a_device_is_known_by_the_driver_that_speaks_its_words(
    wire: str, meter: Meter, request: pytest.FixtureRequest
) -> None:
    at: Address = request.getfixturevalue(wire)
    opened = on_tcp if wire == "at_tcp" else serial_port
    installed = drivers(
        pump=asking(b"pump?\n", b"PUMP\n", opened),
        meter=asking(b"who?\n", b"METER 7\n", opened),
        other=asking(b"other?\n", b"OTHER\n", opened),
    )
    found = one(at, installed)
    assert (found.driver, found.trouble) == ("meter", "")
    assert found.candidate == Candidate({"port": at.text}, "METER 7")
    assert list(dict.fromkeys(meter.asked)) == [b"pump?\n", b"who?\n"]


def test_what_another_driver_left_on_a_serial_line_hides_no_device(at_serial: Address) -> None:
    """A question without an end stays in the device and spoils the next one."""
    installed = drivers(
        pump=asking(b"pump?", b"PUMP\n", serial_port), meter=asking(b"who?\n", b"METER 7\n", serial_port)
    )
    assert one(at_serial, installed).driver == "meter"


def test_an_address_where_nobody_is_known_says_so(at_tcp: Address) -> None:
    found = one(at_tcp, drivers(pump=asking(b"pump?\n", b"PUMP\n", on_tcp)))
    assert (found.driver, found.candidate, found.trouble) == ("", None, "no driver knows what is there")


def test_a_network_port_that_refuses_is_told_as_such() -> None:
    def suppressing(text: str) -> Candidate | None:
        with suppress(OSError):
            on_tcp(text).close()
        return None

    with closing(TcpPort(Meter())) as gone:
        pass
    at = address(f"{LOOPBACK}:{gone.port}")
    found = one(at, drivers(pump=asking(b"pump?\n", b"PUMP\n", on_tcp), sem=suppressing))
    assert found.trouble == (
        "nobody answers at this address: see that the device or its program is on, and check host and port"
    )


def test_a_serial_port_that_is_not_there_is_blamed_on_no_driver(tmp_path: Path) -> None:
    at = address(str(tmp_path / "ttyGone"))
    found = one(at, drivers(pump=asking(b"pump?\n", b"PUMP\n", serial_port)))
    assert found.trouble == (
        "there is no such port: check its name and its cable, and that this user may have it"
    )


def test_what_went_wrong_is_told_unless_another_driver_knows_the_device(at_serial: Address) -> None:
    def lost(_text: str) -> Candidate | None:
        raise ConnectionLost("meter", "cannot be reached (permission denied)", "")

    def silent(_text: str) -> Candidate | None:
        raise Deadline("meter", "did not answer within 1 s", "")

    def stumbling(_text: str) -> Candidate | None:
        raise KeyError("who")

    denied = "A box: cannot be reached (permission denied)"
    assert one(at_serial, drivers(a=lost, b=silent)).trouble == denied
    assert one(at_serial, drivers(a=silent)).trouble == "no driver knows what is there"
    assert one(at_serial, drivers(a=stumbling)).trouble == "A box: 'who'"
    knows = drivers(a=lost, b=lambda text: Candidate({"port": text}, "me"))
    assert one(at_serial, knows).driver == "b"


def test_a_driver_without_end_is_left_behind_with_its_address() -> None:
    forever, after = threading.Event(), []
    installed = drivers(
        hanging=lambda _text: (forever.wait(30), None)[1],
        after=lambda text: after.append(text),  # type: ignore[func-returns-value]
    )
    begun_s = time.monotonic()
    found = one(address("COM9"), installed, answer_s=0.2)
    forever.set()
    assert time.monotonic() - begun_s < 5.0
    assert found.trouble == "left alone: hanging had no answer within 0.2 s"
    assert after == []


def test_one_that_hangs_does_not_keep_others_from_being_found(at_tcp: Address) -> None:
    forever = threading.Event()
    meter = asking(b"who?\n", b"METER 7\n", on_tcp)

    def only_tcp(text: str) -> Candidate | None:
        return meter(text) if ":" in text else (forever.wait(30), None)[1]

    first, second = find([address("COM9"), at_tcp], drivers(meter=only_tcp), answer_s=1.0)
    forever.set()
    assert (first.driver, second.trouble[:10]) == ("meter", "left alone")


def test_nobody_is_asked_unless_it_was_chosen_or_while_a_program_has_it() -> None:
    asked: list[str] = []
    installed = drivers(box=lambda text: asked.append(text))  # type: ignore[func-returns-value]
    found = one(Address("COM8", Wire.SERIAL, known=False), installed)
    assert found.trouble.startswith("not asked: choose it")
    with held(["COM-of-a-run"]):
        found = one(address("COM-of-a-run"), installed)
    assert found.trouble.startswith("not asked: it is in use by process ")
    assert asked == []


def test_each_address_is_asked_by_one_driver_at_a_time() -> None:
    lock, most = threading.Lock(), []

    def slow(_text: str) -> Candidate | None:
        most.append(lock.acquire(blocking=False))
        time.sleep(0.02)
        lock.release()
        return None

    list(find([address("COM9")], drivers(a=slow, b=slow, c=slow)))
    assert most == [True] * 6


def test_the_search_ends_with_whoever_wants_it() -> None:
    asked: list[str] = []

    def slow(text: str) -> Candidate | None:
        asked.append(text)
        time.sleep(0.05)
        return None

    search = find([address(f"COM{n}") for n in range(100)], drivers(a=slow))
    next(search)
    search.close()  # type: ignore[attr-defined]
    time.sleep(0.2)
    assert len(asked) < 50


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("COM3", Wire.SERIAL),
        ("/dev/ttyUSB0", Wire.SERIAL),
        ("192.168.0.2:8300", Wire.TCP),
        ("sem-pc.lab:8300", Wire.TCP),
        ("TCPIP0::10.0.0.1::INSTR", Wire.VISA),
        ("CZ.EMApiCtrl.1", Wire.PROGRAM),
    ],
)
def test_addresses_are_told_apart(text: str, wire: Wire) -> None:
    assert address(text) == Address(text, wire)


def test_ports_behind_known_adapters_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [
        SimpleNamespace(device="COM1", description="Communications Port", vid=None),
        SimpleNamespace(device="COM4", description="USB Serial Port", vid=0x0403),
        SimpleNamespace(device="COM5", description="Somebody's printer", vid=0x1234),
        SimpleNamespace(device="/dev/ttyS0", description="n/a", vid=None),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    assert [(a.text, a.known, a.says) for a in serial_ports()] == [
        ("COM1", False, "Communications Port"),
        ("COM4", True, "FTDI USB Serial Port"),
        ("COM5", False, "Somebody's printer"),
        ("/dev/ttyS0", False, ""),
    ]


def test_a_visa_library_that_hangs_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    forever = threading.Event()
    monkeypatch.setattr(addresses, "_visa_names", lambda: (forever.wait(30), [])[1])
    with pytest.raises(ConnectionLost, match="VISA"):
        visa_resources(0.1)
    forever.set()

    def silent() -> list[Address]:
        raise Connection("VISA")._gone("no answer")

    monkeypatch.setattr(discovery, "visa_resources", silent)
    assert "VISA" in list_addresses({}).troubles[0]


class SemSettings(DeviceSettings):
    host: str = Field("127.0.0.1", title="Host")
    port: int = Field(8300, title="Port")


def test_usual_addresses_of_drivers_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "visa_resources", lambda: [Address("USB0::1::INSTR", Wire.VISA)])
    monkeypatch.setattr(discovery, "serial_ports", lambda: [Address("COM1", Wire.SERIAL, known=False)])
    listed = list_addresses({"sem": BOXES.driver(settings=SemSettings), "box": BOXES.driver()})
    assert [a.text for a in listed.addresses] == ["COM1", "USB0::1::INSTR", "127.0.0.1:8300"]


def test_drivers_that_cannot_be_loaded_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, {"good": BOXES.driver(), "broken": None})
    loaded, troubles = installed_drivers()
    assert list(loaded) == ["good"]
    assert len(troubles) == 1
    assert "'broken'" in troubles[0]
