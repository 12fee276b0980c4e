"""What a procedure measures with: the instrument in hand, a memory that outlives crashes, an audience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from calibration.figures import Figure
from calibration.measurements import Measurements
from scopeacq.burning import Burner
from scopeacq.manual import Manual
from scopeacq.plan.runfolder import Plan

M = TypeVar("M")


class Audience(Protocol):
    """Who follows a calibration. Called on the procedure's thread; what it raises ends the procedure."""

    def told(self, share: float, saying: str) -> None:
        """So much of the work (0..1) is done, and what happens now."""
        ...

    def shown(self, key: str, figure: Figure) -> None:
        """A figure to look at; it replaces what was shown under the same key."""
        ...


@runtime_checkable
class Caller(Protocol):
    """An audience that makes itself heard where nobody looks."""

    def called(self, what: str) -> None:
        """Somebody is needed at the instrument; one sentence that says for what."""
        ...


def call(audience: Audience, what: str) -> None:
    """Call somebody to the instrument, where the audience can; one sentence that says for what."""
    if isinstance(audience, Caller):
        audience.called(what)


@dataclass
class Bench:
    """What a procedure is handed. Used by one thread.

    ``rng`` is seeded from the sitting, so that what is drawn before a crash is drawn again after it.
    ``ends``: the operator wants no more of a sitting that was paused, but the result of what it has.
    """

    plan: Plan
    measurements: Measurements
    audience: Audience
    rng: np.random.Generator
    instrument: Manual | None = None
    ions: Burner | None = None
    ends: bool = False
    _shown: dict[str, Figure] = field(default_factory=dict)

    @property
    def manual(self) -> Manual:
        """The instrument in hand; a procedure that says to need it has it."""
        assert self.instrument is not None, "this procedure did not say that it needs the instrument"
        return self.instrument

    @property
    def burner(self) -> Burner:
        """What opens the ion beam; a procedure that says to need ions has it."""
        assert self.ions is not None, "this procedure did not say that it opens the ion beam"
        return self.ions

    def heed(self) -> None:
        """Raise ``Halted`` where the operator wants an end or a pause."""
        if self.instrument is not None:
            self.instrument.heed()

    def tell(self, share: float, saying: str) -> None:
        """Say how far the work is. Raises ``Halted`` likewise."""
        self.heed()
        self.audience.told(share, saying)

    def call(self, what: str) -> None:
        """See :func:`call`."""
        call(self.audience, what)

    def show(self, key: str, figure: Figure) -> None:
        """Show a figure, in place of the one under the same key."""
        self._shown[key] = figure
        self.audience.shown(key, figure)

    def once(self, key: str, kind: type[M], take: Callable[[], M]) -> M:
        """What was measured under a key, measured now if it never was; durable when this returns.

        ``kind`` is a frozen dataclass of plain values. Raises ``Halted``, and what ``take`` raises.
        """
        self.heed()
        known = self.measurements.get(key, kind)
        if known is not None:
            return known
        taken = take()
        self.measurements.add(key, taken)
        return taken
