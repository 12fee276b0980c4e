"""Driver of the raster generator RG-2 (invented), as ``scopeacq`` finds it by its entry point."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from pydantic import Field

from hardware.errors import HardwareError
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.tcp import tcp
from scopeacq_example_driver.generator import RasterGenerator

QUICK = Timing(answer_s=0.5, retries=0)


class Settings(DeviceSettings):
    """Its table in ``instruments.toml``; the connection wizard makes its form of it."""

    host: str = Field("192.168.1.20", title="Address", description="As its front panel shows it.")
    port: int = Field(4000, ge=1, le=65_535, title="Port", description="4000 unless it was changed.")
    answer_s: float = Field(
        1.0, gt=0, le=1, title="Time to answer", description="After that it counts as silent."
    )


def connect(settings: Settings, around: Surroundings) -> Parts:
    """Connect, and make sure that an RG-2 is there. Raises ``HardwareError``."""
    wire = partial(tcp, settings.host, settings.port)
    timing = Timing(settings.answer_s, late_s=settings.answer_s / 2)
    line = Dialogue(around.name, wire, around.wire_log, timing)
    generator = RasterGenerator(line)
    try:
        generator.identity()
    except HardwareError:
        line.close()
        raise
    return Parts(raster=generator, close=line.close)


def recognise(address: str) -> Candidate | None:
    """Whether an RG-2 answers at ``host:port``: asks who is there and nothing else."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        return None
    with closing(Dialogue(address, partial(tcp, host, int(port)), timing=QUICK)) as line:
        try:
            says = RasterGenerator(line).identity()
        except HardwareError:
            return None
    return Candidate({"host": host, "port": int(port)}, says)


DRIVER = DeviceDriver(
    title="Example Labs RG-2 raster generator",
    plays=frozenset({Part.RASTER}),
    settings=Settings,
    connect=connect,
    recognise=recognise,
)
