"""A scan that runs, and one that stands: SmartSEM calls it live and frozen."""

from __future__ import annotations

from hardware.drivers.zeiss.api import Sem
from hardware.drivers.zeiss.parameters import AT_ONCE, FROZEN, LIVE, Command, State
from hardware.drivers.zeiss.waiting import wait_until
from hardware.errors import Garbled
from hardware.protocols import Clock

FREEZES_S = 1.0


def is_live(sem: Sem) -> bool:
    """Whether the beam is being scanned."""
    word = sem.word(State.FROZEN)
    if word not in (LIVE, FROZEN):
        what = f"{State.FROZEN} reads {word!r:.60}"
        raise Garbled(sem.device, what, "Look at SmartSEM's own messages.")
    return word == LIVE


def freeze_at_once(sem: Sem, clock: Clock) -> None:
    """End the scan, wherever it is, and see that it ends. Raises ``Deadline`` when it goes on."""
    sem.set_index(State.FREEZE_ON, AT_ONCE)
    sem.execute(Command.FREEZE)
    wait_until(lambda: not is_live(sem), clock, FREEZES_S, sem.device, "the scan is not frozen")
