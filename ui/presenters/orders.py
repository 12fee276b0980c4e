"""What an operator orders of the instrument, ready to be carried out on its thread. Qt-free.

Whatever else belongs to the same setting is read anew when the order is carried out, so that two orders
in a row do not undo each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ui.presenters.instrument_lines import Number, Switch

if TYPE_CHECKING:
    from scopeacq.manual import Manual


@dataclass(frozen=True, slots=True)
class Order:
    """``doing`` is what an operator reads meanwhile."""

    doing: str
    work: Callable[[Manual], None]


def to_set(number: Number, value: float) -> Order:
    """Set a number."""
    return Order(f"Setting the {number.value}", lambda manual: _set(manual, number, value))


def to_switch(switch: Switch, on: bool) -> Order:
    """Switch something on or off."""
    doing = f"Switching the {switch.value} {'on' if on else 'off'}"
    if switch is Switch.VALVE:
        doing = f"{'Opening' if on else 'Shutting'} the column valve"
    return Order(doing, lambda manual: _switch(manual, switch, on))


def question_before(switch: Switch, on: bool) -> str:
    """What an operator is to consider before this is switched; empty where a click is enough."""
    if switch is Switch.GUN_HV and on:
        return (
            "Ions will be accelerated up to the blanker, which stays shut. Are the gun's gas and pumps up?"
        )
    return ""


def _set(manual: Manual, number: Number, value: float) -> None:
    column, detector = manual.devices.column, manual.devices.detector
    match number:
        case Number.WD:
            manual.set_optics(replace(column.optics(), wd_um=value))
        case Number.STIG_X:
            manual.set_optics(replace(column.optics(), stig_x=value))
        case Number.STIG_Y:
            manual.set_optics(replace(column.optics(), stig_y=value))
        case Number.SHIFT_X:
            manual.set_beam_shift(value, column.beam_shift_um()[1])
        case Number.SHIFT_Y:
            manual.set_beam_shift(column.beam_shift_um()[0], value)
        case Number.GAIN:
            manual.set_detector(replace(detector.state(), gain=value))
        case Number.OFFSET:
            manual.set_detector(replace(detector.state(), offset=value))


def _switch(manual: Manual, switch: Switch, on: bool) -> None:
    match switch:
        case Switch.EHT:
            manual.set_eht(on)
        case Switch.VALVE:
            manual.set_valve(on)
        case Switch.DETECTOR_HV:
            manual.set_detector_hv(on)
        case Switch.GUN_HV:
            manual.set_gun_hv(on)
