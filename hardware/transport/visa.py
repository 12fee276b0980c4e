"""A VISA resource as a channel, by pyvisa: USB, LAN, GPIB, and simulated ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pyvisa
from pyvisa.constants import InterfaceType, StatusCode
from pyvisa.resources import MessageBasedResource
from pyvisa.rname import ResourceName, TCPIPSocket

from hardware.transport.channel import Channel, drained
from hardware.transport.plain_words import told_plainly
from hardware.transport.tcp import tcp

MS = 1e3
CONNECT_S = 3.0
RAW_SOCKETS_OF = ("", "@py")
"""Libraries that reach the network; a simulated instrument stays with its own."""


@dataclass(frozen=True, slots=True)
class VisaChannel:
    """Bytes through an open resource, which it owns. Answers are whole messages."""

    resource: MessageBasedResource

    def send(self, data: bytes, timeout_s: float) -> None:
        with self._within(timeout_s):
            self.resource.write_raw(data)

    def receive(self, timeout_s: float) -> bytes:
        with self._within(timeout_s):
            return bytes(self.resource.read_raw())

    def drain(self, listen_s: float) -> bytes:
        """What is left on a serial line. Others are cleared on opening, and err when read unasked."""
        is_serial = self.resource.interface_type == InterfaceType.asrl
        return drained(self.receive, listen_s) if is_serial else b""

    def hang_up(self) -> None:
        """VISA has no way to end the wait of another thread: it ends with its time-out."""

    def close(self) -> None:
        with told_plainly():
            self.resource.close()

    @contextmanager
    def _within(self, timeout_s: float) -> Iterator[None]:
        with told_plainly():
            try:
                self.resource.timeout = max(timeout_s * MS, 1.0)
                yield
            except pyvisa.VisaIOError as error:
                if error.error_code == StatusCode.error_timeout:
                    raise TimeoutError("nothing came") from error
                raise


def visa(address: str, library: str = "", end: str = "\n") -> Channel:
    """Open ``USB0::...::INSTR``, ``TCPIP::...::SOCKET``, ``ASRL3::INSTR``. Raises ``OSError``.

    ``library`` is pyvisa's: empty for the system's VISA, ``@py`` for the one in Python. A raw socket is
    opened without it: VISA adds nothing, and does not say when the other end hangs up.
    """
    if library in RAW_SOCKETS_OF and (socket := raw_socket(address)) is not None:
        return tcp(*socket)
    with told_plainly():
        resource = pyvisa.ResourceManager(library).open_resource(address, open_timeout=int(CONNECT_S * MS))
        if not isinstance(resource, MessageBasedResource):
            resource.close()
            raise OSError("messages cannot be sent to this address")
        resource.read_termination = end
        resource.write_termination = ""
        with suppress(pyvisa.Error, NotImplementedError, AttributeError):
            resource.clear()  # an answer that nobody fetched; who knows no clearing keeps none
        return VisaChannel(resource)


def raw_socket(address: str) -> tuple[str, int] | None:
    """Host and port of ``TCPIP::host::port::SOCKET``; ``None`` for any other address."""
    try:
        parsed = ResourceName.from_string(address)
    except ValueError:
        return None
    return (parsed.host_address, int(parsed.port)) if isinstance(parsed, TCPIPSocket) else None
