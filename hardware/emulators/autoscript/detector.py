"""``detector``: contrast and brightness from 0 to 1, and voltages."""

from __future__ import annotations

from typing import Any

from hardware.emulators.autoscript.structures import ApplicationServerException, Limits
from hardware.emulators.autoscript.tree import Tree
from hardware.simulator.link import Link

GAIN_AT_FULL_CONTRAST = 4.0
OFFSET_AT_FULL_BRIGHTNESS = 128.0
DRAWS_V = 1.0
IMAGING_V = 70.0
TYPES = ("ETD", "TLD", "ICD")


class DetectorNodes:
    """A detector draws electrons while its suction tube is at a voltage."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._tube_v = IMAGING_V
        self._type = TYPES[0]

    def tree(self) -> Tree:
        tube = "detector.custom_settings.suction_tube_voltage.value"
        return Tree(
            readings={
                "detector.type.value": lambda: self._type,
                "detector.contrast.value": lambda: self._read()["gain"] / GAIN_AT_FULL_CONTRAST,
                "detector.contrast.limits": lambda: Limits(0.0, 1.0),
                "detector.brightness.value": lambda: (
                    0.5 + self._read()["offset"] / OFFSET_AT_FULL_BRIGHTNESS
                ),
                "detector.brightness.limits": lambda: Limits(0.0, 1.0),
                tube: lambda: self._tube_v if self._read()["hv_on"] else 0.0,
            },
            settings={
                "detector.type.value": self._choose,
                "detector.contrast.value": lambda share: self._tell(gain=share * GAIN_AT_FULL_CONTRAST),
                "detector.brightness.value": lambda share: self._tell(
                    offset=(share - 0.5) * OFFSET_AT_FULL_BRIGHTNESS
                ),
                tube: self._draw,
            },
        )

    def _choose(self, name: str) -> None:
        if name not in TYPES:
            raise ApplicationServerException(f"There is no detector '{name}'.")
        self._type = name

    def _draw(self, volts: float) -> None:
        self._tell(hv_on=abs(volts) >= DRAWS_V)
        self._tube_v = volts

    def _read(self) -> dict[str, Any]:
        return self._link.call("detector.read").values

    def _tell(self, **values: object) -> None:
        self._link.call("detector.set", values)
