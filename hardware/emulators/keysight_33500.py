"""A Keysight 33522B, whose channels drive the twin's ion raster: channel 1 the X plates, 2 the Y plates.

After the "33500 Series Operating and Service Guide" (SCPI Programming Reference): amplitudes are
told for the load that the operator says is there, 50 ohm unless told otherwise, and are rescaled
when that changes; 9.9E37 ohm is high impedance. What conflicts with a new setting is changed, and told
in the error queue.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hardware.emulators.scpi import Command, ScpiError, ScpiInstrument, parsed, switched
from hardware.simulator.link import Link

IDENTITY = "Keysight Technologies,33522B,MY00000001,4.00-1.19-2.00-52-00"
OUTPUT_OHM = 50.0
MOST_VPP_OPEN, LEAST_VPP_OPEN = 20.0, 0.002
LEAST_HZ = 1e-6
MOST_HZ = {"SIN": 30e6, "SQU": 30e6, "RAMP": 2e5}
UNITS = ("VPP", "VRMS", "DBM")
DEFORMING = ("BURSt", "SWEep", "AM", "FM", "PM", "FSKey", "BPSK", "PWM", "SUM")
AXES = {1: "x", 2: "y"}


@dataclass
class _Channel:
    """What the twin's raster has no word for."""

    function: str = "SIN"
    unit: str = "VPP"
    symmetry_percent: float = 100.0
    offset_v: float = 0.0
    load_ohm: float = OUTPUT_OHM
    output: bool = False
    deformed_by: set[str] = field(default_factory=set)

    @property
    def share(self) -> float:
        """Of the open-circuit voltage, what is across the load."""
        return 1.0 if math.isinf(self.load_ohm) else self.load_ohm / (self.load_ohm + OUTPUT_OHM)


class Keysight33500(ScpiInstrument):
    """See the module."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._channels = {number: _Channel() for number in AXES}
        commands: dict[str, Command] = {}
        for number in AXES:
            for header, (ask, tell) in self._settings(number).items():
                commands[f"{header}?"] = partial(_asked, ask)
                commands[header] = tell
        commands |= {f"SOURce{number}:PHASe:SYNChronize": lambda _rest: None for number in AXES}
        super().__init__(IDENTITY, commands)

    def _settings(self, number: int) -> dict[str, tuple[Callable[[], str], Command]]:
        source, channel = f"SOURce{number}", self._channels[number]
        figure = partial(_figure, channel)
        return {
            **{f"{source}:{name}:STATe": _switch(channel, name) for name in DEFORMING},
            f"{source}:FUNCtion": (lambda: channel.function, partial(self._set_function, number)),
            f"{source}:FUNCtion:RAMP:SYMMetry": figure("symmetry_percent", 0.0, 100.0),
            f"{source}:VOLTage:OFFSet": figure("offset_v", -10.0, 10.0),
            f"{source}:VOLTage:UNIT": (lambda: channel.unit, partial(_set_unit, channel)),
            f"{source}:VOLTage": (partial(self._told, number, "vpp"), partial(self._set_vpp, number)),
            f"{source}:FREQuency": (partial(self._told, number, "hz"), partial(self._set_hz, number)),
            f"OUTPut{number}:LOAD": (lambda: _told(channel.load_ohm), partial(self._set_load, number)),
            f"OUTPut{number}": (partial(self._is_on, number), partial(self._set_output, number)),
        }

    def _read(self) -> dict[str, Any]:
        """The twin's raster; it may have stopped by itself."""
        values = self._link.call("raster.read").values
        if self._both_on and not values["running"]:
            for channel in self._channels.values():
                channel.output = False
        return values

    @property
    def _both_on(self) -> bool:
        return all(channel.output for channel in self._channels.values())

    def _told(self, number: int, unit: str) -> str:
        return _told(self._read()["raster"][f"{AXES[number]}_{unit}"])

    def _is_on(self, number: int) -> str:
        self._read()
        return str(int(self._channels[number].output))

    def _set_function(self, number: int, text: str) -> None:
        if (function := text.upper()) not in MOST_HZ:
            raise ScpiError(-224, "Illegal parameter value")
        self._channels[number].function = function
        if self._read()["raster"][f"{AXES[number]}_hz"] > MOST_HZ[function]:
            self._configure(number, "hz", MOST_HZ[function])
            raise ScpiError(-221, "Settings conflict; frequency reduced for ramp function")

    def _set_vpp(self, number: int, text: str) -> None:
        share = self._channels[number].share
        self._configure(number, "vpp", parsed(text, LEAST_VPP_OPEN * share, MOST_VPP_OPEN * share))

    def _set_hz(self, number: int, text: str) -> None:
        self._configure(number, "hz", parsed(text, LEAST_HZ, MOST_HZ[self._channels[number].function]))

    def _set_load(self, number: int, text: str) -> None:
        channel, before = self._channels[number], self._channels[number].share
        is_open = text.upper() in ("INF", "INFINITY")
        channel.load_ohm = math.inf if is_open else parsed(text, 1.0, 1e4)
        vpp = self._read()["raster"][f"{AXES[number]}_vpp"]
        self._configure(number, "vpp", vpp * channel.share / before)
        if is_open and channel.unit == "DBM":
            channel.unit = "VPP"
            raise ScpiError(-221, "Settings conflict; units changed to Vpp due to high-Z load")

    def _set_output(self, number: int, text: str) -> None:
        self._read()
        self._channels[number].output = switched(text)
        self._link.call("raster.run", {"on": self._both_on})

    def _configure(self, number: int, unit: str, value: float) -> None:
        raster = self._read()["raster"] | {f"{AXES[number]}_{unit}": value}
        load_ohm = min(channel.load_ohm for channel in self._channels.values())
        self._link.call("raster.configure", {"raster": raster, "load_ohm": load_ohm})


def _asked(ask: Callable[[], str], _rest: str) -> str:
    return ask()


def _told(value: float) -> str:
    return "+9.9E+37" if math.isinf(value) else f"{value:+.15E}"


def _set_unit(channel: _Channel, text: str) -> None:
    if text.upper() not in UNITS:
        raise ScpiError(-224, "Illegal parameter value")
    channel.unit = text.upper()


def _switch(channel: _Channel, name: str) -> tuple[Callable[[], str], Command]:
    """At most one of them is on: switching one on switches the others off."""

    def switch(text: str) -> None:
        if switched(text):
            channel.deformed_by = {name}
        else:
            channel.deformed_by.discard(name)

    return lambda: str(int(name in channel.deformed_by)), switch


def _figure(channel: _Channel, name: str, low: float, high: float) -> tuple[Callable[[], str], Command]:
    return (
        lambda: _told(getattr(channel, name)),
        lambda text: setattr(channel, name, parsed(text, low, high)),
    )
