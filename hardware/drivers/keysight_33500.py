"""Agilent and Keysight 33500 and 33600 waveform generators, two channels: the ion raster.

Channel 1 drives the X plates, channel 2 the Y plates, both with a rising sawtooth about zero. From
the "33500 Series Operating and Service Guide", SCPI Programming Reference: a sawtooth is a ramp of
100 % symmetry; amplitudes are told for an assumed load, by default 50 ohm, at which plates of high
impedance would get twice as much, so the load is set to infinity and read back (9.9E37). An output
changes at once: whoever calls has the ion beam blanked, but for ``state``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pydantic import Field

from hardware.errors import Refused
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.set_points import require_reached, require_within
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.scpi import Scpi, greet, identity
from hardware.transport.visa import visa
from hardware.types import Range, Raster, RasterState

CHANNELS = (1, 2)
AMPLITUDES_VPP = Range(0.002, 20.0)
FREQUENCIES_HZ = Range(1e-6, 2e5)
RESOLUTION = 1e-3
"""Of what is set, the generator keeps four digits (data sheet)."""

TIMING = Timing(answer_s=0.3, retries=0, late_s=0.2)
"""A generator that falls silent under the open ion beam must be missed within a second: nothing is asked
again."""

DEFORMING = ("BURS", "SWE", "AM", "FM", "PM", "FSK", "BPSK", "SUM")
"""Bursts, sweep and modulations by the subsystems that switch them; pulse width is none of a ramp's."""

SETTING_S = 1.0
"""Its relays take their time."""

TWO_CHANNELS = ("33510B", "33512B", "33520B", "33522A", "33522B", "33612A", "33622A")


class GeneratorSettings(DeviceSettings):
    """Where the generator is."""

    address: str = Field(
        title="VISA address", description="USB0::0x0957::...::INSTR, TCPIP0::192.168.0.5::5025::SOCKET"
    )
    library: str = Field(
        "", title="VISA library", description="empty: the system's; @py: the one in Python"
    )


@dataclass(frozen=True, slots=True)
class _Channel:
    """What one channel reads back."""

    on: bool
    load_ohm: float
    vpp: float
    hz: float
    is_sawtooth: bool


