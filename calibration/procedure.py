"""What a calibration is: settings, what it costs, a measurement, and what that came to.

A procedure is plain code that measures with a :class:`~calibration.bench.Bench`. Whatever it measures it
asks for *once* (:meth:`~calibration.bench.Bench.once`), under a key: after a pause, a crash or a lost
device the same code runs again, and is handed what was measured before instead of measuring it anew. So
a procedure holds nothing that a crash may lose, and must go the same way for the same measurements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

from calibration.figures import Figure
from scopeacq.plan.calibrations import CalibratedValue, CalibrationKind, Conditions, Verdict
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings

if TYPE_CHECKING:
    from calibration.bench import Bench

S = TypeVar("S", bound=Settings)


class Need(Enum):
    """What a procedure does with the instrument; one that needs nothing works on files."""

    ELECTRONS = "takes images"
    STAGE = "moves the stage"
    IONS = "opens the ion beam"
    METERS = "reads meters"


@dataclass(frozen=True, slots=True)
class Consent:
    """Marks the switch in a procedure's settings by which an operator agrees to what cannot be undone."""


CONSENT = Consent()


def consents_of(settings: type[Settings]) -> tuple[str, ...]:
    """The keys of all that is to be agreed to."""
    fields = settings.model_fields.items()
    return tuple(key for key, info in fields if any(isinstance(mark, Consent) for mark in info.metadata))


def agreed(settings: S) -> S:
    """The settings of an operator who agrees to all of it."""
    return settings.model_copy(update=dict.fromkeys(consents_of(type(settings)), True))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a procedure will take: instrument's time [s], frames, largest electron dose of any place."""

    duration_s: float
    frames: int = 0
    electron_dose_per_nm2: float = 0.0
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """A row of the comparison with the calibration in use; texts carry their units."""

    what: str
    before: str
    after: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured. ``residuals`` are the figures that show how well it fits: at least one.

    ``conditions`` are those that the values hold for. ``files`` are names of what else belongs to the
    profile, beside its measurements, as weights.
    """

    values: tuple[CalibratedValue, ...]
    verdict: Verdict
    residuals: tuple[Figure, ...]
    comparison: tuple[Compared, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Procedure(Generic[S]):
    """One calibration. ``about`` says in two sentences what it does and what must be ready before.

    ``ends_early``: one that was paused may be ended with what it has (:attr:`Bench.ends`), since what it
    counts has happened.
    """

    kind: CalibrationKind
    title: str
    about: str
    settings: type[S]
    needs: frozenset[Need]
    cost: Callable[[Plan, S], Cost]
    measure: Callable[[Bench, S], Result]
    ends_early: bool = False
