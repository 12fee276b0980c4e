"""A device on a wire whose requests are noted, and whose answers can be replaced."""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware.emulators.serving import Emulated


@dataclass
class Overheard:
    """``lies``: what is answered instead to requests that contain the key."""

    device: Emulated
    requests: list[bytes] = field(default_factory=list)
    lies: dict[bytes, bytes] = field(default_factory=dict)

    def framed(self, arrived: bytearray) -> int | None:
        return self.device.framed(arrived)

    def answer(self, request: bytes) -> bytes:
        self.requests.append(request)
        lie = next((lie for asked, lie in self.lies.items() if asked in request), None)
        return self.device.answer(request) if lie is None else lie

    def hung_up(self) -> None:
        self.device.hung_up()
