"""A scan that runs, and one that stands: SmartSEM calls it live and frozen."""

from __future__ import annotations

from hardware.drivers.zeiss.api import Sem
from hardware.drivers.zeiss.parameters import AT_ONCE, FROZEN, LIVE, Command, State
from hardware.errors import Garbled


def is_live(sem: Sem) -> bool:
    """Whether the beam is being scanned."""
    word = sem.word(State.FROZEN)
    if word not in (LIVE, FROZEN):
        what = f"{State.FROZEN} reads {word!r:.60}"
        raise Garbled(sem.device, what, "Look at SmartSEM's own messages.")
    return word == LIVE


def freeze_at_once(sem: Sem) -> None:
    """End the scan, wherever it is."""
    sem.choose(State.FREEZE_ON, AT_ONCE)
    sem.execute(Command.FREEZE)
