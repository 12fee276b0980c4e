"""The control connection: SharkSEM's functions, asked and commanded.

Every request carries the flag "send response", so that a command without result is acknowledged, too.
The microscope ignores silently what it does not know and what it will not do: set-points are read
back by whoever sets them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from itertools import count

from hardware.drivers.tescan.message import Argument, Body, Flag, request, response_to, several
from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError, Refused
from hardware.protocols import Clock
from hardware.transport.dialogue import Dialogue, Exchange
from hardware.waiting import wait_until

STABLE_S = 5.0
"""A change of the working distance takes "several hundreds of milliseconds" (manual, SetWD)."""

LOOK = "Look at the microscope's own messages."


class SharkSem:
    """Functions by name. Raises ``Deadline``, ``ConnectionLost`` or ``Garbled`` that say which.

    ``device``: its name in errors; that of the dialogue stands in the log of the wire. ``flags`` go with
    every request, beside "send response".
    """

    def __init__(self, dialogue: Dialogue, device: str, flags: Flag = Flag.RESPOND) -> None:
        self.device = device
        self._dialogue, self._flags = dialogue, flags | Flag.RESPOND
        self._numbers = count(1)

    def wake(self) -> None:
        """Before a command that must get through: what died unnoticed is opened anew for questions only."""
        with suppress(HardwareError):  # whatever is wrong, the command says so itself
            self.integer("StgIsBusy")

    def integer(self, name: str, *arguments: Argument) -> int:
        return self.integers(name, 1, *arguments)[0]

    def integers(self, name: str, n: int, *arguments: Argument) -> tuple[int, ...]:
        with self._naming(name):
            return several(n, self._asked(name, *arguments).integer)

    def real(self, name: str, *arguments: Argument) -> Decimal:
        return self.reals(name, 1, *arguments)[0]

    def reals(self, name: str, n: int, *arguments: Argument) -> tuple[Decimal, ...]:
        with self._naming(name):
            return several(n, self._asked(name, *arguments).real)

    def text(self, name: str, *arguments: Argument) -> str:
        with self._naming(name):
            return self._asked(name, *arguments).text()

    def command(self, name: str, *arguments: Argument) -> None:
        """A function without result; sent once."""
        with self._naming(name):
            self._commanded(name, *arguments)

    def result(self, name: str, *arguments: Argument) -> int:
        """A command that says how it went; sent once."""
        with self._naming(name):
            return self._commanded(name, *arguments).integer()

    def close(self) -> None:
        self._dialogue.close()

    def _asked(self, name: str, *arguments: Argument) -> Body:
        number = self._number()
        words = request(name, number, *arguments, flags=self._flags)
        return Body(self._dialogue.ask(words, response_to(name, number)))

    def _commanded(self, name: str, *arguments: Argument) -> Body:
        number = self._number()
        words = request(name, number, *arguments, flags=self._flags)
        return Body(self._dialogue.command(words, response_to(name, number)))

    def _number(self) -> int:
        return next(self._numbers) & 0xFFFFFFFF

    @contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        """Errors say which function was called; a body that cannot be read is one of them."""
        try:
            yield
        except (Deadline, ConnectionLost, Garbled) as error:
            raise type(error)(self.device, f"{name}: {error.what}", error.advice) from error
        except ValueError as error:
            advice = "Try again; if it stays, restart the microscope's software."
            raise Garbled(self.device, f"{name}: {error}", advice) from error


def said(exchange: Exchange, name: str, *arguments: Argument) -> Body:
    """A function within a greeting. Raises ``ValueError`` for an answer that is none."""
    return Body(exchange(request(name, 0, *arguments), response_to(name, 0)))


def optics_stable(sem: SharkSem) -> bool:
    """Whether nothing changes in the electron optics."""
    return not sem.integer("IsBusy", int(Flag.OPTICS))


def await_stable(sem: SharkSem, clock: Clock) -> None:
    """Wait until the electron optics are in stable condition. Raises ``Deadline``."""
    what = "IsBusy: the optics are not stable"
    wait_until(lambda: optics_stable(sem), clock, STABLE_S, sem.device, what, LOOK)


def number_of(sem: SharkSem, what: str, name: str, entries: Mapping[int, Mapping[str, str]]) -> int:
    """Which entry of a list has this name, or else is the only one whose name contains it.

    Raises ``Refused`` that lists what there is: "SE" is a detector, and part of others' names.
    """
    names = {number: entry.get("name", "?") for number, entry in entries.items()}
    wanted = name.casefold()
    called = [number for number, known in names.items() if known.casefold() == wanted]
    containing = [number for number, known in names.items() if wanted in known.casefold()]
    for found in (called, containing):
        if len(found) == 1:
            return found[0]
    there = ", ".join(names.values()) or "none"
    which = "more than one" if containing else "no"
    what = f"there is {which} {what} {name!r} (there are: {there})"
    raise Refused(sem.device, what, "Correct its settings.")
