"""Each kind of wire by itself: opened, refused, unplugged, simulated."""

from __future__ import annotations

import errno
import os
import pty
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.emulators.serving import LOOPBACK, TcpPort
from hardware.errors import ConnectionLost
from hardware.transport.channel import Channel, exactly, line_ended_by
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.plain_words import GONE, NO_PORT, NOBODY, TAKEN, in_plain_words, readable
from hardware.transport.serial_port import serial_port
from hardware.transport.tcp import TcpChannel, tcp
from hardware.transport.visa import VisaChannel, raw_socket, visa
from tests.hardware.transport.wires import LINE, Counter

SIMULATED = """
spec: "1.1"
devices:
  meter:
    eom:
      USB INSTR: {q: "\\n", r: "\\n"}
      TCPIP SOCKET: {q: "\\n", r: "\\n"}
    error: ERROR
    dialogues:
      - {q: "*IDN?", r: "Maker,Meter,1,2"}
      - {q: "hush"}
resources:
  USB0::1::2::3::INSTR: {device: meter}
  TCPIP0::127.0.0.1::5025::SOCKET: {device: meter}
"""


def refusal_of(open_: Callable[[], Channel]) -> str:
    """What a dialogue says of a wire that cannot be opened."""
    dialogue = Dialogue("gauge", open_, timing=Timing(0.2, 0))
    with pytest.raises(ConnectionLost) as error:
        dialogue.ask(b"x\n", LINE)
    return error.value.what


def test_a_wire_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    port = TcpPort(Counter())
    port.close()
    (tmp_path / "file").write_text("no port")
    reach = "cannot be reached: "
    assert refusal_of(lambda: tcp(LOOPBACK, port.port)) == reach + NOBODY
    assert refusal_of(lambda: serial_port("/dev/nothere")) == reach + NO_PORT
    assert refusal_of(lambda: serial_port(str(tmp_path / "file"))) == reach + "this is no port"
    assert refusal_of(lambda: visa("ASRL/dev/nothere::INSTR", "@py")) == reach + NO_PORT
    assert refusal_of(lambda: visa("nonsense", "@py")) == reach + "this is no VISA address"
    assert refusal_of(lambda: visa(f"TCPIP::{LOOPBACK}::{port.port}::SOCKET")) == reach + NOBODY
    assert "GPIB" in refusal_of(lambda: visa("GPIB0::3::INSTR", "@py"))
    assert refusal_of(lambda: serial_port("/dev/nothere", stop_bits=7)).startswith(reach)


def test_a_port_that_is_taken_says_so() -> None:
    near, far = pty.openpty()
    path = os.ttyname(far)
    first = serial_port(path)
    assert refusal_of(lambda: serial_port(path)) == f"cannot be reached: {TAKEN}"
    first.close()
    serial_port(path).close()
    os.close(near)
    os.close(far)


def test_an_adapter_that_is_pulled_out_says_so() -> None:
    near, far = pty.openpty()
    channel = serial_port(os.ttyname(far))
    os.close(near)
    os.close(far)
    for use in (lambda: channel.send(b"x", 0.1), lambda: channel.receive(0.1), lambda: channel.drain(0.0)):
        with pytest.raises(OSError, match=GONE) as error:
            use()
        assert not isinstance(error.value, TimeoutError)
    channel.close()
    channel.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ECONNRESET, "Connection reset by peer"), GONE),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), GONE),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "the network is down"),
        (OSError("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)"), TAKEN),
        (OSError("could not open port 'COM9': FileNotFoundError(2, 'cannot find', None, 2)"), NO_PORT),
        (OSError("VI_ERROR_RSRC_NFOUND (-1073807343): Insufficient location information"), NOBODY),
        (OSError("VI_ERROR_CONN_LOST (-1073807194): The connection is lost."), GONE),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (Exception(), "the system does not say why"),
    ],
)
def test_errors_of_libraries_in_plain_words(error: Exception, words: str) -> None:
    assert in_plain_words(error) == words
    assert in_plain_words(OSError(words)) == words


def test_bytes_are_readable() -> None:
    assert readable(b"ab\r\n\x00\xff") == r'"ab\r\n\x00\xff"'
    assert readable(bytes(50)).endswith("and 10 bytes more")


def test_framings() -> None:
    line, four = line_ended_by(b"\r\n", most_bytes=8), exactly(4)
    assert line(bytearray(b"ab\r")) is None and line(bytearray(b"ab\r\ncd")) == 4
    assert four(bytearray(b"abc")) is None and four(bytearray(b"abcde")) == 4
    with pytest.raises(ValueError, match="without end"):
        line(bytearray(9))


# --- VISA ---


@pytest.fixture
def simulated(tmp_path: Path) -> str:
    (tmp_path / "sim.yaml").write_text(SIMULATED)
    return f"{tmp_path / 'sim.yaml'}@sim"


@pytest.mark.parametrize("address", ["USB0::1::2::3::INSTR", "TCPIP0::127.0.0.1::5025::SOCKET"])
def test_a_simulated_instrument_answers(simulated: str, address: str) -> None:
    dialogue = Dialogue("meter", lambda: visa(address, simulated), timing=Timing(0.3, 0))
    assert dialogue.ask(b"*IDN?\n", LINE) == b"Maker,Meter,1,2\n"
    dialogue.tell(b"hush\n")
    assert dialogue.ask(b"*IDN?\n", LINE) == b"Maker,Meter,1,2\n"
    dialogue.close()


def test_a_simulated_instrument_that_says_nothing_is_late(simulated: str) -> None:
    channel = visa("USB0::1::2::3::INSTR", simulated)
    assert isinstance(channel, VisaChannel) and channel.drain(1.0) == b""
    channel.send(b"hush\n", 0.2)
    with pytest.raises(TimeoutError):
        channel.receive(0.2)
    channel.hang_up()
    channel.close()


def test_a_raw_socket_needs_no_visa() -> None:
    port = TcpPort(Counter())
    channel = visa(f"TCPIP0::{LOOPBACK}::{port.port}::SOCKET")
    assert isinstance(channel, TcpChannel)
    channel.close()
    port.close()
    assert raw_socket("TCPIP::meter.lab::5025::SOCKET") == ("meter.lab", 5025)
    assert raw_socket("TCPIP::meter.lab::INSTR") is None and raw_socket("COM3") is None