class Keysight33500:
    """See :class:`hardware.protocols.WaveformGenerator`."""

    def __init__(self, scpi: Scpi, name: str) -> None:
        self._scpi, self._name = scpi, name

    def state(self) -> RasterState:
        """What reads back. Raises ``Refused`` where an output is on that is no sawtooth."""
        x, y = (self._channel(number) for number in CHANNELS)
        for number, channel in zip(CHANNELS, (x, y), strict=True):
            if channel.on and not channel.is_sawtooth:
                what = f"channel {number} plays something else than the sawtooth"
                raise Refused(self._name, what, "Was it changed at its front panel? Set the raster again.")
        raster = Raster(x.vpp, y.vpp, x.hz, y.hz)
        return RasterState(raster, x.on and y.on, min(x.load_ohm, y.load_ohm))

    def configure(self, raster: Raster) -> None:
        """Both channels: sawtooth, high impedance, amplitude and frequency; outputs stay as they are.

        Raises ``OutOfRange`` with nothing sent, ``NotReached`` for what reads back otherwise.
        """
        wanted = {1: (raster.x_vpp, raster.x_hz), 2: (raster.y_vpp, raster.y_hz)}
        for number, (vpp, hz) in wanted.items():
            require_within(self._name, f"amplitude [Vpp] of channel {number}", vpp, AMPLITUDES_VPP)
            require_within(self._name, f"frequency [Hz] of channel {number}", hz, FREQUENCIES_HZ)
        for number, (vpp, hz) in wanted.items():
            self._scpi.command(*_sawtooth(number, vpp, hz), timeout_s=SETTING_S)
        for number, (vpp, hz) in wanted.items():  # both at the end: coupled channels change each other
            self._require(number, vpp, hz)

    def start(self) -> None:
        """Both outputs on, their slopes beginning together."""
        self._switch(on=True)
        self._scpi.command("SOUR1:PHAS:SYNC")

    def stop(self) -> None:
        """Both outputs off."""
        self._switch(on=False)

    def _switch(self, on: bool) -> None:
        word = "ON" if on else "OFF"
        self._scpi.command(*(f"OUTP{number} {word}" for number in CHANNELS), timeout_s=SETTING_S)
        outputs = self._scpi.numbers(*(f"OUTP{number}?" for number in CHANNELS))
        for number, output in zip(CHANNELS, outputs, strict=True):
            require_reached(self._name, f"output {number}", on, output, 0.0)

    def _require(self, number: int, vpp: float, hz: float) -> None:
        got = self._channel(number)
        reached = partial(require_reached, self._name)
        reached(f"amplitude [Vpp] of channel {number}", vpp, got.vpp, RESOLUTION * vpp)
        reached(f"frequency [Hz] of channel {number}", hz, got.hz, RESOLUTION * hz)
        if got.load_ohm != float("inf") or not got.is_sawtooth:
            what = f"channel {number} does not read back as a sawtooth into high impedance"
            raise Refused(self._name, what, "Set it again, or reset the generator.")

    def _channel(self, number: int) -> _Channel:
        source, output = f"SOUR{number}", f"OUTP{number}"
        function, unit = self._scpi.ask(f"{source}:FUNC?", f"{source}:VOLT:UNIT?")
        on, load_ohm, vpp, hz, *rest = self._scpi.numbers(
            f"{output}?",
            f"{output}:LOAD?",
            f"{source}:VOLT?",
            f"{source}:FREQ?",
            f"{source}:FUNC:RAMP:SYMM?",
            f"{source}:VOLT:OFFS?",
            *(f"{source}:{name}:STAT?" for name in DEFORMING),
        )
        is_sawtooth = (function, unit, rest) == ("RAMP", "VPP", [100.0, 0.0, *[0.0] * len(DEFORMING)])
        return _Channel(bool(on), load_ohm, vpp, hz, is_sawtooth)


def _sawtooth(number: int, vpp: float, hz: float) -> tuple[str, ...]:
    """In an order in which nothing conflicts with what was set before, whatever that was.

    A ramp is slower than other functions, high impedance knows no dBm, and the amplitude is told for the
    load.
    """
    source = f"SOUR{number}"
    return (
        *(f"{source}:{name}:STAT OFF" for name in DEFORMING),
        f"{source}:FREQ {hz!r}",
        f"{source}:FUNC RAMP",
        f"{source}:FUNC:RAMP:SYMM 100",
        f"{source}:VOLT:UNIT VPP",
        f"{source}:VOLT:OFFS 0",
        f"OUTP{number}:LOAD INF",
        f"{source}:VOLT {vpp!r}",
    )


def connect(settings: GeneratorSettings, surroundings: Surroundings) -> Parts:
    """Connect and ask who is there. Outputs stay as they are: a running raster spreads a stray beam.

    Raises ``Refused`` for another instrument, or one with a single channel.
    """
    name = surroundings.name
    dialogue = Dialogue(
        name, lambda: visa(settings.address, settings.library), surroundings.wire_log, TIMING, greet
    )
    scpi = Scpi(dialogue)
    try:
        (says,) = scpi.ask("*IDN?")
        if not is_ours(says):
            raise Refused(name, f"calls itself {says}", "Give the address of a two-channel 33500.")
    except BaseException:
        dialogue.close()
        raise
    return Parts(raster=Keysight33500(scpi, name), close=dialogue.close)


def is_ours(says: str) -> bool:
    """Whether ``*IDN?`` tells of a generator that this driver knows."""
    return any(f",{model}," in says for model in TWO_CHANNELS)


def recognise(address: str) -> Candidate | None:
    """Ask a VISA address who is there."""
    says = identity(lambda: visa(address)) if "::" in address else None
    return Candidate({"address": address}, says) if says and is_ours(says) else None


DRIVER = DeviceDriver(
    title="Keysight or Agilent 33500 waveform generator",
    plays=frozenset({Part.RASTER}),
    settings=GeneratorSettings,
    connect=connect,
    recognise=recognise,
)
