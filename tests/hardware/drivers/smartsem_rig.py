"""A Zeiss SEM's driver on the emulated SmartSEM, with a hand on every call in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hardware.contract.bench import trial_nature, trial_settings
from hardware.drivers.zeiss import ZeissSettings, assembled
from hardware.drivers.zeiss.chamber import ZeissChamber
from hardware.drivers.zeiss.column import ZeissColumn
from hardware.drivers.zeiss.detector import ZeissDetector
from hardware.drivers.zeiss.dispatch import Dispatched, Value
from hardware.drivers.zeiss.scanner import ZeissScanner
from hardware.drivers.zeiss.stage import ZeissStage
from hardware.emulators.rehearsal import Rehearsal, rehearsal
from hardware.emulators.smartsem import Machine, SmartSem, Store, table_of
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import Fault
from hardware.simulator.nature import Nature
from hardware.types import FrameSettings

NAME = "merlin"
FRAME = FrameSettings(96, 64, 10.0, 100.0)
MACHINE = Machine(
    stores=(Store(1024, 768), Store(96, 64), Store(128, 96)),
    dwells_ns=(50.0, 100.0, 200.0, 3_200.0),
)

Spoil = Callable[[str, tuple[Value, ...]], object]
"""Given a call, what it returns instead; raises what it raises instead; ``PASS`` lets it through."""

PASS = object()


def pass_all(_method: str, _arguments: tuple[Value, ...]) -> object:
    return PASS


@dataclass
class Tampering:
    """Notes the calls to all objects, and spoils them as ``spoil`` says.

    ``made``: how many objects. What hangs goes on once the test has ``ended``.
    """

    sem: SmartSem
    spoil: Spoil = pass_all
    calls: list[tuple[Value, ...]] = field(default_factory=list)
    made: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def dispatch(self) -> Dispatched:
        self.made += 1
        return _Tampered(self, self.sem.object())

    def hanging(self, *call: Value) -> Spoil:
        """Whatever begins with ``call`` does not return."""

        def spoil(method: str, arguments: tuple[Value, ...]) -> object:
            if (method, *arguments)[: len(call)] == call:
                self.ended.wait()
            return PASS

        return spoil

    def counted(self, *call: Value) -> int:
        """How often a call was made that begins so."""
        return sum(made[: len(call)] == call for made in self.calls)


@dataclass(frozen=True)
class _Tampered:
    tampering: Tampering
    server: Dispatched

    def invoke(self, method: str, *arguments: Value) -> object:
        self.tampering.calls.append((method, *arguments))
        answer = self.tampering.spoil(method, arguments)
        return self.server.invoke(method, *arguments) if answer is PASS else answer

    def close(self) -> None:
        self.server.close()


@dataclass(frozen=True)
class Rig:
    around: Rehearsal
    sem: SmartSem
    tampering: Tampering
    settings: ZeissSettings
    column: ZeissColumn
    scanner: ZeissScanner
    detector: ZeissDetector
    stage: ZeissStage
    chamber: ZeissChamber
    close: Callable[[], None]

    @property
    def nature(self) -> Nature:
        return self.around.nature

    @contextmanager
    def spoilt(self, spoil: Spoil) -> Iterator[None]:
        self.tampering.spoil = spoil
        try:
            yield
        finally:
            self.tampering.spoil = pass_all


@contextmanager
def smartsem_rig(
    folder: Path,
    *faults: Fault,
    twin: TwinSettings | None = None,
    machine: Machine = MACHINE,
    **settings: object,
) -> Iterator[Rig]:
    """``settings`` differ from those that fit the machine."""
    twin = twin or trial_settings()
    around = rehearsal(trial_nature(twin, *faults))
    sem = SmartSem(around.link, twin, machine)
    tampering = Tampering(sem)
    said = ZeissSettings.model_validate({**table_of(machine, twin, ""), **settings})
    parts = assembled(tampering.dispatch, said, around.surroundings(NAME, folder))
    assert isinstance(parts.column, ZeissColumn) and isinstance(parts.scanner, ZeissScanner)
    assert isinstance(parts.detector, ZeissDetector) and isinstance(parts.stage, ZeissStage)
    assert isinstance(parts.chamber, ZeissChamber)
    rig = Rig(
        around,
        sem,
        tampering,
        said,
        parts.column,
        parts.scanner,
        parts.detector,
        parts.stage,
        parts.chamber,
        parts.close,
    )
    try:
        yield rig
    finally:
        tampering.spoil = pass_all
        tampering.ended.set()
        parts.close()
        around.twin.close()


def answering(answer: object, *call: Value) -> Spoil:
    """Whatever begins with ``call`` is answered so."""

    def spoil(method: str, arguments: tuple[Value, ...]) -> object:
        return answer if (method, *arguments)[: len(call)] == call else PASS

    return spoil


def raising(error: Exception, *call: Value, times: int = 1_000) -> Spoil:
    """Whatever begins with ``call`` raises, ``times`` times."""
    left = [times]

    def spoil(method: str, arguments: tuple[Value, ...]) -> object:
        if (method, *arguments)[: len(call)] == call and left[0] > 0:
            left[0] -= 1
            raise error
        return PASS

    return spoil
