"""The self-test of an instrument: what can be tried without moving, opening or switching anything high.

Nothing of it moves the stage, opens a valve or the ion beam, or switches a high voltage. Electrons reach
the specimen only where an operator chose that. The checks are named by
:mod:`hardware.self_test_checks`; here they are carried out, one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from hardware.errors import HardwareError
from hardware.parts import Part, Parts

if TYPE_CHECKING:
    from hardware.microscope import Devices


class Outcome(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    LEFT_OUT = "left out"


class LeftOut(Exception):
    """Why a check is not carried out: one clause."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to try. ``run`` says what was read, raises ``HardwareError`` where it fails and
    :class:`LeftOut` where it must not be tried. It is left out unless all checks of ``needs`` have passed.
    """

    part: Part
    title: str
    run: Callable[[], str]
    needs: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check. ``said``: what was read, or why it failed or was left out.

    ``took_s``: real time.
    """

    part: Part
    title: str
    outcome: Outcome
    said: str
    took_s: float


def carried_out(checks: Iterable[Check]) -> Iterator[Checked]:
    """Carry out one check after the other and tell of each at once; to stop is to iterate no further."""
    passed: set[Part] = set()
    failed: set[Part] = set()
    for check in checks:
        begun_s = time.monotonic()
        outcome, said = _tried(check, passed - failed)
        (passed if outcome is Outcome.PASSED else failed).add(check.part)
        yield Checked(check.part, check.title, outcome, said, time.monotonic() - begun_s)


def passes(checked: Iterable[Checked]) -> bool:
    """Whether nothing failed; what was left out is no failure."""
    return all(check.outcome is not Outcome.FAILED for check in checked)


def parts_of(devices: Devices) -> Parts:
    """All parts of an instrument, as one device that plays them all."""
    return Parts(**{part.value: getattr(devices, part.value) for part in Part}, close=devices.close)


def unforeseen(error: Exception) -> str:
    """A sentence for what a driver should not raise."""
    return f"its driver failed with {type(error).__name__}: {error}."


def _tried(check: Check, sound: set[Part]) -> tuple[Outcome, str]:
    if missing := check.needs - sound:
        words = ", ".join(sorted(part.value.replace("_", " ") for part in missing))
        return Outcome.LEFT_OUT, f"needs the checks of the {words} to have passed"
    try:
        return Outcome.PASSED, check.run()
    except LeftOut as reason:
        return Outcome.LEFT_OUT, str(reason)
    except HardwareError as error:
        return Outcome.FAILED, str(error)
    except Exception as error:  # a plug-in may raise anything; the other checks go on
        return Outcome.FAILED, f"{unforeseen(error)} Tell the driver's author."
