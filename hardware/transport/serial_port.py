"""A serial line as a channel, by pyserial. No other device may have the port meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import serial

from hardware.transport.channel import drained
from hardware.transport.plain_words import told_plainly


@dataclass(frozen=True, slots=True)
class SerialChannel:
    """Bytes through an open port, which it owns."""

    port: serial.Serial

    def send(self, data: bytes, timeout_s: float) -> None:
        with told_plainly():
            try:
                self.port.write_timeout = timeout_s
                self.port.write(data)
            except serial.SerialTimeoutException as error:
                raise TimeoutError("the line takes nothing") from error

    def receive(self, timeout_s: float) -> bytes:
        with told_plainly():
            self.port.timeout = timeout_s
            if not (data := self.port.read(1)):
                raise TimeoutError("nothing came")
            return bytes(data + self.port.read(self.port.in_waiting))

    def drain(self, listen_s: float) -> bytes:
        return drained(self.receive, listen_s)

    def hang_up(self) -> None:
        with told_plainly():
            self.port.cancel_read()

    def close(self) -> None:
        with told_plainly():
            self.port.close()


def serial_port(
    port: str, baud: int = 9600, data_bits: int = 8, parity: str = "N", stop_bits: float = 1
) -> SerialChannel:
    """Open a port: ``COM3``, ``/dev/ttyUSB0``. Raises ``OSError``."""
    with told_plainly():
        return SerialChannel(serial.Serial(port, baud, data_bits, parity, stop_bits, exclusive=True))
