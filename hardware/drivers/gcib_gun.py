"""A gas cluster ion gun whose own program has no public protocol: an Ionoptika GCIB 10S, say.

What can be known of it without its program, and what can be commanded:

* the high voltage's enable contact hangs on a relay of a DCON module of its own. It is made only
  while the relay is energised and reads back so; power loss takes it off. Where the gun has a contact
  that says "high voltage on", an input of the module sees it;
* the pressure at the gun's pump is read from a gauge of its own;
* the high voltage's value and the gas pressure are *declared* by the operator, who reads them at the
  gun. They count for so many hours, and only while the enable contact reads back as made. They are
  never verified, and the log says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, Field

from hardware.drivers.dcon_relay.module import DconModule, Stored, Wording
from hardware.drivers.pfeiffer_gauge.device import GaugeSettings, Speech, gauge
from hardware.errors import HardwareError, Interlocked, Refused
from hardware.parts import DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.protocols import Chamber, Clock
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.serial_port import serial_port
from hardware.types import GunState

LOG = logging.getLogger(__name__)
LOOK_S = 0.5


class GunSettings(DeviceSettings):
    """The enable relay, the pump's gauge, and what the operator declares."""

    port: str = Field(title="Relay: serial port", description="COM3; never the blanker's")
    baud: int = Field(9600, title="Relay: baud rate", gt=0)
    answer_s: float = Field(
        0.5, title="Answer within", description="of relay and gauge; then they are asked again", gt=0, le=1
    )
    address: int = Field(1, title="Relay: module address", ge=0, le=255)
    checksum: bool = Field(True, title="Relay: checksum", description="as set on the module")
    enable_output: int = Field(0, title="Enable output", description="energised = HV allowed", ge=0, le=7)
    indicator_input: int | None = Field(
        None, title="Indicator input", description="reads 1 while the gun says that HV is on", ge=0, le=7
    )
    ramp_s: float = Field(30.0, title="Ramp", description="until HV is on or off at the latest", gt=0)
    gauge_port: str = Field(
        title="Pump gauge: serial port", description="a Pfeiffer gauge at the gun's pump"
    )
    gauge_baud: int = Field(9600, title="Pump gauge: baud rate", gt=0)
    gauge_speech: Speech = Field(Speech.TELEGRAMS, title="Pump gauge: protocol")
    gauge_number: int = Field(1, title="Pump gauge: address or place", ge=1, le=255)
    declared_hv_kv: float = Field(title="Declared HV", description="as read at the gun", gt=0, le=30)
    declared_gas_bar: float = Field(title="Declared gas pressure", description="as read", gt=0, le=100)
    declared_at: AwareDatetime = Field(
        title="Declared at", description="when both were read: 2026-05-01T08:30:00+02:00"
    )
    declared_for_h: float = Field(72.0, title="Declared for [h]", gt=0, le=336)

    @property
    def gauge(self) -> GaugeSettings:
        return GaugeSettings(
            port=self.gauge_port,
            baud=self.gauge_baud,
            speech=self.gauge_speech,
            number=self.gauge_number,
            answer_s=self.answer_s,
        )


