"""Connects a TESCAN microscope, and recognises one."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from hardware.drivers.tescan.client import SharkSem
from hardware.drivers.tescan.column import TescanColumn
from hardware.drivers.tescan.detector import TescanChamber, TescanDetector, detector_index
from hardware.drivers.tescan.images import ImageLink
from hardware.drivers.tescan.message import Flag
from hardware.drivers.tescan.scanner import Around, TescanScanner
from hardware.drivers.tescan.session import Session
from hardware.drivers.tescan.settings import TescanSettings
from hardware.drivers.tescan.stage import TescanStage
from hardware.errors import HardwareError, Refused
from hardware.parts import Candidate, Part, Parts, Surroundings
from hardware.protocols import Clock
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.tcp import tcp

NEEDED = (3, 2, 1)
"""``StgMoveToEx`` and ``SetImageRot`` came with this version of the protocol."""

ELECTRONS = frozenset({Part.COLUMN, Part.SCANNER, Part.DETECTOR})
WHO_S = 1.0
URGENT_ANSWER_S = 0.7
"""What blanks or stops has 3 s in all, for four answers at most."""


def connect(settings: TescanSettings, surroundings: Surroundings) -> Parts:
    """Two control connections, so that what is urgent never waits, and one for images.

    Where it is to image it stops the microscope's own scan and blanks the beam. Raises
    ``HardwareError``; then nothing stays connected.
    """
    name, log = surroundings.name, surroundings.wire_log
    opened = partial(tcp, settings.host, settings.port)
    timing = Timing(settings.answer_s, late_s=0.0)  # a new connection brings no late answer
    hurry = Timing(min(settings.answer_s, URGENT_ANSWER_S), retries=1, late_s=0.0)
    images = ImageLink(name, settings.host, settings.port + 1, log)
    session = Session(name, images)
    with ExitStack() as undo:
        undo.callback(images.close)
        sem = SharkSem(Dialogue(name, opened, log, timing, session.greet), name)
        undo.callback(sem.close)
        urgent = SharkSem(Dialogue(f"{name} (urgent)", opened, log, hurry), name, Flag.JUMP_QUEUE)
        undo.callback(urgent.close)
        require_version(sem)
        stage = TescanStage(sem, urgent, surroundings.clock, settings.stage)
        parts = Parts(stage=stage, chamber=TescanChamber(sem))
        if surroundings.plays & ELECTRONS:
            parts = _with_electrons(parts, sem, urgent, session, settings, surroundings.clock)
        return replace(parts, close=undo.pop_all().close)


def _with_electrons(
    parts: Parts,
    sem: SharkSem,
    urgent: SharkSem,
    session: Session,
    settings: TescanSettings,
    clock: Clock,
) -> Parts:
    """Column, scanner and detector as well, with the beam blanked and nothing scanning."""
    assert parts.stage is not None
    column = TescanColumn(sem, urgent, clock, settings.column)
    around = Around(column.optics, parts.stage.pose)
    scanner = TescanScanner(sem, urgent, session.images, clock, settings.scan, around)
    scanner.take_over()
    column.blank()
    detector = TescanDetector(sem, session, clock, detector_index(sem, settings.scan.detector))
    return replace(parts, column=column, scanner=scanner, detector=detector)


def recognise(address: str) -> Candidate | None:
    """The microscope at ``host:port``, asked for its version and serial number."""
    parts = re.fullmatch(r"([\w.-]+):(\d{1,5})", address)
    if parts is None:
        return None
    host, port = parts[1], int(parts[2])
    sem = SharkSem(Dialogue(address, partial(tcp, host, port), timing=Timing(WHO_S, retries=0)), address)
    try:
        version, serial = sem.text("TcpGetVersion"), sem.text("TcpGetDevice")
    except HardwareError:
        return None
    finally:
        sem.close()
    return Candidate({"host": host, "port": port}, f"TESCAN {serial}, SharkSEM {version}")


def require_version(sem: SharkSem) -> None:
    """Raise ``Refused`` for a microscope whose protocol is too old."""
    version = sem.text("TcpGetVersion")
    numbers = tuple(int(digits) for digits in re.findall(r"\d{1,4}", version)[:3])
    if numbers < NEEDED:
        needed = ".".join(map(str, NEEDED))
        what = f"speaks SharkSEM {version[:20]!r}, and the driver needs {needed} or later"
        raise Refused(sem.device, what, "Update the microscope's software.")
