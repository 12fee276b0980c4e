"""What holds for one control connection only, and is said again on each new one."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.drivers.tescan.client import said
from hardware.drivers.tescan.images import ImageLink
from hardware.errors import Garbled
from hardware.transport.dialogue import Exchange

PROTECTED = 0x00000001


@dataclass
class Session:
    """Where images are to be sent, and whether the detector is protected.

    The microscope knows the data connection by the control connection that registered it, and ends the
    protection with the session (manual, "Session management" and ``DtStateSet``). A detector that is safe
    must stay so while ions fly, whatever becomes of a cable.
    """

    device: str
    images: ImageLink
    protects: bool = False

    def greet(self, exchange: Exchange) -> None:
        """Raises ``Garbled``, ``ConnectionLost``, and what an exchange raises."""
        try:
            self.images.open(lambda port: said(exchange, "TcpRegDataPort", port).integer())
            if self.protects:
                said(exchange, "DtStateSet", PROTECTED)
        except ValueError as error:
            advice = "Check which program is at its port."
            raise Garbled(self.device, f"TcpRegDataPort: {error}", advice) from error
