"""Correcting focus: methods find the right optics; :func:`correct_focus` applies or refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hardware.errors import HardwareError
from hardware.protocols import ElectronColumn
from hardware.types import Frame, FrameSettings, Image, Optics, Range
from scopeacq.imaging import Imager
from scopeacq.instrument import ElectronSettings
from scopeacq.project import FocusSettings
from scopeacq.records import FocusIteration


@dataclass(frozen=True, slots=True)
class Focused:
    """A method found these optics, for the reason given as a clause."""

    optics: Optics
    reason: str


@dataclass(frozen=True, slots=True)
class NotFocused:
    """A method gave up, for the reason given as a clause."""

    reason: str


class FocusBench:
    """Where a method works: takes images at given optics, keeps the trace, counts the dose.

    Serves one correction on the acquisition thread.
    """

    def __init__(
        self,
        imager: Imager,
        column: ElectronColumn,
        focus: FocusSettings,
        electron: ElectronSettings,
        scan_rot_deg: float,
    ) -> None:
        self.imager, self.column = imager, column
        self.focus, self.electron = focus, electron
        self.frame: FrameSettings = focus.frame(scan_rot_deg)
        self.before: Optics = column.optics()
        self.iterations: tuple[FocusIteration, ...] = ()
        self.last_frames: tuple[Frame, ...] = ()
        self.electron_dose_per_nm2 = 0.0

    @property
    def frame_dose_per_nm2(self) -> float:
        """Electron dose of one focus image."""
        return self.frame.electron_dose_per_nm2(self.electron.probe_current_na)

    def image_at(self, optics: Optics) -> Image:
        """An image at these optics. The dose counts before the scan, whatever becomes of it."""
        self.column.set_optics(optics)
        self.count_dose(self.frame_dose_per_nm2)
        frame = self.imager.scan(self.frame)
        self.last_frames = (*self.last_frames[-1:], frame)
        return frame.image

    def count_dose(self, electron_dose_per_nm2: float) -> None:
        """Book the dose of an exposure at this place."""
        self.electron_dose_per_nm2 += electron_dose_per_nm2

    def note(self, iteration: FocusIteration) -> None:
        """Add to the trace."""
        self.iterations = (*self.iterations, iteration)

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

    ``images``: the last images of a refused correction, for the record (empty when applied).
    ``trouble``: the hardware error that ended it, for the error policy; None for any other end.
    """

    applied: bool
    reason: str
    before: Optics
    after: Optics
    iterations: tuple[FocusIteration, ...]
    electron_dose_per_nm2: float
    images: tuple[Image, ...] = ()
    trouble: HardwareError | None = None


def correct_focus(bench: FocusBench, methods: Sequence[FocusMethod]) -> FocusOutcome:
    """Ask the methods in turn until one finds the focus within limits, and apply it.

    Hardware errors end the correction as a refusal with ``trouble`` set. On every path but an
    applied correction the optics are restored to what they were, which the column verifies; only
    when that fails as well a ``HardwareError`` is raised.
    """
    outcome = _refused(bench, "no method of focusing is available")
    try:
        outcome = _first_found(bench, methods)
    except HardwareError as error:
        outcome = replace(_refused(bench, f"the instrument failed: {error}"), trouble=error)
    finally:
        if not outcome.applied:
            bench.column.set_optics(bench.before)
    return outcome


def _first_found(bench: FocusBench, methods: Sequence[FocusMethod]) -> FocusOutcome:
    refusals: list[str] = []
    for method in methods:
        result = method.find(bench)
        if isinstance(result, Focused):
            trouble = bench.beyond(result.optics)
            if trouble is None:
                reason = "; ".join([*refusals, f"{method.name}: {result.reason}"])
                return _applied(bench, Focused(result.optics, reason))
            result = NotFocused(trouble)
        refusals.append(f"{method.name}: {result.reason}")
    return _refused(bench, "; ".join(refusals) or "the project names no method of focusing")


def _applied(bench: FocusBench, found: Focused) -> FocusOutcome:
    bench.column.set_optics(found.optics)
    return FocusOutcome(
        True, found.reason, bench.before, found.optics, bench.iterations, bench.electron_dose_per_nm2
    )


def _refused(bench: FocusBench, reason: str) -> FocusOutcome:
    images = tuple(frame.image for frame in bench.last_frames)
    return FocusOutcome(
        False, reason, bench.before, bench.before, bench.iterations, bench.electron_dose_per_nm2, images
    )
