"""A scan that runs, and one that stands: SmartSEM calls it live and frozen."""

from __future__ import annotations

from hardware.drivers.zeiss.api import LOOK, Sem
from hardware.drivers.zeiss.parameters import AT_ONCE, LIVE_FROZEN, Command, State
from hardware.protocols import Clock
from hardware.waiting import wait_until

FREEZES_S = 1.0


def is_live(sem: Sem) -> bool:
    """Whether the beam is being scanned."""
    return sem.is_first(State.FROZEN, LIVE_FROZEN)


def freeze_at_once(sem: Sem, clock: Clock) -> None:
    """End the scan, wherever it is, and see that it ends. Raises ``Deadline`` when it goes on."""
    sem.set_index(State.FREEZE_ON, AT_ONCE)
    sem.execute(Command.FREEZE)
    wait_until(lambda: not is_live(sem), clock, FREEZES_S, sem.device, "the scan is not frozen", LOOK)
