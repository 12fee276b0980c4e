"""The composition of an instrument: its devices, its guard, and the one claim on it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from hardware.chamber_model import ChamberModel
from hardware.connection import Deadlines, supervise
from hardware.errors import BlankerUnknown, Busy, HardwareError, Refused
from hardware.guard.client import BlankerLine, CloseAck, GuardClient
from hardware.interlocks import MillLimits
from hardware.protocols import (
    Chamber,
    Clock,
    Detector,
    ElectronColumn,
    IonCurrentMeter,
    IonGun,
    PlasmaCleaner,
    Scanner,
    Stage,
    WaveformGenerator,
)
from hardware.registry import connect_devices
from hardware.types import Blanker

__all__ = ["GUARD_LOG", "BlankerLine", "Devices", "Microscope", "SafeState", "connect"]

GUARD_LOG = "guard.jsonl"
"""Where the guard records openings, in the folder of the instrument."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What a microscope driver's ``connect(settings, folder)`` returns.

    The ion blanker is not among them: ``blanker`` says how the guard reaches it. ``close``
    ends all connections and may be called once.
    """

    clock: Clock
    column: ElectronColumn
    scanner: Scanner
    detector: Detector
    stage: Stage
    gun: IonGun
    ion_current: IonCurrentMeter
    raster: WaveformGenerator
    chamber: Chamber
    cleaner: PlasmaCleaner | None
    blanker: BlankerLine
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class SafeState:
    """What :meth:`Microscope.safe_state` reached. ``trouble``: a sentence for each thing that failed."""

    ions: Blanker
    electrons_blanked: bool
    stage_stopped: bool
    trouble: tuple[str, ...] = ()

    @property
    def safe(self) -> bool:
        """Whether both beams are known to be blanked and the stage stands."""
        return self.ions is Blanker.BLANKED and self.electrons_blanked and self.stage_stopped


@dataclass(frozen=True, slots=True)
class Microscope:
    """Devices, the guard of the ion beam, and the geometry of the chamber."""

    devices: Devices
    guard: GuardClient
    model: ChamberModel
    lock_path: Path

    @contextmanager
    def claim(self, who: str) -> Iterator[Microscope]:
        """Hold the instrument for ``who``; nobody else, in any process, commands it meanwhile.

        Raises ``Busy`` saying who holds it. The lock dies with the process that holds it.
        """
        holder = self.lock_path.with_suffix(".holder")
        lock = FileLock(self.lock_path, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise _held(holder) from error
        try:
            holder.write_text(f"{who} (process {os.getpid()})")
            yield self
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def safe_state(self, deadline_s: float = 5.0) -> SafeState:
        """Blank the ions, blank the electrons, stop the stage where it is, all at the same time.

        Each goes on whatever becomes of the others, within ``deadline_s`` of real time. Where the
        ions are not known to be blanked, the gun's high voltage is taken off as well.
        """
        attempts = [
            _Attempt(self.blank_ions, str(BlankerUnknown("no answer in time"))),
            _Attempt(
                self._blank_electrons, "electron beam: no answer in time. Switch the EHT off by hand."
            ),
            _Attempt(self.devices.stage.stop, "stage: no answer in time. Stop it by hand."),
        ]
        until_s = time.monotonic() + deadline_s
        troubles = [attempt.trouble(until_s - time.monotonic()) for attempt in attempts]
        ions, electrons, stage = (trouble is None for trouble in troubles)
        return SafeState(
            Blanker.BLANKED if ions else Blanker.UNKNOWN,
            electrons_blanked=electrons,
            stage_stopped=stage,
            trouble=tuple(trouble for trouble in troubles if trouble is not None),
        )

    def close(self) -> None:
        """Stop the guard, which blanks, then end the connections."""
        try:
            self.guard.stop()
        finally:
            self.devices.close()

    def blank_ions(self) -> CloseAck:
        """Have the guard blank, confirmed by read-back.

        Raises ``BlankerUnknown`` when it is not confirmed; the gun's high voltage is then taken off.
        """
        try:
            return self.guard.close()
        except BlankerUnknown as error:
            try:
                self.devices.gun.set_hv(False)
            except HardwareError as trouble:
                error.add_note(f"The gun's high voltage could not be taken off either: {trouble}")
            raise

    def _blank_electrons(self) -> None:
        self.devices.column.blank()
        if not self.devices.column.state().blanked:
            raise Refused(
                "electron beam", "it does not read back as blanked", "Switch the EHT off by hand."
            )


class _Attempt:
    """Something under way on a thread of its own that may fail or never end."""

    def __init__(self, action: Callable[[], object], overdue: str) -> None:
        self._action = action
        self._trouble: str | None = overdue
        self._thread = threading.Thread(target=self._run, name="safe state", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._action()
            self._trouble = None
        except Exception as error:  # the other attempts and the report must not suffer from it
            self._trouble = str(error)

    def trouble(self, timeout_s: float) -> str | None:
        """A sentence if it has failed, or has not ended within ``timeout_s``."""
        self._thread.join(max(timeout_s, 0.0))
        return self._trouble


def _held(holder: Path) -> Busy:
    who = holder.read_text() if holder.exists() else "another process"
    return Busy("microscope", f"it is in use by {who}", "End that first; only one may command it.")


def connect(
    driver: str,
    settings: Mapping[str, object],
    folder: Path,
    limits: MillLimits,
    model: ChamberModel,
    lock_path: Path,
    deadlines: Deadlines = Deadlines(),
) -> Microscope:
    """Connect ``driver`` and start its guard, whose log is ``folder / "guard.jsonl"``.

    Raises ``ConnectionLost`` for an unknown or broken driver, ``BlankerUnknown`` when the guard
    cannot make sure that the ion beam is blanked; then nothing stays connected.
    """
    devices = supervise(connect_devices(driver, settings, folder), deadlines)
    try:
        guard = GuardClient.start(devices.blanker, limits, folder / GUARD_LOG)
    except BaseException:
        devices.close()
        raise
    return Microscope(devices, guard, model, lock_path)
