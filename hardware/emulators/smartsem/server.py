"""The machine, and what a COM object for it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from hardware.emulators.smartsem.electrons import Electrons
from hardware.emulators.smartsem.entry import Analogue, Digital, Entries, Refusal, Value
from hardware.emulators.smartsem.header import write_picture
from hardware.emulators.smartsem.machine import MERLIN, Machine
from hardware.emulators.smartsem.raster import Raster
from hardware.emulators.smartsem.scan import Scan
from hardware.emulators.smartsem.stage import Stage
from hardware.errors import ConnectionLost, Deadline, HardwareError
from hardware.simulator.config import Time, TwinSettings
from hardware.simulator.link import Link

GET_UNKNOWN, GET_FAIL, GET_STATE_FAIL = 1000, 1001, 1002
SET_UNKNOWN, SET_STATE_FAIL, SET_FAIL = 1004, 1005, 1006
TOO_LOW, TOO_HIGH, WRONG_TYPE = 1007, 1008, 1009
EXECUTE_UNKNOWN, EXECUTE_FAIL, GRAB_FAIL = 1011, 1012, 1016
GET_STAGE_FAIL, MOVE_STAGE_FAIL, NOT_INITIALISED = 1017, 1018, 1019
LIMITS_FAIL, DISABLED = 1022, 1032


class ComError(Exception):
    """As pywin32 raises it when the other end is gone, or does not answer."""


class SmartSem:
    """One instrument, fed by the twin. Thread-safe, as far as the real one is: calls may interleave."""

    def __init__(self, link: Link, settings: TwinSettings, machine: Machine = MERLIN) -> None:
        waits = settings.time is Time.VIRTUAL
        self.scan = Scan(link, machine, waits, machine.stores[0])
        self.electrons = Electrons(link, settings, machine)
        self.raster = Raster(self.scan, settings, machine.detectors[0])
        self.stage = Stage(link, settings, machine.zero_um)
        self.entries: Entries = {
            **self.electrons.entries(),
            **self.raster.entries(),
            **self.stage.entries(),
        }
        self.commands: Mapping[str, Callable[[], None]] = {
            "CMD_BEAM_ON": lambda: self.electrons.set_eht(True),
            "CMD_EHT_OFF": lambda: self.electrons.set_eht(False),
            "CMD_FREEZE_ALL": self.scan.freeze,
            "CMD_UNFREEZE_ALL": self.scan.unfreeze,
            "CMD_MODE_NORMAL": lambda: None,
            "CMD_PIXNR": lambda: setattr(self.scan, "noise_reduction", "Pixel Avg."),
            "CMD_STAGE_ABORT": self.stage.abort,
            **{f"CMD_SCANRATE{n}": partial(self.raster.set_rate, n) for n in range(len(machine.dwells_ns))},
        }

    def grab(self, path: Path) -> None:
        """Write what is on the screen. Raises ``Refusal`` while nothing is, or where it may not."""
        if self.scan.picture is None:
            raise Refusal(GRAB_FAIL)
        try:
            write_picture(path, self.scan.picture, self.scan.said())
        except OSError as error:
            raise Refusal(GRAB_FAIL) from error

    def object(self) -> ServerObject:
        """One more object of the COM class."""
        return ServerObject(self)


class ServerObject:
    """Methods of ``CZ.EMApiCtrl.1`` by name: what they return is what pywin32 makes of it."""

    def __init__(self, sem: SmartSem) -> None:
        self._sem = sem
        self._initialised = False
        self._methods: Mapping[str, tuple[Callable[..., object], int]] = {
            "Get": (self._get, GET_FAIL),
            "Set": (self._set, SET_FAIL),
            "GetLimits": (self._limits, LIMITS_FAIL),
            "Execute": (self._execute, EXECUTE_FAIL),
            "GetStagePosition": (self._position, GET_STAGE_FAIL),
            "MoveStage": (self._move, MOVE_STAGE_FAIL),
            "Grab": (self._grab, GRAB_FAIL),
        }

    def invoke(self, method: str, *arguments: Value) -> object:
        """The code, or a tuple of code and values. Raises ``ComError`` when the instrument is gone."""
        if method in ("InitialiseRemoting", "ClosingControl"):
            self._initialised = method == "InitialiseRemoting"
            return 0
        call, failure = self._methods[method]
        if not self._initialised:
            return NOT_INITIALISED
        try:
            return call(*arguments)
        except Refusal as refusal:
            return refusal.code
        except (ConnectionLost, Deadline) as error:
            raise ComError("The RPC server is unavailable.") from error
        except HardwareError:
            return failure

    def close(self) -> None:
        self._initialised = False

    def _get(self, name: str, buffer: Value) -> object:
        entry = self._entry(name, GET_UNKNOWN)
        if isinstance(entry, Analogue):
            return 0, (f"{entry.read():g}" if isinstance(buffer, str) else entry.read())
        word = entry.read()
        if isinstance(buffer, str):
            return 0, word
        return (0, float(entry.words.index(word))) if word in entry.words else GET_STATE_FAIL

    def _set(self, name: str, value: Value) -> object:
        entry = self._entry(name, SET_UNKNOWN)
        if entry.write is None:
            return DISABLED
        if isinstance(entry, Digital):
            if value not in entry.words and value not in range(len(entry.words)):
                return SET_STATE_FAIL
            entry.write(value if isinstance(value, str) else entry.words[int(value)])
            return 0, value
        if isinstance(value, str):
            return WRONG_TYPE
        low, high = entry.limits or (value, value)
        if not low <= value <= high:
            return TOO_LOW if value < low else TOO_HIGH
        entry.write(value)
        return 0, value

    def _limits(self, name: str, _low: Value, _high: Value) -> object:
        entry = self._entry(name, GET_UNKNOWN)
        if not isinstance(entry, Analogue) or entry.limits is None:
            return LIMITS_FAIL
        return (0, *entry.limits)

    def _execute(self, name: str) -> object:
        if name not in self._sem.commands:
            return EXECUTE_UNKNOWN
        self._sem.commands[name]()
        return 0

    def _position(self, *_buffers: Value) -> object:
        return (0, *self._sem.stage.position())

    def _move(self, *position: float) -> object:
        self._sem.stage.move(*position)
        return 0

    def _grab(self, _x: Value, _y: Value, _w: Value, _h: Value, _reduction: Value, path: str) -> object:
        self._sem.grab(Path(path))
        return 0

    def _entry(self, name: str, unknown: int) -> Analogue | Digital:
        if name not in self._sem.entries:
            raise Refusal(unknown)
        return self._sem.entries[name]