class GcibGun:
    """See :class:`hardware.protocols.IonGun`."""

    def __init__(
        self,
        name: str,
        module: DconModule,
        gauge: Chamber,
        clock: Clock,
        settings: GunSettings,
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name, self._module, self._gauge, self._clock = name, module, gauge, clock
        self._settings, self._today = settings, today

    def state(self) -> GunState:
        """Enable contact and pump as read back; the rest as declared.

        Raises ``Interlocked`` when that was too long ago, and ``Refused`` where the gun says that its high
        voltage is on while nothing enables it: whoever needs it off must not be told that it is.
        """
        self._require_declared()
        enabled, indicated = self._read()
        if indicated and not enabled:
            raise Refused(
                self._name, "the high voltage is on though its enable relay is not", "Press gun off."
            )
        on = enabled and indicated
        return GunState(
            hv_kv=self._settings.declared_hv_kv if on else 0.0,
            hv_on=on,
            gas_bar=self._settings.declared_gas_bar,
            pump_pressure_mbar=self._gauge.pressure_mbar(),
        )

    @property
    def ramp_s(self) -> float:
        """See :class:`hardware.protocols.RampTime`."""
        return self._settings.ramp_s

    def set_hv(self, on: bool) -> None:
        """Switch the enable contact, once, and wait until all reads so.

        Raises ``Refused`` when it does not within ``ramp_s``, and what a wire raises. What is not seen to
        come on is switched off: an error must leave no high voltage behind that nobody expects.
        """
        try:
            self._switch(on)
        except HardwareError as error:
            if on:
                self._withdraw(error)
            raise

    def _switch(self, on: bool) -> None:
        self._module.switch(self._settings.enable_output, on)
        until_s = self._clock.now_s() + self._settings.ramp_s
        while self._read() != (on, on):
            if self._clock.now_s() >= until_s:
                raise self._not_followed(on)
            self._clock.sleep(LOOK_S)

    def _not_followed(self, on: bool) -> Refused:
        within = f"within {self._settings.ramp_s:g} s"
        if not on:
            return Refused(self._name, f"the high voltage is not off {within}", "Press gun off.")
        what = f"the high voltage did not come on {within}, and is switched off"
        return Refused(self._name, what, "Look at the gun's own messages.")

    def _withdraw(self, error: HardwareError) -> None:
        try:
            self._module.switch(self._settings.enable_output, False)
        except HardwareError as trouble:
            error.add_note(f"The high voltage could not be taken off either: {trouble} Press gun off.")

    def _read(self) -> tuple[bool, bool]:
        """Whether the relay is energised, and whether the gun indicates high voltage: one without an
        indicator is believed to follow.
        """
        levels, indicator = self._module.levels(), self._settings.indicator_input
        enabled = levels.output(self._settings.enable_output)
        return enabled, enabled if indicator is None else levels.input(indicator)

    def _require_declared(self) -> None:
        age = self._today() - self._settings.declared_at
        if not timedelta() <= age <= timedelta(hours=self._settings.declared_for_h):
            reason = (
                f"High voltage and gas were declared at {self._settings.declared_at:%Y-%m-%d %H:%M %Z}, "
                f"which counts for {self._settings.declared_for_h:g} h"
            )
            raise Interlocked(self._name, [reason], "Read both at the gun, and declare them anew.")


def connect(settings: GunSettings, surroundings: Surroundings) -> Parts:
    """Connect relay and gauge; the high voltage stays as it is.

    Raises ``Refused`` where the relay would switch it on by itself.
    """
    name, wording = surroundings.name, Wording(settings.address, settings.checksum)
    with ExitStack() as undo:
        dialogue = Dialogue(
            name,
            lambda: serial_port(settings.port, settings.baud),
            surroundings.wire_log,
            Timing(settings.answer_s, late_s=settings.answer_s),
            wording.greet,
        )
        undo.callback(dialogue.close)
        module = DconModule(dialogue, wording)
        _require_off_by_itself(module, name, settings.enable_output)
        pump = gauge(settings.gauge, f"{name} pump gauge", surroundings.wire_log)
        undo.callback(pump.close)
        LOG.warning(
            "%s: %g kV and %g bar are as declared by the operator; they are unverifiable",
            name,
            settings.declared_hv_kv,
            settings.declared_gas_bar,
        )
        gun = GcibGun(name, module, pump, surroundings.clock, settings)
        return Parts(gun=gun, close=undo.pop_all().close)


def _require_off_by_itself(module: DconModule, name: str, output: int) -> None:
    """Neither power that returns nor a watchdog that runs out may bring the high voltage."""
    for which in Stored:
        if module.stored(which).output(output):
            what = f"the relay's {which.name.lower()} value switches the high voltage on by itself"
            raise Refused(name, what, "Store the value with that output off, by the module's own utility.")


DRIVER = DeviceDriver(
    title="Gas cluster ion gun (enable relay, pump gauge, declared HV and gas)",
    plays=frozenset({Part.GUN}),
    settings=GunSettings,
    connect=connect,
)
