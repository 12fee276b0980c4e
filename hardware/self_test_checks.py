"""The checks of a self-test, for each part that a device plays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from hardware.errors import Garbled, OutOfRange
from hardware.guard.client import BlankerLine, GuardClient
from hardware.guard.core import GuardTiming
from hardware.interlocks import MillLimits
from hardware.microscope import GUARD_LOG
from hardware.parts import Part, Parts
from hardware.protocols import (
    Chamber,
    Clock,
    Detector,
    ElectronColumn,
    IonCurrentMeter,
    IonGun,
    IrradiationMeter,
    IrradiationSource,
    KnownCurrentCheck,
    Scanner,
    Stage,
    WaveformGenerator,
)
from hardware.self_test import Check, LeftOut
from hardware.types import Blanker, Frame, FrameSettings, PoseTolerance, Preamplifier, Range, Raster

PASSING_S = 0.05
SHIFT_UM = 0.1
FRAMES = tuple(
    FrameSettings(width_px, height_px, pixel_size_nm=10.0, dwell_ns=200.0)
    for width_px, height_px in ((64, 48), (512, 384), (1024, 768))
)
"""Small ones first; some scanners offer a few sizes only."""
GENTLE = Raster(x_vpp=1.0, y_vpp=1.0)
LEAST_SENSITIVE = Preamplifier(sensitivity_a_per_v=1e-3, inverted=False)
PRESSURES_MBAR = Range(1e-11, 1100.0)
"""From the best vacuum of any gauge to air."""

_NOTHING = Range(1.0, 0.0)
NOTHING_OPENS = MillLimits(
    pressure_mbar=_NOTHING,
    hv_kv=_NOTHING,
    gas_bar=_NOTHING,
    pump_pressure_max_mbar=0.0,
    current_na=_NOTHING,
    current_age_max_s=0.0,
    raster_vpp=_NOTHING,
    tilt_deg=_NOTHING,
    z_um=_NOTHING,
)
"""Limits that no state meets: a guard that holds them refuses every opening."""


def checks(
    parts: Parts, folder: Path, with_beam: bool = False, known_na: float | None = None
) -> list[Check]:
    """What is tried of a device's parts. ``folder``: where the guard keeps its log.

    ``with_beam``: scan one small frame, some 20 electrons per nm^2 at 1.5 nA; only with EHT on and column
    valve open already, neither is touched. ``known_na``: a current that is fed into the irradiation meter.
    """
    makers: Mapping[Part, Callable[[Any], Iterator[Check]]] = {
        Part.CLOCK: _clock,
        Part.CHAMBER: _chamber,
        Part.COLUMN: _column,
        Part.DETECTOR: _detector,
        Part.STAGE: _stage,
        Part.SCANNER: lambda scanner: _scanner(scanner, parts.column, with_beam),
        Part.BLANKER: lambda line: _blanker(line, folder),
        Part.GUN: _gun,
        Part.RASTER: _raster,
        Part.ION_CURRENT: _ion_current,
        Part.CLEANER: _cleaner,
        Part.IRRADIATION_METER: lambda meter: _irradiation_meter(meter, known_na),
        Part.IRRADIATION_SOURCE: _irradiation_source,
    }
    there = ((part, getattr(parts, part.value)) for part in makers)
    return [check for part, device in there if device is not None for check in makers[part](device)]


def _clock(clock: Clock) -> Iterator[Check]:
    def passes() -> str:
        begun_s = clock.now_s()
        clock.sleep(PASSING_S)
        passed_s = clock.now_s() - begun_s
        if not passed_s > 0:
            raise Garbled("clock", f"{passed_s:g} s passed in {PASSING_S:g} s", "Check what keeps time.")
        return f"{passed_s:.3f} s in {PASSING_S:g} s"

    yield Check(Part.CLOCK, "time passes", passes)


def _chamber(chamber: Chamber) -> Iterator[Check]:
    def pressure() -> str:
        mbar = chamber.pressure_mbar()
        if mbar not in PRESSURES_MBAR:
            raise Garbled("chamber", f"reads {mbar:g} mbar", "Check the gauge and its unit.")
        return f"{mbar:.2e} mbar"

    yield Check(Part.CHAMBER, "the pressure is plausible", pressure)


def _column(column: ElectronColumn) -> Iterator[Check]:
    def state() -> str:
        beam = column.state()
        _finite("column", beam)
        eht, valve = ("on" if beam.eht_on else "off"), ("open" if beam.valve_open else "shut")
        return f"EHT {eht}, {beam.eht_kv:g} kV, column valve {valve}, {beam.probe_current_na:g} nA"

    def blanked() -> str:
        column.blank()
        if not column.state().blanked:
            raise Garbled("column", "the beam does not read back as blanked", "Switch the EHT off by hand.")
        return "blanked, read back"

    yield Check(Part.COLUMN, "its state is read", state)
    yield Check(Part.COLUMN, "the electron beam is blanked", blanked)
    yield from _optics(column)


def _optics(column: ElectronColumn) -> Iterator[Check]:
    def optics_in_limits() -> str:
        optics, limits = column.optics(), column.optics_limits
        for name, allowed in limits.items():
            if (value := getattr(optics, name)) not in allowed:
                raise Garbled(
                    "column", f"{name} reads {value:g}, allowed is {allowed}", "Look at its unit."
                )
        return f"wd {optics.wd_um:.1f} um, stigmators {optics.stig_x:.3f}, {optics.stig_y:.3f}"

    def optics_kept() -> str:
        optics = column.optics()
        column.set_optics(optics)
        return f"wd {optics.wd_um:.1f} um set and read back"

    def shifted() -> str:
        x_um, y_um = column.beam_shift_um()
        try:
            column.set_beam_shift_um(x_um - math.copysign(SHIFT_UM, x_um), y_um)
        finally:
            column.set_beam_shift_um(x_um, y_um)
        return f"{SHIFT_UM:g} um there and back to {x_um:.3f}, {y_um:.3f} um"

    yield Check(Part.COLUMN, "the optics lie within their limits", optics_in_limits)
    yield Check(Part.COLUMN, "the optics are set to what they are", optics_kept)
    yield Check(Part.COLUMN, "the beam shift goes a little way and comes back", shifted)


def _detector(detector: Detector) -> Iterator[Check]:
    def state() -> str:
        now = detector.state()
        _finite("detector", now)
        return f"HV {'on' if now.hv_on else 'off'}, gain {now.gain:g}, offset {now.offset:g}"

    yield Check(Part.DETECTOR, "its state is read", state)


def _stage(stage: Stage) -> Iterator[Check]:
    def stands() -> str:
        first, second = stage.pose(), stage.pose()
        if not (first.complete and second.complete):
            raise Garbled("stage", "an axis has no position", "Initialise the stage.")
        for field in fields(PoseTolerance):
            apart = abs(getattr(first, field.name) - getattr(second, field.name))
            if not apart <= getattr(PoseTolerance(), field.name):
                what = f"{_axis(field.name, f'differs by {apart:g}')} between two readings"
                raise Garbled("stage", what, "Stop it.")
        return ", ".join(_axis(f.name, f"{getattr(second, f.name):g}") for f in fields(second))

    def allowed() -> str:
        stage.check(stage.pose())
        return "; ".join(_axis(name, str(limits)) for name, limits in stage.limits.items())

    yield Check(Part.STAGE, "the pose reads twice as the same", stands)
    yield Check(Part.STAGE, "the pose lies within the limits", allowed)


def _axis(name: str, said: str) -> str:
    """What is said of an axis, by its field name in a pose: ``x 466 um``, ``tilt 0 degrees``."""
    axis, _, unit = name.partition("_")
    return f"{axis} {said} {'degrees' if unit == 'deg' else unit}"


def _scanner(scanner: Scanner, column: ElectronColumn | None, with_beam: bool) -> Iterator[Check]:
    def frame() -> str:
        if not with_beam:
            raise LeftOut("electrons were not chosen")
        assert column is not None, "its checks have passed"
        beam = column.state()
        if not (beam.eht_on and beam.valve_open):
            raise LeftOut("EHT is off or the column valve shut, and a self-test touches neither")
        try:
            column.unblank()
            image = _smallest_frame(scanner).image
        finally:
            column.blank()
        return f"{image.shape[1]} x {image.shape[0]} px, grey {image.min()} to {image.max()}"

    yield Check(Part.SCANNER, "a small frame is scanned", frame, frozenset({Part.COLUMN}))


def _smallest_frame(scanner: Scanner) -> Frame:
    """The first of :data:`FRAMES` that the scanner offers. Raises ``OutOfRange`` if it offers none."""
    *smaller, largest = FRAMES
    for settings in smaller:
        with suppress(OutOfRange):
            return scanner.acquire(settings)
    return scanner.acquire(largest)


def _blanker(line: BlankerLine, folder: Path) -> Iterator[Check]:
    def guarded() -> str:
        guard = GuardClient.start(line, NOTHING_OPENS, folder / GUARD_LOG, GuardTiming())
        try:
            state = guard.state()
        finally:
            guard.stop()
        if state is not Blanker.BLANKED:
            raise Garbled("ion blanker", f"reads back as {state.value}", "Press gun off; check its wiring.")
        return "its guard blanked it, read that back, and ended; it was never opened"

    yield Check(Part.BLANKER, "its guard reads it as blanked", guarded)


def _gun(gun: IonGun) -> Iterator[Check]:
    def state() -> str:
        now = gun.state()
        _finite("ion gun", now)
        hv = f"HV {'on' if now.hv_on else 'off'}, {now.hv_kv:g} kV"
        return f"{hv}, gas {now.gas_bar:g} bar, pump {now.pump_pressure_mbar:.1e} mbar"

    yield Check(Part.GUN, "its state is read", state)


def _raster(raster: WaveformGenerator) -> Iterator[Check]:
    def state() -> str:
        now = raster.state()
        running = "running" if now.running else "off"
        return f"{now.raster.x_vpp:g} and {now.raster.y_vpp:g} Vpp, {running}, load {now.load_ohm:g} ohm"

    def configured() -> str:
        if raster.state().running:
            raise LeftOut("it is running, and a raster is not changed under a beam")
        raster.configure(GENTLE)
        now = raster.state()
        if now.running or not math.isinf(now.load_ohm):
            raise Garbled("raster", f"reads back {now}", "Look at its outputs and their load setting.")
        return f"{GENTLE.x_vpp:g} Vpp into high impedance set and read back, outputs off; it stays so"

    yield Check(Part.RASTER, "its state is read", state)
    yield Check(Part.RASTER, "both channels are set, outputs off", configured, frozenset({Part.BLANKER}))


def _ion_current(meter: IonCurrentMeter) -> Iterator[Check]:
    def measured() -> str:
        reading = meter.measure()
        _finite("ion current", reading)
        return f"{reading.current_na:.3f} nA"

    yield Check(Part.ION_CURRENT, "a current is read", measured)


def _cleaner(_cleaner: object) -> Iterator[Check]:
    def left_out() -> str:
        raise LeftOut("a plasma is never lit by a self-test")

    yield Check(Part.CLEANER, "it cleans", left_out)


def _irradiation_meter(meter: IrradiationMeter, known_na: float | None) -> Iterator[Check]:
    def known(fed_in_na: float) -> str:
        if not isinstance(meter, KnownCurrentCheck):
            raise LeftOut("this meter has no such check")
        return f"{meter.check_known_current(fed_in_na):.4g} nA, fed in are {fed_in_na:g}"

    def read() -> str:
        told = meter.configure(LEAST_SENSITIVE)
        reading = meter.read()
        _finite("irradiation meter", reading)
        listens = "" if told else "; its preamplifier only listens, nothing reads back"
        return f"{reading.volts:.4f} V at {LEAST_SENSITIVE.sensitivity_a_per_v:g} A/V{listens}"

    if known_na is not None:
        yield Check(Part.IRRADIATION_METER, "it reads a known current", partial(known, known_na))
    yield Check(Part.IRRADIATION_METER, "a voltage is read, least sensitive", read)


def _irradiation_source(source: IrradiationSource) -> Iterator[Check]:
    yield Check(Part.IRRADIATION_SOURCE, "its switch is read", lambda: "on" if source.beam_on() else "off")


def _finite(device: str, state: Any) -> None:
    """Raise ``Garbled`` for a number that is none."""
    for field in fields(state):
        value = getattr(state, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise Garbled(device, f"{field.name} reads {value}", "Look at the device itself.")
