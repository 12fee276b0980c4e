"""What may count as an ion current, whatever measured it."""

from __future__ import annotations

from hardware.errors import Interlocked
from hardware.protocols import Clock
from hardware.types import CurrentReading

ADVICE = "Blank the ion beam; then look at the gun's high voltage, its gas, and the cup's cable."


def ions_only(name: str, current_na: float, least_na: float, clock: Clock) -> CurrentReading:
    """A reading that can be one of ions in a cup behind the blanker. Raises ``Interlocked``."""
    if not current_na >= least_na:
        raise Interlocked(name, [f"It reads {current_na:.3g} nA: no ions reach the cup"], ADVICE)
    return CurrentReading(current_na, clock.now_s())
