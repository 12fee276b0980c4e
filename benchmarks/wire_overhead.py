"""What a wire costs per tile: an emulated microscope over TCP beside the twin in this process.

    python -m benchmarks.wire_overhead [--repeats N] [--json]

Both do what a tile needs, by turns: a move, focus and beam shift, and a frame with the beam proven before
and after it. Frames come ready-made, so that scanning takes no time on either side, and the clock is
virtual. Medians of real time; the difference is what driver, wire and protocol cost.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from hardware.connection import supervise
from hardware.contract.bench import trial_nature
from hardware.emulators.counterparts import COUNTERPARTS, Rack
from hardware.emulators.rehearsal import Rehearsal, rehearsal
from hardware.microscope import Devices
from hardware.registry import load_device
from hardware.simulator.assembly import devices_over
from hardware.simulator.firmware import Firmware
from hardware.simulator.link import Json, Reply
from hardware.simulator.local import LocalLink
from hardware.types import FrameSettings, Image, StagePose
from scopeacq.engine.imaging import Imager

ALLOWED_MS = 50.0
FRAMES = {
    "1024 x 768": FrameSettings(1024, 768, 10.0, 200.0),
    "6000 x 6000": FrameSettings(6000, 6000, 10.0, 200.0),
    "6000 x 6000, 16 bit": FrameSettings(6000, 6000, 10.0, 200.0, bit_depth=16),
}
PINHOLE_PX = 16


class ReadyLink(LocalLink):
    """The twin, but for its images: these are ready, and differ in one pixel."""

    def __init__(self, firmware: Firmware, frame: FrameSettings) -> None:
        super().__init__(firmware)
        noise = np.random.default_rng(0).integers(0, 256, (frame.height_px, frame.width_px))
        is_8_bit = frame.bit_depth == 8
        self._image: Image = noise.astype(np.uint8) if is_8_bit else noise.astype(np.uint16)

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        if command != "scanner.acquire" or values is None:
            return super().call(command, values, deadline_s)
        small = values | {"width_px": PINHOLE_PX, "height_px": PINHOLE_PX}
        reply = super().call(command, small, deadline_s)
        self._image[0, 0] = reply.values["number"] % 256
        return replace(reply, image=self._image)


@dataclass
class Tiles:
    """Takes one tile after the other on an instrument."""

    devices: Devices
    frame: FrameSettings
    n: int = 0

    def __post_init__(self) -> None:
        self._imager = Imager(self.devices.column, self.devices.scanner, self.devices.detector)

    def take(self) -> float:
        """One tile; the real time that it takes [ms]."""
        self.n += 1
        began_s = time.perf_counter()
        optics = self.devices.column.optics()
        self.devices.stage.move(StagePose(x_um=self.n % 7 * 50.0)).wait(100.0)
        self.devices.column.set_optics(optics.shifted(wd_um=0.1 * (-1) ** self.n))
        self.devices.column.set_beam_shift_um(0.1 * (self.n % 3), 0.0)
        self._imager.scan(self.frame)
        return (time.perf_counter() - began_s) * 1e3


@contextmanager
def both(frame: FrameSettings, folder: Path) -> Iterator[tuple[Tiles, Tiles]]:
    """The same instrument without and with a wire, each supervised as in a run."""
    with ExitStack() as ends:
        instruments = []
        for wired in (False, True):
            around = rehearsal(trial_nature())
            link = ReadyLink(around.firmware, frame)
            twin = devices_over(link, around.nature.settings, {}, lambda: None)
            devices = supervise(_wired(around, link, folder, ends) if wired else twin)
            ends.callback(devices.close)
            instruments.append(Tiles(devices, frame))
        yield instruments[0], instruments[1]


def _wired(around: Rehearsal, link: ReadyLink, folder: Path, ends: ExitStack) -> Devices:
    sem = COUNTERPARTS["microscope"](Rack(around.nature, around.firmware, link, folder, ends))
    driver = load_device(sem.driver)
    settings = driver.settings.model_validate(dict(sem.settings))
    return around.played_by(driver.connect(settings, around.surroundings("microscope", folder)))


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians per tile."""

    frame: str
    direct_ms: float
    wired_ms: float
    overhead_ms: float


def cost(name: str, repeats: int) -> Cost:
    """By turns, so that whatever else the machine does strikes both alike."""
    with tempfile.TemporaryDirectory() as folder, both(FRAMES[name], Path(folder)) as (direct, wired):
        direct.take(), wired.take()
        pairs = [(direct.take(), wired.take()) for _ in range(repeats)]
    direct_ms, wired_ms = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Cost(name, direct_ms, wired_ms, statistics.median(w - d for d, w in pairs))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    costs = [cost(name, arguments.repeats) for name in FRAMES]
    for one in costs:
        print(
            json.dumps(asdict(one))
            if arguments.json
            else f"{one.frame:20} direct {one.direct_ms:7.1f} ms, wired {one.wired_ms:7.1f} ms, "
            f"overhead {one.overhead_ms:6.1f} ms of {ALLOWED_MS:g} ms allowed"
        )
    return 1 if max(one.overhead_ms for one in costs) > ALLOWED_MS else 0


if __name__ == "__main__":
    sys.exit(main())
