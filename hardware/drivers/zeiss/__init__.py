"""Zeiss SEMs through SmartSEM's Remote API, a COM class of the microscope's own computer."""

from __future__ import annotations

from contextlib import ExitStack

from hardware.drivers.zeiss.apartment import Apartment
from hardware.drivers.zeiss.api import Sem
from hardware.drivers.zeiss.chamber import ZeissChamber
from hardware.drivers.zeiss.column import ZeissColumn
from hardware.drivers.zeiss.detector import ZeissDetector
from hardware.drivers.zeiss.dispatch import NEEDS, Dispatch, dispatch_of
from hardware.drivers.zeiss.parameters import State
from hardware.drivers.zeiss.scanner import ZeissScanner
from hardware.drivers.zeiss.settings import ZeissSettings
from hardware.drivers.zeiss.stage import ZeissStage
from hardware.errors import HardwareError
from hardware.parts import Candidate, DeviceDriver, Part, Parts, Surroundings
from hardware.transport.wire_log import NoLog

__all__ = ["DRIVER", "ZeissSettings", "assembled", "connect", "recognise"]

GRABS = "grabs"
RECOGNISED_WITHIN_S = 3.0
URGENT_OPENING_S = 2.0
"""What blanks or stops has 3 s in all, a new object included."""


def connect(settings: ZeissSettings, around: Surroundings) -> Parts:
    """Connect to the SmartSEM that the settings name. Raises ``HardwareError``; then nothing stays."""
    return assembled(dispatch_of(settings.program_id, settings.address), settings, around)


def assembled(dispatch: Dispatch, settings: ZeissSettings, around: Surroundings) -> Parts:
    """All parts over two objects of SmartSEM's: one for work, one for what cannot wait for it."""
    name, log, clock = around.name, around.wire_log, around.clock
    work = Apartment(name, dispatch, settings.answer_s, settings.answer_s, log)
    rescue = Apartment(f"{name} (urgent)", dispatch, settings.urgent_answer_s, URGENT_OPENING_S, log)
    with ExitStack() as undo:
        undo.callback(work.close)
        undo.callback(rescue.close)
        sem, urgent = Sem(work), Sem(rescue)
        column = ZeissColumn(sem, urgent, clock, settings)
        stage = ZeissStage(sem, urgent, clock, settings)
        folder = around.folder / GRABS
        scanner = ZeissScanner(sem, urgent, clock, settings, column, stage, folder)
        detector = ZeissDetector(sem, settings.collector_bias_v)
        urgent.word(State.BEAM)  # a way out that is not there should be known now
        close = undo.pop_all().close
    return Parts(
        column=column,
        scanner=scanner,
        detector=detector,
        stage=stage,
        chamber=ZeissChamber(sem, settings.pressure_from),
        close=close,
    )


def recognise(address: str) -> Candidate | None:
    """The SmartSEM of this computer, when the address is its COM class."""
    settings = ZeissSettings()
    if address != settings.program_id:
        return None
    apartment = Apartment(
        address, dispatch_of(address, ""), RECOGNISED_WITHIN_S, RECOGNISED_WITHIN_S, NoLog()
    )
    try:
        beam = Sem(apartment).word(State.BEAM)
    except HardwareError:
        return None
    finally:
        apartment.close()
    return Candidate({"program_id": address}, f"Zeiss SmartSEM, {beam}")


DRIVER = DeviceDriver(
    title="Zeiss SEM (SmartSEM)",
    plays=frozenset({Part.COLUMN, Part.SCANNER, Part.DETECTOR, Part.STAGE, Part.CHAMBER}),
    settings=ZeissSettings,
    connect=connect,
    recognise=recognise,
    needs=NEEDS,
)
