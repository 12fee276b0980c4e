"""Electron source, lenses, beam shift, blanker and column valve of a Zeiss SEM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hardware.drivers.zeiss.api import LOOK, Sem
from hardware.drivers.zeiss.parameters import BEAM_ON, CLOSED, OPEN, OPEN_CLOSED, Analogue, Command, State
from hardware.drivers.zeiss.settings import ZeissSettings
from hardware.drivers.zeiss.units import NA_PER_A, PER_KILO, metres, tidy, um
from hardware.errors import Refused
from hardware.protocols import Clock
from hardware.set_points import require_optics, require_optics_within, require_reached, require_within
from hardware.types import BeamState, Optics, Range
from hardware.waiting import wait_until

OFF_BELOW_KV = 0.01
"""What remains of the EHT while it is off."""

WD_TOLERANCE_UM = 0.01
STIG_TOLERANCE = 0.005
SHIFT_TOLERANCE_UM = 0.005
"""The API's numbers are 4-byte floats; the rest is left to what SmartSEM rounds to."""

PERCENT = 100.0
_ON_OFF = {True: "on", False: "off"}


@dataclass(frozen=True, slots=True)
class ColumnLimits:
    """What SmartSEM allows: ``wd_um``, ``stig_x`` and ``stig_y`` [%], beam shift in x and y [um]."""

    optics: Mapping[str, Range]
    shift_um: tuple[Range, Range]


def column_limits(sem: Sem, settings: ZeissSettings) -> ColumnLimits:
    """Ask SmartSEM what it allows. Raises what queries raise."""
    wd_m = sem.limits(Analogue.WD)
    optics = {
        "wd_um": Range(um(wd_m.low), um(wd_m.high)),
        "stig_x": sem.limits(Analogue.STIG_X),
        "stig_y": sem.limits(Analogue.STIG_Y),
    }
    x, y = (sem.limits(axis) for axis in (Analogue.BEAM_SHIFT_X, Analogue.BEAM_SHIFT_Y))
    return ColumnLimits(
        optics,
        (
            _scaled(x, settings.beam_shift_x_um / PERCENT),
            _scaled(y, settings.beam_shift_y_um / PERCENT),
        ),
    )


