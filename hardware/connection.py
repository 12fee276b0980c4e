"""A thread and a deadline for each vendor connection.

A call that overruns its deadline declares its connection lost, instead of hanging the
program: the vendor's thread is left behind and nothing more is sent. What brings the
instrument to rest (``URGENT``) is always tried, on a thread of its own, whatever hangs or was
lost before; a driver must bear such a call while another one is under way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from hardware import protocols
from hardware.errors import ConnectionLost, Deadline, Refused
from hardware.protocols import FrameTimes, KnownCurrentCheck, Motion, RampTime
from hardware.types import FrameSettings, StagePose

if TYPE_CHECKING:
    from hardware.microscope import Devices
    from hardware.parts import Parts

T = TypeVar("T")
D = TypeVar("D", "Devices", "Parts")

URGENT = frozenset({"abort", "stop", "blank", "switch_off"})
"""Brings the instrument to rest, quickly; taking the ion gun's high voltage off does so in its own time."""

SETS_OFF = frozenset({"move", "acquire", "unblank", "set_hv", "start", "clean"})
"""What would undo a rest: if one was asked for before it and has not begun yet, it is refused."""

SUPERVISED = (
    "column",
    "scanner",
    "detector",
    "stage",
    "gun",
    "ion_current",
    "raster",
    "chamber",
    "cleaner",
    "irradiation_meter",
    "irradiation_source",
)

CAPABILITIES: tuple[type, ...] = (
    protocols.ElectronColumn,
    protocols.SpecimenCurrentMeter,
    protocols.Scanner,
    protocols.Detector,
    protocols.Stage,
    protocols.IonGun,
    protocols.IonCurrentMeter,
    protocols.WaveformGenerator,
    protocols.Chamber,
    protocols.PlasmaCleaner,
    protocols.IrradiationMeter,
    protocols.KnownCurrentCheck,
    protocols.IrradiationSource,
    protocols.VendorAutofocus,
)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Real times that a vendor's call may take [s].

    ``factor`` is granted on top of how long a frame, a cleaning, a wait, a ramp or a check should last.
    """

    call_s: float = 20.0
    urgent_s: float = 3.0
    factor: float = 2.0

    def of(self, device: object, name: str, arguments: tuple[Any, ...]) -> float:
        """The deadline for calling the method ``name`` of ``device`` with ``arguments``."""
        if name in URGENT:
            return self.urgent_s
        match name, arguments:
            case "acquire", (FrameSettings() as settings, *_):
                return self.call_s + self.factor * _frame_time_s(device, settings)
            case "clean", (_, float() | int() as duration_s):
                return self.call_s + self.factor * duration_s
            case "wait", (float() | int() as timeout_s,):
                return self.call_s + self.factor * timeout_s
            case "set_hv", _ if isinstance(device, RampTime):
                return self.call_s + self.factor * device.ramp_s
            case "check_known_current", _ if isinstance(device, KnownCurrentCheck):
                return self.call_s + self.factor * device.check_s
            case _:
                return self.call_s


def _frame_time_s(device: object, settings: FrameSettings) -> float:
    return device.frame_time_s(settings) if isinstance(device, FrameTimes) else settings.duration_s


def _brings_to_rest(name: str, arguments: tuple[Any, ...]) -> bool:
    return name in URGENT or (name, arguments) == ("set_hv", (False,))


class Connection:
    """Calls functions on a thread of its own, one after the other, each with a deadline."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._turn = threading.Lock()
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lost = False
        self._last_rest: object = None
        threading.Thread(target=self._work, name=f"connection {name}", daemon=True).start()

    def call(self, function: Callable[[], T], deadline_s: float) -> T:
        """What ``function`` returns or raises.

        Raises ``ConnectionLost`` when it takes longer than ``deadline_s`` of real time, and at
        once for every call after that; ``Deadline`` when others took so long that it never began,
        of which the connection knows nothing.
        """
        if not self._turn.acquire(timeout=deadline_s):
            raise Deadline(self.name, "is busy with another command", "Try again.")
        try:
            return self._called(function, deadline_s)
        finally:
            self._turn.release()

    def note_rest(self) -> None:
        """The device is being brought to rest past this connection."""
        self._last_rest = object()

    def unless_overtaken(self, function: Callable[[], T]) -> Callable[[], T]:
        """``function``, which raises ``Refused`` if a rest is noted from now on until it begins."""
        before = self._last_rest

        def begin() -> T:
            if self._last_rest is not before:
                raise Refused(self.name, "was brought to rest before this began", "Give the command again.")
            return function()

        return begin

    def close(self) -> None:
        """Let the thread end after what it is doing now."""
        self._lost = True
        self._calls.put(None)

    def _called(self, function: Callable[[], T], deadline_s: float) -> T:
        if self._lost:
            raise self._gone("the connection was lost")
        future: Future[T] = Future()
        self._calls.put((future, function))
        try:
            return future.result(deadline_s)
        except TimeoutError as error:
            if future.done():  # at the last moment, or by a TimeoutError of its own
                return future.result()
            self._lost = True
            raise self._gone(f"no answer within {deadline_s:g} s") from error

    def _gone(self, what: str) -> ConnectionLost:
        return ConnectionLost(self.name, what, "Restart the device's software and connect again.")

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function = call
            if self._lost:
                future.set_exception(self._gone("the connection was closed"))
                continue
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)


