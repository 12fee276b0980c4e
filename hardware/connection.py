"""A thread and a deadline for each vendor connection.

A call that overruns its deadline declares its connection lost, instead of hanging the
program: the vendor's thread is left behind and nothing more is sent. What brings the
instrument to rest (``URGENT``) has a lane of its own, so that it gets through while another
call hangs; a driver must bear such a call from a second thread.
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
from hardware.errors import ConnectionLost
from hardware.protocols import FrameTimes, Motion, RampTime
from hardware.types import FrameSettings, StagePose

if TYPE_CHECKING:
    from hardware.microscope import Devices
    from hardware.parts import Parts

T = TypeVar("T")
D = TypeVar("D", "Devices", "Parts")

URGENT = frozenset({"abort", "stop", "blank"})
"""Brings the instrument to rest, quickly; taking the ion gun's high voltage off does so in its own time."""

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

    ``factor`` is granted on top of how long a frame, a cleaning, a wait or a ramp should last.
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
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lost = False
        threading.Thread(target=self._work, name=f"connection {name}", daemon=True).start()

    def call(self, function: Callable[[], T], deadline_s: float) -> T:
        """What ``function`` returns or raises.

        Raises ``ConnectionLost`` when it takes longer than ``deadline_s`` of real time, and at
        once for every call after that.
        """
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

    def close(self) -> None:
        """Let the thread end after what it is doing now."""
        self._lost = True
        self._calls.put(None)

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


@dataclass(frozen=True, slots=True)
class Lanes:
    """The two connections of one device."""

    main: Connection
    urgent: Connection
    deadlines: Deadlines

    def call(self, owner: object, name: str, *arguments: Any, **named: Any) -> Any:
        """``owner.name(*arguments)`` on the right lane."""
        given = (*arguments, *named.values())
        lane = self.urgent if _brings_to_rest(name, given) else self.main
        deadline_s = self.deadlines.of(owner, name, given)
        result = lane.call(lambda: getattr(owner, name)(*arguments, **named), deadline_s)
        return SupervisedMotion(result, self) if name == "move" else result

    def close(self) -> None:
        self.main.close()
        self.urgent.close()


@dataclass(frozen=True, slots=True)
class SupervisedMotion:
    """A motion whose wait has a deadline in real time, and which can be cancelled meanwhile."""

    motion: Motion
    lanes: Lanes

    def wait(self, timeout_s: float) -> StagePose:
        pose: StagePose = self.lanes.call(self.motion, "wait", timeout_s)
        return pose

    def done(self) -> bool:
        return self.lanes.urgent.call(self.motion.done, self.lanes.deadlines.urgent_s)

    def cancel(self) -> None:
        self.lanes.urgent.call(self.motion.cancel, self.lanes.deadlines.urgent_s)


def supervise(devices: D, deadlines: Deadlines = Deadlines()) -> D:
    """The same devices, each behind a thread and deadlines. The clock stays as it is."""
    lanes: list[Lanes] = []
    wrapped: dict[str, Any] = {}
    for name in SUPERVISED:
        if (device := getattr(devices, name)) is not None:
            spoken = name.replace("_", " ")
            lanes.append(Lanes(Connection(spoken), Connection(f"{spoken} (urgent)"), deadlines))
            wrapped[name] = _supervised(device, lanes[-1])
    return replace(devices, **wrapped, close=partial(_close, devices.close, lanes))


def _close(close_devices: Callable[[], None], lanes: list[Lanes]) -> None:
    for device_lanes in lanes:
        device_lanes.close()
    close_devices()


def _supervised(device: object, lanes: Lanes) -> object:
    """An object with the attributes of every capability that ``device`` has, and no others.

    A class is built for it, because ``isinstance`` against a protocol looks attributes up in
    the class, where a ``__getattr__`` would not be seen.
    """
    members: dict[str, object] = {"__slots__": ()}
    for capability in (c for c in CAPABILITIES if isinstance(device, c)):
        for name, member in vars(capability).items():
            if isinstance(member, property):
                members[name] = property(partial(_read, device, lanes, name))
            elif callable(member) and not name.startswith("_"):
                members[name] = staticmethod(partial(lanes.call, device, name))
    return type(f"Supervised{type(device).__name__}", (), members)()


def _read(device: object, lanes: Lanes, name: str, _self: object) -> Any:
    return lanes.main.call(lambda: getattr(device, name), lanes.deadlines.call_s)
