"""A VISA resource as a channel, by pyvisa: USB, LAN, GPIB, and simulated ones."""

from __future__ import annotations

from dataclasses import dataclass

import pyvisa
from pyvisa.resources import MessageBasedResource

MS = 1e3


@dataclass(frozen=True, slots=True)
class VisaChannel:
    """Bytes through an open resource, which it owns."""

    resource: MessageBasedResource

    def send(self, data: bytes, timeout_s: float) -> None:
        self._call(timeout_s, self.resource.write_raw, data)

    def receive(self, timeout_s: float) -> bytes:
        return bytes(self._call(timeout_s, self.resource.read_raw))

    def close(self) -> None:
        try:
            self.resource.close()
        except pyvisa.Error as error:
            raise OSError(str(error)) from error

    def _call(self, timeout_s: float, function, *arguments):  # type: ignore[no-untyped-def]
        try:
            self.resource.timeout = max(timeout_s * MS, 1.0)
            return function(*arguments)
        except pyvisa.VisaIOError as error:
            if error.error_code == pyvisa.constants.StatusCode.error_timeout:
                raise TimeoutError(str(error)) from error
            raise OSError(str(error)) from error
        except pyvisa.Error as error:
            raise OSError(str(error)) from error


def visa(address: str, library: str = "", end: str = "\n") -> VisaChannel:
    """Open ``USB0::...::INSTR``, ``TCPIP::...::SOCKET``, ``ASRL3::INSTR``. Raises ``OSError``.

    ``library`` is pyvisa's: empty for the system's VISA, ``@py`` for the one in Python.
    """
    try:
        resource = pyvisa.ResourceManager(library).open_resource(
            address, read_termination="", write_termination=""
        )
        assert isinstance(resource, MessageBasedResource)
        resource.read_termination = end
        resource.write_termination = ""
    except (pyvisa.Error, ValueError) as error:
        raise OSError(str(error)) from error
    return VisaChannel(resource)