def at_once(name: str, function: Callable[[], T], deadline_s: float) -> T:
    """What ``function`` gives on a fresh thread: a late answer to one call costs the next one nothing.

    Raises ``ConnectionLost`` when it takes longer than ``deadline_s`` of real time.
    """
    connection = Connection(name)
    try:
        return connection.call(function, deadline_s)
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Supervision:
    """How one device is called: on its connection, or at once."""

    connection: Connection
    deadlines: Deadlines

    def call(self, owner: object, name: str, *arguments: Any, **named: Any) -> Any:
        """``owner.name(*arguments)`` within its deadline."""
        given = (*arguments, *named.values())
        deadline_s = self.deadlines.of(owner, name, given)

        def act() -> Any:
            return getattr(owner, name)(*arguments, **named)

        if _brings_to_rest(name, given):
            self.connection.note_rest()
            return at_once(self.urgent_name, act, deadline_s)
        due = self.connection.unless_overtaken(act) if name in SETS_OFF else act
        result = self.connection.call(due, deadline_s)
        return SupervisedMotion(result, self) if name == "move" else result

    def urgently(self, function: Callable[[], T]) -> T:
        """What ``function`` gives, whatever hangs or was lost. Raises as :func:`at_once` does."""
        return at_once(self.urgent_name, function, self.deadlines.urgent_s)

    @property
    def urgent_name(self) -> str:
        return f"{self.connection.name} (urgent)"


@dataclass(frozen=True, slots=True)
class SupervisedMotion:
    """A motion whose wait has a deadline in real time, and which can be cancelled meanwhile."""

    motion: Motion
    supervision: Supervision

    def wait(self, timeout_s: float) -> StagePose:
        pose: StagePose = self.supervision.call(self.motion, "wait", timeout_s)
        return pose

    def done(self) -> bool:
        return self.supervision.urgently(self.motion.done)

    def cancel(self) -> None:
        self.supervision.urgently(self.motion.cancel)


def supervise(devices: D, deadlines: Deadlines = Deadlines()) -> D:
    """The same devices, each behind a thread and deadlines, closing included. The clock stays as it is."""
    connections: list[Connection] = []
    wrapped: dict[str, Any] = {}
    for name in SUPERVISED:
        if (device := getattr(devices, name)) is not None:
            connections.append(Connection(name.replace("_", " ")))
            wrapped[name] = _supervised(device, Supervision(connections[-1], deadlines))
    return replace(devices, **wrapped, close=partial(_close, devices.close, connections, deadlines.call_s))


def _close(close_devices: Callable[[], None], connections: list[Connection], deadline_s: float) -> None:
    for connection in connections:
        connection.close()
    at_once("instrument", close_devices, deadline_s)


def _supervised(device: object, supervision: Supervision) -> object:
    """An object with the attributes of every capability that ``device`` has, and no others.

    A class is built for it, because ``isinstance`` against a protocol looks attributes up in
    the class, where a ``__getattr__`` would not be seen.
    """
    members: dict[str, object] = {"__slots__": ()}
    for capability in (c for c in CAPABILITIES if isinstance(device, c)):
        for name, member in vars(capability).items():
            if isinstance(member, property):
                members[name] = property(partial(_read, device, supervision, name))
            elif callable(member) and not name.startswith("_"):
                members[name] = staticmethod(partial(supervision.call, device, name))
    return type(f"Supervised{type(device).__name__}", (), members)()


def _read(device: object, supervision: Supervision, name: str, _self: object) -> Any:
    return supervision.connection.call(lambda: getattr(device, name), supervision.deadlines.call_s)
