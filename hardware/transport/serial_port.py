"""A serial line as a channel, by pyserial. No other device may have the port meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import serial


@dataclass(frozen=True, slots=True)
class SerialChannel:
    """Bytes through an open port, which it owns."""

    port: serial.Serial

    def send(self, data: bytes, timeout_s: float) -> None:
        self.port.write_timeout = timeout_s
        try:
            self.port.write(data)
        except serial.SerialTimeoutException as error:
            raise TimeoutError(str(error)) from error

    def receive(self, timeout_s: float) -> bytes:
        self.port.timeout = timeout_s
        if not (data := self.port.read(1)):
            raise TimeoutError(f"nothing within {timeout_s:g} s")
        return bytes(data + self.port.read(self.port.in_waiting))

    def close(self) -> None:
        self.port.close()


def serial_port(
    port: str, baud: int = 9600, data_bits: int = 8, parity: str = "N", stop_bits: float = 1
) -> SerialChannel:
    """Open a port: ``COM3``, ``/dev/ttyUSB0``. Raises ``OSError``."""
    try:
        return SerialChannel(serial.Serial(port, baud, data_bits, parity, stop_bits, exclusive=True))
    except ValueError as error:
        raise OSError(str(error)) from error
