"""The composition of an instrument: its devices, its guard, and the one claim on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hardware import protocols
from hardware.chamber_model import ChamberModel
from hardware.claim import InstrumentLock
from hardware.connection import Deadlines, supervise
from hardware.errors import BlankerUnknown, HardwareError, Refused
from hardware.guard.client import BlankerLine, CloseAck, GuardClient
from hardware.guard.core import GuardTiming
from hardware.interlocks import MillLimits
from hardware.registry import connect_devices
from hardware.types import Blanker

__all__ = ["GUARD_LOG", "BlankerLine", "Devices", "Microscope", "SafeState", "connect"]

GUARD_LOG = "guard.jsonl"
"""Where the guard records openings, in the folder of the instrument."""

ELECTRONS, IRRADIATION_GUN = "electron beam", "irradiation gun"
GUN_OFF = BlankerUnknown("").advice
EHT_OFF, SWITCH_OFF = "Switch the EHT off by hand.", "Switch its beam off by hand."


@dataclass(frozen=True, slots=True)
class Devices:
    """What a microscope driver's ``connect(settings, folder)`` returns.

    The ion blanker is not among them: ``blanker`` says how the guard reaches it. ``close``
    ends all connections and may be called once.
    """

    clock: protocols.Clock
    column: protocols.ElectronColumn
    scanner: protocols.Scanner
    detector: protocols.Detector
    stage: protocols.Stage
    gun: protocols.IonGun
    ion_current: protocols.IonCurrentMeter
    raster: protocols.WaveformGenerator
    chamber: protocols.Chamber
    cleaner: protocols.PlasmaCleaner | None
    blanker: BlankerLine
    close: Callable[[], None]
    irradiation_meter: protocols.IrradiationMeter | None = None
    irradiation_source: protocols.IrradiationSource | None = None


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
    lock: InstrumentLock

    @contextmanager
    def claim(self, who: str) -> Iterator[Microscope]:
        """Command the instrument as ``who``; nobody else does meanwhile.

        Raises ``Busy`` saying who does. Other programs are refused from :func:`connect` on.
        """
        with self.lock.claim(who):
            yield self

    def safe_state(self, deadline_s: float = 6.0) -> SafeState:
        """Blank the ions, blank the electrons, stop the stage where it is, all at the same time.

        A plasma cleaning under way is ended along, and an irradiation beam that a program may switch off
        is switched off: one that was killed may have left it on. Each goes on whatever becomes of the
        others, within ``deadline_s`` of real time. Where the ions are not known to be blanked, the gun's
        high voltage is taken off as well.
        """
        attempts = [
            _Attempt("ion blanker", self.blank_ions, GUN_OFF),
            _Attempt(ELECTRONS, self._blank_electrons, EHT_OFF),
            _Attempt("stage", self.devices.stage.stop, "Stop it by hand."),
            _Attempt(IRRADIATION_GUN, self._end_irradiation, SWITCH_OFF),
            _Attempt("plasma cleaner", self.end_cleaning, "Switch it off by hand."),
        ]
        until_s = time.monotonic() + deadline_s
        troubles = [attempt.trouble(until_s - time.monotonic()) for attempt in attempts]
        ions, electrons, stage, *_ = (trouble is None for trouble in troubles)
        return SafeState(
            Blanker.BLANKED if ions else Blanker.UNKNOWN,
            electrons_blanked=electrons,
            stage_stopped=stage,
            trouble=tuple(trouble for trouble in troubles if trouble is not None),
        )

    def close(self) -> None:
        """Stop the guard, which blanks, end the connections, and let others have the instrument.

        Raises ``BlankerUnknown`` when the guard ended without a confirmed blanking.
        """
        with ExitStack() as stack:
            stack.callback(self.lock.release)
            stack.callback(self.devices.close)
            self.guard.stop()

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

    def end_cleaning(self) -> None:
        """End a plasma cleaning under way. Raises what the cleaner raises."""
        if self.devices.cleaner is not None:
            self.devices.cleaner.stop()

    def _blank_electrons(self) -> None:
        self.devices.column.blank()
        if not self.devices.column.state().blanked:
            raise Refused(ELECTRONS, "it does not read back as blanked", EHT_OFF)

    def _end_irradiation(self) -> None:
        source = self.devices.irradiation_source
        if source is None:
            return
        source.switch_off()  # not only where it reads as on: whether it does may not be known
        if source.beam_on():
            raise Refused(IRRADIATION_GUN, "its beam reads back as on", SWITCH_OFF)


class _Attempt:
    """Something under way on a thread of its own; ``by_hand``: what to do where it fails or never ends."""

    def __init__(self, device: str, action: Callable[[], object], by_hand: str) -> None:
        self._action, self._by_hand = action, by_hand
        self._trouble: str | None = f"{device}: no answer in time. {by_hand}"
        self._thread = threading.Thread(target=self._run, name="safe state", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._action()
            self._trouble = None
        except Exception as error:  # the other attempts and the report must not suffer from it
            said = str(error)
            self._trouble = said if self._by_hand in said else f"{said} {self._by_hand}"

    def trouble(self, timeout_s: float) -> str | None:
        """A sentence if it has failed, or has not ended within ``timeout_s``."""
        self._thread.join(max(timeout_s, 0.0))
        return self._trouble


def connect(
    driver: str,
    settings: Mapping[str, object],
    folder: Path,
    limits: MillLimits,
    model: ChamberModel,
    lock_path: Path,
    deadlines: Deadlines = Deadlines(),
    timing: GuardTiming = GuardTiming(),
) -> Microscope:
    """Lock the instrument, connect ``driver`` and start its guard, whose log is ``folder / GUARD_LOG``.

    Raises ``Busy`` when another program has the instrument, ``ConnectionLost`` for an unknown or
    broken driver, ``BlankerUnknown`` when the guard cannot make sure that the ion beam is
    blanked; then nothing stays connected.
    """
    with ExitStack() as undo:
        lock = InstrumentLock(lock_path)
        undo.callback(lock.release)
        devices = supervise(connect_devices(driver, settings, folder), deadlines)
        undo.callback(devices.close)
        guard = GuardClient.start(devices.blanker, limits, folder / GUARD_LOG, timing)
        undo.pop_all()
    return Microscope(devices, guard, model, lock)
