"""The twin as a device among others: it can play every part, so that any part may be simulated."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from hardware.errors import OutOfRange
from hardware.parts import DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.protocols import Clock
from hardware.simulator.assembly import devices_over
from hardware.simulator.client import RemoteLink, join_or_start
from hardware.simulator.config import Time, TwinSettings
from hardware.simulator.devices import TwinClock
from hardware.simulator.link import Json, Link, Reply

STAMPS = ("now_s", "at_s", "scanned_at_s")
"""What in the firmware's answers is a time."""


class TwinDeviceSettings(TwinSettings, DeviceSettings):
    """The twin's own settings. Two twins of one instrument are the same, and have the same settings."""

    emulators: bool = Field(
        False,
        title="Among emulators",
        description="The other devices are emulators, which keep the time of this one, whatever it is.",
    )

    @property
    def twin(self) -> TwinSettings:
        """What concerns nature."""
        return TwinSettings.model_validate(self.model_dump(exclude={"emulators"}))

    @property
    def may_time_others(self) -> bool:
        """Whether the other devices' time passes as this one's."""
        return self.emulators or (self.time is Time.REAL and self.pace == 1)


@dataclass(frozen=True, slots=True)
class Retimed:
    """A link whose times are those of another clock, which runs ``ahead_s`` before the twin's."""

    link: Link
    clock: Clock
    ahead_s: float

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        """See :class:`hardware.simulator.link.Link`."""
        if command == "clock.sleep" and values is not None:
            self.clock.sleep(values["duration_s"])
            return Reply()
        reply = self.link.call(command, values, deadline_s)
        stamped = {key: reply.values[key] + self.ahead_s for key in STAMPS if key in reply.values}
        return Reply(reply.values | stamped, reply.image)


def connect(settings: TwinDeviceSettings, surroundings: Surroundings) -> Parts:
    """Join the nature of the instrument's folder, or start one.

    Raises ``OutOfRange`` where its time cannot be that of the instrument's clock, ``Refused`` or
    ``Deadline`` when nature cannot be had.
    """
    twin = settings.twin
    keeps_time = Part.CLOCK in surroundings.plays or isinstance(surroundings.clock, TwinClock)
    if not keeps_time and (twin.time is Time.VIRTUAL or twin.pace != surroundings.clock.pace):
        what = "its time does not pass as that of the instrument's clock"
        raise OutOfRange(surroundings.name, what, 'Set time = "real" and pace = 1.')
    link = join_or_start(surroundings.folder, twin)
    over = link if keeps_time else _retimed(link, surroundings.clock)
    devices = devices_over(over, twin, link.blanker, link.close)
    return Parts(**{part.value: getattr(devices, part.value) for part in Part}, close=devices.close)


def _retimed(link: RemoteLink, clock: Clock) -> Retimed:
    return Retimed(link, clock, clock.now_s() - float(link.call("clock.now").values["now_s"]))


DRIVER = DeviceDriver(
    title="The physical twin: any part, simulated",
    plays=frozenset(Part),
    settings=TwinDeviceSettings,
    connect=connect,
)
