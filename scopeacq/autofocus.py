"""Correcting focus: methods that find the right optics, and the one that applies or refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hardware.errors import HardwareError
from hardware.protocols import ElectronColumn, VendorAutofocus
from hardware.types import Image, Optics
from models.estimate import AberrationEstimator, SharpnessScorer
from scopeacq.imaging import Imager
from scopeacq.instrument import ElectronSettings
from scopeacq.project import FocusSettings
from scopeacq.records import FocusIteration


@dataclass(frozen=True, slots=True)
class Focused:
    """A method found these optics."""

    optics: Optics


@dataclass(frozen=True, slots=True)
class NotFocused:
    """A method gave up; ``reason`` is one clause."""

    reason: str


class FocusBench:
    """Takes the images of one correction, keeps its trace and counts what it cost."""

    def __init__(
        self,
        imager: Imager,
        column: ElectronColumn,
        focus: FocusSettings,
        electron: ElectronSettings,
        scan_rot_deg: float,
    ) -> None: ...


class FocusMethod(Protocol):
    """Finds the right optics from where they stand. May leave the optics anywhere."""

    @property
    def name(self) -> str: ...

    def find(self, bench: FocusBench) -> Focused | NotFocused: ...


class PairFocus:
    """DeepFocus and MAPFoSt: pairs of images, until the predicted correction is small."""

    def __init__(self, estimator: AberrationEstimator) -> None: ...

    @property
    def name(self) -> str: ...

    def find(self, bench: FocusBench) -> Focused | NotFocused: ...


class ScoreSearch:
    """DeepScore with Nelder-Mead: many single images, for when pairs were refused."""

    def __init__(self, scorer: SharpnessScorer, seed: int = 0) -> None: ...

    @property
    def name(self) -> str: ...

    def find(self, bench: FocusBench) -> Focused | NotFocused: ...


class VendorFocus:
    """The vendor's own routine."""

    def __init__(self, vendor: VendorAutofocus) -> None: ...

    @property
    def name(self) -> str: ...

    def find(self, bench: FocusBench) -> Focused | NotFocused: ...


@dataclass(frozen=True, slots=True)
class FocusOutcome:
    """What a correction came to. When refused, ``after`` is ``before`` and the column stands there.

    ``images``: the last images of a refused correction, for the record (empty when applied).
    ``trouble``: the hardware error that ended it, for the error policy; None for any other end.
    """

    applied: bool
    reason: str
    before: Optics
    after: Optics
    iterations: tuple[FocusIteration, ...]
    electron_dose_per_nm2: float
    images: tuple[Image, ...]
    trouble: HardwareError | None = None


def correct_focus(bench: FocusBench, methods: Sequence[FocusMethod]) -> FocusOutcome:
    """Ask the methods in turn until one finds the focus within limits, and apply it.

    Hardware errors end the correction as a refusal with ``trouble`` set. On every path but an applied
    correction the optics are restored to what they were and read back; only when that
    fails as well a ``HardwareError`` is raised. ``bench`` serves one correction.
    """
    raise NotImplementedError
