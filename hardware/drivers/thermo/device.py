"""The microscope as a device: connected, recognised, described."""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing, suppress
from typing import Any

from hardware.drivers.thermo.column import ThermoChamber, ThermoColumn
from hardware.drivers.thermo.detector import ThermoDetector
from hardware.drivers.thermo.scanner import ThermoScanner
from hardware.drivers.thermo.server import Server
from hardware.drivers.thermo.settings import AutoScriptSettings, StageFrame
from hardware.drivers.thermo.stage import STAGE, ThermoStage
from hardware.drivers.thermo.vendor import NEEDS, Vendor, load
from hardware.drivers.thermo.view import View
from hardware.errors import HardwareError, Refused
from hardware.parts import Candidate, DeviceDriver, Part, Parts, Surroundings
from hardware.transport.tcp import tcp
from hardware.transport.wire_log import NoLog

THERE_WITHIN_S = 1.0

_log = logging.getLogger(__name__)


def connect(settings: AutoScriptSettings, surroundings: Surroundings) -> Parts:
    """Raises ``HardwareError``; then nothing stays connected."""
    vendor = load(surroundings.name)
    server = Server(surroundings.name, lambda: _client(vendor, settings), surroundings.wire_log)
    with ExitStack() as undo:
        undo.callback(server.close)
        server.prepare()
        _require_ready(server, settings)
        undo.pop_all()
    clock = surroundings.clock
    view = View(
        surroundings.name,
        settings.view,
        vendor.electron_beam,
        settings.detector,
        settings.scan_rotation_inverted,
    )
    stage = ThermoStage(server, vendor, settings, clock)
    return Parts(
        column=ThermoColumn(server, vendor, settings, clock),
        scanner=ThermoScanner(server, vendor, view, clock, stage),
        detector=ThermoDetector(server, view, settings.bias, settings.bias_v),
        stage=stage,
        chamber=ThermoChamber(server),
        close=server.close,
    )


def recognise(address: str) -> Candidate | None:
    """Ask ``host:port`` for the name of its microscope, where AutoScript's package is installed."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return None
    with suppress(HardwareError, OSError):
        vendor = load(address)
        tcp(host, int(port), THERE_WITHIN_S).close()
        settings = AutoScriptSettings(host=host, port=int(port))
        with closing(Server(address, lambda: _client(vendor, settings), NoLog())) as server:
            name = server.read("service.system.name", str)
        return Candidate({"host": host, "port": int(port)}, f"AutoScript on a {name}")
    return None


def _client(vendor: Vendor, settings: AutoScriptSettings) -> Any:
    """One more connection."""
    client = vendor.client()
    client.connect(settings.host, settings.port)
    return client


def _require_ready(server: Server, settings: AutoScriptSettings) -> None:
    """Without a home or a link the stage's coordinates mean nothing."""
    _log.info("%s is a %s", server.device, server.read("service.system.name", str))
    if not server.truth(f"{STAGE}.is_homed"):
        raise Refused(
            server.device, "the stage has not been homed", "Home it in the microscope's software."
        )
    if settings.stage_frame is StageFrame.LINKED and not server.truth(f"{STAGE}.is_linked"):
        what = "the stage is not linked to the working distance"
        raise Refused(server.device, what, "Link it, or choose the raw stage coordinates.")


DRIVER = DeviceDriver(
    title="Thermo Fisher SEM (AutoScript)",
    plays=frozenset({Part.COLUMN, Part.SCANNER, Part.DETECTOR, Part.STAGE, Part.CHAMBER}),
    settings=AutoScriptSettings,
    connect=connect,
    recognise=recognise,
    needs=NEEDS,
)
