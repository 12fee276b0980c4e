"""The composition of an instrument: its devices, its guard, and the one claim on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hardware.chamber_model import ChamberModel
from hardware.guard.client import BlankerLine, GuardClient
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
from hardware.types import Blanker

__all__ = ["BlankerLine", "Devices", "Microscope", "SafeState", "connect"]


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

        Raises ``Refused`` saying who holds it.
        """
        raise NotImplementedError
        yield self

    def safe_state(self) -> SafeState:
        """Blank the ions, blank the electrons, stop the stage where it is, each whatever the others do."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop the guard, which blanks, then end the connections."""
        raise NotImplementedError


def connect(
    driver: str,
    settings: Mapping[str, object],
    folder: Path,
    limits: MillLimits,
    model: ChamberModel,
    lock_path: Path,
) -> Microscope:
    """Connect ``driver`` and start its guard, whose log is ``folder / "guard.jsonl"``."""
    raise NotImplementedError