class ZeissColumn:
    """``urgent`` blanks, past whatever ``sem`` is doing."""

    def __init__(self, sem: Sem, urgent: Sem, clock: Clock, settings: ZeissSettings) -> None:
        self._sem, self._urgent, self._clock, self._settings = sem, urgent, clock, settings
        self._limits = column_limits(sem, settings)
        self._um_per_percent = (settings.beam_shift_x_um / PERCENT, settings.beam_shift_y_um / PERCENT)

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        return self._limits.optics

    def optics(self) -> Optics:
        number = self._sem.number
        return Optics(um(number(Analogue.WD)), number(Analogue.STIG_X), number(Analogue.STIG_Y))

    def set_optics(self, optics: Optics) -> None:
        require_optics_within(self._sem.device, optics, self.optics_limits)
        self._sem.set_number(Analogue.WD, metres(optics.wd_um))
        self._sem.set_number(Analogue.STIG_X, optics.stig_x)
        self._sem.set_number(Analogue.STIG_Y, optics.stig_y)
        self._clock.sleep(self._settings.lens_settling_s)
        require_optics(self._sem.device, optics, self.optics(), WD_TOLERANCE_UM, STIG_TOLERANCE)

    def beam_shift_um(self) -> tuple[float, float]:
        by_x, by_y = self._um_per_percent
        x, y = self._sem.number(Analogue.BEAM_SHIFT_X), self._sem.number(Analogue.BEAM_SHIFT_Y)
        return tidy(x * by_x), tidy(y * by_y)

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None:
        device, (by_x, by_y) = self._sem.device, self._um_per_percent
        for name, value, allowed in zip("xy", (x_um, y_um), self._limits.shift_um, strict=True):
            require_within(device, f"beam shift {name}_um", value, allowed)
        self._sem.set_number(Analogue.BEAM_SHIFT_X, x_um / by_x)
        self._sem.set_number(Analogue.BEAM_SHIFT_Y, y_um / by_y)
        for name, value, got in zip("xy", (x_um, y_um), self.beam_shift_um(), strict=True):
            require_reached(device, f"beam shift {name}_um", value, got, SHIFT_TOLERANCE_UM)

    def state(self) -> BeamState:
        """Blanked is only what is commanded to be and reads as blanked; running up or down counts as on."""
        sem = self._sem
        actual_kv = self._actual_kv()
        on = sem.word(State.BEAM) == BEAM_ON or actual_kv > OFF_BELOW_KV
        return BeamState(
            eht_on=on,
            eht_kv=actual_kv if on else tidy(sem.number(Analogue.EHT_TARGET) / PER_KILO),
            valve_open=self._valve_open(),
            probe_current_na=tidy(sem.number(Analogue.PROBE_CURRENT) * NA_PER_A),
            blanked=sem.is_on(State.BLANKING) and sem.is_on(State.BLANKED),
        )

    def blank(self) -> None:
        self._urgent.wake()
        self._urgent.switch(State.BLANKING, True)
        if not self._urgent.is_on(State.BLANKED):
            what = f"{State.BLANKED} reads 'no' after the beam was blanked"
            raise Refused(self._sem.device, what, "Switch the EHT off by hand and check the blanker.")

    def unblank(self) -> None:
        self._sem.switch(State.BLANKING, False)

    def set_eht(self, on: bool) -> None:
        """Run up or down, and wait for it. ``Refused`` without vacuum, ``Deadline`` when it takes long."""
        sem = self._sem
        if on and not sem.is_on(State.VACUUM_READY):
            raise Refused(
                sem.device, "the vacuum does not allow the EHT", "Wait until the chamber is pumped."
            )
        sem.execute(Command.EHT_ON if on else Command.EHT_OFF)
        self._wait(lambda: self._eht_is(on), self._settings.eht_s, f"the EHT is not {_ON_OFF[on]}")

    def set_valve(self, open_: bool) -> None:
        """Move the column valve, and wait for it. ``Deadline`` when it takes long."""
        word = OPEN if open_ else CLOSED
        self._sem.set_word(State.COLUMN_VALVE, word)
        what = f"the column valve is not {word.lower()}"
        self._wait(lambda: self._valve_open() is open_, self._settings.valve_s, what)

    def specimen_current_na(self) -> float:
        """By SmartSEM's specimen current monitor, which is off again afterwards.

        There is no touch alarm while it is on, since both use the stage's way to ground.
        """
        try:  # what was not confirmed may have been done
            self._sem.switch(State.CURRENT_MONITOR, True)
            self._clock.sleep(self._settings.meter_settling_s)
            return tidy(self._sem.number(Analogue.SPECIMEN_CURRENT) * NA_PER_A)
        finally:
            self._sem.switch(State.CURRENT_MONITOR, False)

    def _eht_is(self, on: bool) -> bool:
        """Whether it has come all the way: ``state`` calls it on for as long as there is some."""
        running = self._sem.word(State.BEAM) == BEAM_ON
        return running if on else not running and self._actual_kv() <= OFF_BELOW_KV

    def _actual_kv(self) -> float:
        return tidy(self._sem.number(Analogue.EHT_ACTUAL) / PER_KILO)

    def _valve_open(self) -> bool:
        return self._sem.is_first(State.COLUMN_VALVE, OPEN_CLOSED)

    def _wait(self, condition: Callable[[], bool], deadline_s: float, what: str) -> None:
        wait_until(condition, self._clock, deadline_s, self._sem.device, what, LOOK)


def _scaled(percent: Range, um_per_percent: float) -> Range:
    return Range(*sorted((percent.low * um_per_percent, percent.high * um_per_percent)))
