"""The counterpart of an RG-2: speaks its protocol, and does to the twin what it is told.

Written from the protocol's description, not from the driver: a mistake that both made would not be found.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace

from hardware.errors import HardwareError
from hardware.simulator.link import Link
from hardware.transport.channel import Framing, line_ended_by
from hardware.types import Raster


class EmulatedRG2:
    """One line in, one line out; see the protocol's table in the README."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\n")

    def answer(self, request: bytes) -> bytes:
        try:
            said = self._obey(request.decode("ascii").split())
        except HardwareError as error:
            said = f"ERR {error.what}"
        except (ValueError, UnicodeDecodeError):
            said = "ERR syntax"
        return f"{said}\n".encode("ascii", "replace")

    def hung_up(self) -> None:
        """Its outputs go on without anybody at the other end."""

    def _obey(self, words: list[str]) -> str:
        match words:
            case ["ID?"]:
                return "RG-2,00017"
            case ["X?"]:
                raster = self._raster()
                return f"{raster.x_vpp} {raster.x_hz}"
            case ["Y?"]:
                raster = self._raster()
                return f"{raster.y_vpp} {raster.y_hz}"
            case ["X", vpp, hz]:
                return self._set(replace(self._raster(), x_vpp=_amplitude(vpp), x_hz=float(hz)))
            case ["Y", vpp, hz]:
                return self._set(replace(self._raster(), y_vpp=_amplitude(vpp), y_hz=float(hz)))
            case ["LOAD?"]:
                load_ohm = self._read()["load_ohm"]
                return "INF" if math.isinf(load_ohm) else f"{load_ohm}"
            case ["LOAD", "INF"]:
                return self._set(self._raster(), math.inf)
            case ["RUN?"]:
                return f"{self._read()['running']:d}"
            case ["RUN", ("0" | "1") as on]:
                self._link.call("raster.run", {"on": on == "1"})
                return "OK"
        return "ERR unknown"

    def _read(self) -> dict[str, float]:
        return self._link.call("raster.read").values

    def _raster(self) -> Raster:
        return Raster(**self._link.call("raster.read").values["raster"])

    def _set(self, raster: Raster, load_ohm: float | None = None) -> str:
        load = self._read()["load_ohm"] if load_ohm is None else load_ohm
        self._link.call("raster.configure", {"raster": asdict(raster), "load_ohm": load})
        return "OK"


def _amplitude(word: str) -> float:
    if not 0 <= (vpp := float(word)) <= 20:
        raise ValueError(word)
    return vpp
