"""The server: sessions of clients, and what its attributes and commands do, by their paths."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from hardware.emulators.autoscript.beam import BeamNodes
from hardware.emulators.autoscript.detector import DetectorNodes
from hardware.emulators.autoscript.imaging import ImagingNodes
from hardware.emulators.autoscript.stage import StageNodes
from hardware.emulators.autoscript.structures import ApplicationServerException, Point, StagePosition
from hardware.emulators.autoscript.tree import Tree
from hardware.emulators.serving import GARBAGE, Spoiled, Spoiler, Spoiling
from hardware.errors import ConnectionLost, Deadline, HardwareError
from hardware.simulator.config import TwinSettings
from hardware.simulator.link import Link

PA_PER_MBAR = 100.0


class AutoScriptServer:
    """One microscope; as many sessions as like to. It can be unplugged, and spoil answers on demand.

    Args:
        link: to the twin.
        settings: of the twin, for the limits that a microscope knows of itself.
        presets_only: as older versions, which scan no other frames than those that they list.
        linked: the stage's z is linked to the working distance, which then follows each move in z.
    """

    def __init__(
        self, link: Link, settings: TwinSettings, presets_only: bool = False, linked: bool = False
    ) -> None:
        self.spoiler = Spoiler()
        self.plugged_in = True
        self.homed = True
        stage = StageNodes(link, settings, linked, lambda: self.plugged_in)
        parts = (BeamNodes(link, settings.column), DetectorNodes(link), stage)
        imaging = ImagingNodes(link, presets_only)
        readings: dict[str, Callable[[], object]] = {
            "service.system.name": lambda: "Stand-in",
            "vacuum.chamber_state": lambda: "Pumped",
            "vacuum.chamber_pressure.value": lambda: (
                link.call("chamber.read").values["pressure_mbar"] * PA_PER_MBAR
            ),
            "state.specimen_current.value": lambda: (
                link.call("column.specimen_current").values["current_na"] * 1e-9
            ),
            "specimen.stage.is_homed": lambda: self.homed,
        }
        self.tree = Tree.of(Tree(readings), imaging.tree(), *(part.tree() for part in parts))

    def unplug(self) -> None:
        self.plugged_in = False

    def plug_in(self) -> None:
        self.plugged_in = True

    def close(self) -> None:
        self.unplug()


class Session:
    """What one client is connected by."""

    def __init__(self, server: AutoScriptServer) -> None:
        self._server = server
        self._connected = False

    def connect(self, _host: str, _port: int) -> None:
        if not self._server.plugged_in:
            raise ConnectionRefusedError("nobody answers")
        self._connected = True

    def disconnect(self) -> None:
        self._connected = False

    def leads_on(self, path: str) -> bool:
        """Whether there are attributes below this one."""
        return self._server.tree.leads_on(path)

    def get(self, path: str) -> object:
        """The value at a path, or the command to call. Raises ``AttributeError`` where there is neither."""
        tree = self._server.tree
        if path in tree.commands:
            return lambda *arguments: self._served(path, lambda: tree.commands[path](*arguments))
        if path in tree.readings:
            return self._served(path, tree.readings[path])
        raise AttributeError(f"the microscope has no {path}")

    def set(self, path: str, value: object) -> None:
        settings: Mapping[str, Callable[[object], None]] = self._server.tree.settings
        if path not in settings:
            raise AttributeError(f"{path} cannot be set")
        self._served(path, lambda: settings[path](value))

    def _served(self, path: str, answer: Callable[[], object]) -> object:
        self._require_wire()
        spoiled = self._server.spoiler.strike(path.encode())
        try:
            value = answer()
        except ConnectionLost as error:
            raise self._broken() from error
        except Deadline as error:
            raise TimeoutError(error.what) from error
        except HardwareError as error:
            raise ApplicationServerException(f"{error.what}.") from error
        self._require_wire()
        return value if spoiled is None else self._spoilt(value, spoiled)

    def _require_wire(self) -> None:
        if not (self._connected and self._server.plugged_in):
            raise self._broken()

    def _broken(self) -> ConnectionResetError:
        self._connected = False
        return ConnectionResetError("the server hung up")

    def _spoilt(self, value: object, spoiled: Spoiled) -> object:
        match spoiled.how:
            case Spoiling.SILENT:
                raise TimeoutError("no answer")
            case Spoiling.LATE:
                time.sleep(spoiled.late_s)
                return value
            case Spoiling.CUT_OFF:
                raise self._broken()
            case Spoiling.GARBAGE | Spoiling.NO_NUMBERS:
                return GARBAGE
            case Spoiling.WRONG_ECHO:
                return _another(value)


def _another(value: object) -> object:
    """A value of the same kind that is not the true one."""
    match value:
        case bool():
            return not value
        case float() | np.floating():
            return 2.0 * float(value) + 1.0
        case Point():
            return Point(value.x + 1.0, value.y + 1.0)
        case StagePosition():
            return StagePosition(0.5, 0.5, 0.5, 0.5, 0.5, value.coordinate_system)
        case _:
            return value
