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
    """One calibration. ``about`` says in two sentences what it does and what must be ready before."""

    kind: CalibrationKind
    title: str
    about: str
    settings: type[S]
    needs: frozenset[Need]
    cost: Callable[[Plan, S], Cost]
    measure: Callable[[Bench, S], Result]
