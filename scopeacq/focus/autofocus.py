"""Correcting focus: methods find the right optics; :func:`correct_focus` applies or refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hardware.errors import HardwareError
from hardware.protocols import ElectronColumn
from hardware.types import Frame, FrameSettings, Image, Optics, Range
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.engine.imaging import Imager
from scopeacq.focus.correction import depth_of_focus
from scopeacq.journal.records import FocusEnd, FocusIteration, FocusStage
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings


@dataclass(frozen=True, slots=True)
class Focused:
    """A method found these optics, for the reason given as a clause."""

    optics: Optics
    reason: str


@dataclass(frozen=True, slots=True)
class NotFocused:
    """A method gave up, for the reason given as a clause."""

    reason: str
    end: FocusEnd = FocusEnd.NOT_FOUND


NO_METHOD_HELPS = frozenset({FocusEnd.NO_STRUCTURE, FocusEnd.WRONG_STIGMATOR_FRAME})
"""After these no further method is asked: there is nothing to see, or the instrument needs a person."""


class Fields(Protocol):
    """Places of one tile that may be focused on; 0 is its middle, where the stage stands at first."""

    def __len__(self) -> int: ...

    def go(self, number: int) -> None:
        """Go there, and book what may be laid down there. Raises ``HardwareError``."""
        ...


class OnlyHere:
    """The one field of a tile that is as small as a focus image."""

    def __len__(self) -> int:
        return 1

    def go(self, number: int) -> None:
        """Nothing moves."""


class Watcher(Protocol):
    """Looks on while methods work, on their thread. What it raises ends the correction in order."""

    def estimated(
        self, pair: tuple[Image, Image], condition: PairCondition, estimate: AberrationEstimate
    ) -> None:
        """A pair of images, ``wd`` plus the perturbation first, and what was read from it."""

    def noted(self, iteration: FocusIteration) -> None:
        """The trace has one more entry."""


class Nobody:
    """The :class:`Watcher` of a run, which reads its journal instead."""

    def estimated(
        self, pair: tuple[Image, Image], condition: PairCondition, estimate: AberrationEstimate
    ) -> None:
        """Nobody looks."""

    def noted(self, iteration: FocusIteration) -> None:
        """The bench keeps the trace."""


@dataclass(frozen=True, slots=True)
class FocusScan:
    """How a pair is taken: frames at ``wd +- perturbation_um``."""

    stage: FocusStage
    frame: FrameSettings
    perturbation_um: float


class FocusBench:
    """Where a method works: takes images at given optics, keeps the trace, counts the dose.

    Serves one correction on the acquisition thread.

    Args:
        fields: where else in the tile may be looked at, by default nowhere.
        tile_pixel_nm: pixel size of what is focused for, by default that of the focus images.
        watcher: who looks on, by default nobody.
    """

    def __init__(
        self,
        imager: Imager,
        column: ElectronColumn,
        focus: FocusSettings,
        electron: ElectronSettings,
        scan_rot_deg: float,
        fields: Fields | None = None,
        tile_pixel_nm: float | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.imager, self.column = imager, column
        self.focus, self.electron = focus, electron
        self.frame: FrameSettings = focus.frame(scan_rot_deg)
        self.scans = _scans(focus, scan_rot_deg, column.optics_limits["wd_um"])
        self.depth = depth_of_focus(electron, tile_pixel_nm or focus.pixel_size_nm, focus)
        self.before: Optics = column.optics()
        self.iterations: tuple[FocusIteration, ...] = ()
        self.last_frames: tuple[Frame, ...] = ()
        self.electron_dose_per_nm2 = 0.0
        self.field = 0
        self._fields: Fields = fields or OnlyHere()
        self.watcher: Watcher = watcher or Nobody()

    def dose_per_nm2(self, frame: FrameSettings) -> float:
        """Electron dose of one image with these settings."""
        return frame.electron_dose_per_nm2(self.electron.probe_current_na)

    def condition(self, scan: FocusScan) -> PairCondition:
        """What is known of a pair that is taken like this."""
        return PairCondition(
            scan.frame.pixel_size_nm,
            scan.perturbation_um,
            self.electron.convergence_mrad,
            self.dose_per_nm2(scan.frame),
        )

    @property
    def frame_dose_per_nm2(self) -> float:
        """Electron dose of one fine focus image."""
        return self.dose_per_nm2(self.frame)

    def image_at(self, optics: Optics, frame: FrameSettings | None = None) -> Image:
        """An image at these optics, fine by default. Its dose counts before, whatever becomes of it."""
        frame = frame or self.frame
        self.column.set_optics(optics)
        self.count_dose(self.dose_per_nm2(frame))
        scanned = self.imager.scan(frame)
        self.last_frames = (*self.last_frames[-1:], scanned)
        return scanned.image

    def look_elsewhere(self) -> bool:
        """Go to the tile's next field; False, and back in the middle, when there is none left."""
        if len(self._fields) > 1:
            self.column.set_optics(self.before)
            self.field = (self.field + 1) % len(self._fields)
            self._fields.go(self.field)
        return self.field > 0

    def count_dose(self, electron_dose_per_nm2: float) -> None:
        """Book the dose of an exposure at this place."""
        self.electron_dose_per_nm2 += electron_dose_per_nm2

    def note(self, iteration: FocusIteration) -> None:
        """Add to the trace."""
        self.iterations = (*self.iterations, iteration)
        self.watcher.noted(iteration)

    def within_limits(self, optics: Optics, margin_wd_um: float = 0.0) -> Optics:
        """The nearest optics that the column allows, with room for ``wd +- margin_wd_um``."""
        limits = self.column.optics_limits
        wd = Range(limits["wd_um"].low + margin_wd_um, limits["wd_um"].high - margin_wd_um)
        return Optics(
            _clamped(optics.wd_um, wd),
            _clamped(optics.stig_x, limits["stig_x"]),
            _clamped(optics.stig_y, limits["stig_y"]),
        )

    def beyond(self, optics: Optics) -> str | None:
        """How these optics differ from the last good ones by more than the project allows, as a clause."""
        changes = (
            ("the working distance", optics.wd_um - self.before.wd_um, self.focus.limit_wd_um, " um"),
            ("stigmator x", optics.stig_x - self.before.stig_x, self.focus.limit_stig, ""),
            ("stigmator y", optics.stig_y - self.before.stig_y, self.focus.limit_stig, ""),
        )
        for what, change, limit, unit in changes:
            if not abs(change) <= limit:
                return f"{what} would change by {change:+.2f}{unit}, beyond the limit of {limit:g}{unit}"
        return None


