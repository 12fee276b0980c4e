"""The chamber's pressure, before electrons come on: the gun's gas raises it, and pumps take their time."""

from __future__ import annotations

from collections.abc import Callable

from hardware.errors import Interlocked
from hardware.microscope import Devices

PRESSURE_POLL_S = 2.0


def require_pressure(devices: Devices, most_mbar: float) -> float:
    """The pressure [mbar]. Raises ``Interlocked`` unless it reads low enough."""
    pressure_mbar = devices.chamber.pressure_mbar()
    if not 0.0 < pressure_mbar <= most_mbar:
        reason = f"the pressure is {pressure_mbar:.1e} mbar, imaging needs {most_mbar:.1e} mbar"
        raise Interlocked("chamber", [reason])
    return pressure_mbar


def await_pressure(
    devices: Devices, most_mbar: float, timeout_s: float, wants_end: Callable[[], bool]
) -> float | None:
    """The pressure [mbar] once it is low enough; None when the operator wants an end at once.

    Raises ``Interlocked`` when it does not come down in time, and what the gauge raises.
    """
    give_up_s = devices.clock.now_s() + timeout_s
    while True:
        try:
            return require_pressure(devices, most_mbar)
        except Interlocked:
            if wants_end():
                return None
            if devices.clock.now_s() >= give_up_s:
                raise
        devices.clock.sleep(PRESSURE_POLL_S)