def _scans(focus: FocusSettings, scan_rot_deg: float, wd_um: Range) -> tuple[FocusScan, ...]:
    """How pairs may be taken, the finest first; coarsely only where the column has room for it."""
    fine = FocusScan(FocusStage.FINE, focus.frame(scan_rot_deg), focus.perturbation_um)
    step_um = focus.coarse_factor * focus.perturbation_um
    coarse = FocusScan(FocusStage.COARSE, focus.coarse_frame(scan_rot_deg), step_um)
    return (fine, coarse) if fine.perturbation_um < step_um <= (wd_um.high - wd_um.low) / 2 else (fine,)


def _clamped(value: float, limits: Range) -> float:
    return min(max(value, limits.low), limits.high)


class FocusMethod(Protocol):
    """Finds the right optics from where they stand. May leave the column's optics anywhere."""

    @property
    def name(self) -> str: ...

    def find(self, bench: FocusBench) -> Focused | NotFocused: ...


@dataclass(frozen=True, slots=True)
class FocusOutcome:
    """What a correction came to. When refused, ``after`` is ``before`` and the column stands there.

    ``end`` is the reason as a type, ``reason`` as a sentence.
    ``images``: the last images of a refused correction, for the record (empty when applied).
    ``trouble``: the hardware error that ended it, for the error policy; None for any other end.
    """

    applied: bool
    reason: str
    before: Optics
    after: Optics
    iterations: tuple[FocusIteration, ...]
    electron_dose_per_nm2: float
    end: FocusEnd
    images: tuple[Image, ...] = ()
    trouble: HardwareError | None = None

    @property
    def wd_drift_um(self) -> float:
        """See :class:`~scopeacq.journal.records.FocusDone`."""
        in_focus_um = [i.optics.wd_um + i.correction_wd_um for i in self.iterations[-2:]]
        return in_focus_um[-1] - in_focus_um[0] if in_focus_um else 0.0


def correct_focus(bench: FocusBench, methods: Sequence[FocusMethod]) -> FocusOutcome:
    """Ask the methods in turn until one finds the focus within limits, and apply it.

    Hardware errors end the correction as a refusal with ``trouble`` set. On every path but an
    applied correction the optics are restored to what they were, which the column verifies; only
    when that fails as well a ``HardwareError`` is raised.
    """
    outcome = _refused(bench, NotFocused("no method of focusing is available"))
    try:
        outcome = _first_found(bench, methods)
    except HardwareError as error:
        failed = NotFocused(f"the instrument failed: {error}", FocusEnd.INSTRUMENT_FAILED)
        outcome = replace(_refused(bench, failed), trouble=error)
    finally:
        if not outcome.applied:
            bench.column.set_optics(bench.before)
    return outcome


def _first_found(bench: FocusBench, methods: Sequence[FocusMethod]) -> FocusOutcome:
    refusals: list[str] = []
    end = FocusEnd.NOT_FOUND
    for method in methods:
        result = method.find(bench)
        trouble = bench.beyond(result.optics) if isinstance(result, Focused) else None
        if trouble is not None:
            result = NotFocused(trouble, FocusEnd.BEYOND_LIMITS)
        refusals.append(f"{method.name}: {result.reason}")
        if isinstance(result, Focused):
            return _applied(bench, Focused(result.optics, "; ".join(refusals)))
        end = result.end
        if end in NO_METHOD_HELPS:
            break
    return _refused(
        bench, NotFocused("; ".join(refusals) or "the project names no method of focusing", end)
    )


def _applied(bench: FocusBench, found: Focused) -> FocusOutcome:
    bench.column.set_optics(found.optics)
    return FocusOutcome(
        True,
        found.reason,
        bench.before,
        found.optics,
        bench.iterations,
        bench.electron_dose_per_nm2,
        FocusEnd.IN_FOCUS,
    )


def _refused(bench: FocusBench, why: NotFocused) -> FocusOutcome:
    return FocusOutcome(
        False,
        why.reason,
        bench.before,
        bench.before,
        bench.iterations,
        bench.electron_dose_per_nm2,
        why.end,
        tuple(frame.image for frame in bench.last_frames),
    )
