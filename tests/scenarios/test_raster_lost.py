"""The raster or the relay fails while ions mill: real guard, real wires, real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardware.chamber_model import ChamberModel
from hardware.claim import InstrumentLock
from hardware.drivers import keysight_33500
from hardware.drivers.dcon_relay import device as dcon_relay
from hardware.emulators.dcon_relay import BlankerContact, RelayModule
from hardware.emulators.keysight_33500 import Keysight33500
from hardware.emulators.rehearsal import Rehearsal, rehearsal
from hardware.emulators.serving import LOOPBACK, Spoiled, Spoiling, TcpPort, Terminal
from hardware.errors import BlankerUnknown, HardwareError
from hardware.guard.client import GuardClient
from hardware.guard.core import GuardTiming
from hardware.interlocks import MillLimits, MillProof
from hardware.microscope import Microscope
from hardware.milling import end_mill, prepare_mill
from hardware.simulator.config import Time
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import SectionSpec, WaferSpecimen
from hardware.simulator.tiny import Ripples, tiny_settings
from hardware.types import Blanker
from scopeacq.engine.opening import Opener, open_beam
from scopeacq.journal.records import IonsBegin, IonsEnd, MillBegin, MillEnd, MillHeartbeat, MillKey
from tests.hardware.fakes import MILL_POSE, RASTER
from tests.scenarios.harness import tiny_instrument

SAFE_WITHIN_S = 1.0
HEARTBEAT_S = 0.4
LONG_S = 30.0
SAFE_Z_UM = 6_000.0
ENDS_SOON = GuardTiming(give_up_s=0.5)


@dataclass
class Pass:
    """A pass under way on a thread of its own, on a relay and a generator behind their wires."""

    around: Rehearsal
    microscope: Microscope
    relay: RelayModule
    generator: Keysight33500
    wire: TcpPort
    proof: MillProof
    folder: Path
    records: list[IonsBegin | MillHeartbeat | IonsEnd] = field(default_factory=list)
    error: Exception | None = None

    def run(self) -> None:
        """Open for long; what ends it is kept."""
        mill = tiny_instrument(self.folder).mill
        opener = Opener(
            self.microscope, MillLimits(), mill, self.records.append, lambda _: None, lambda: False
        )
        begin = MillBegin(
            key=MillKey(cycle=0, round=0, azimuth=0),
            opening="pass",
            requested_uc=1.0,
            remaining_uc=1.0,
            current_na=self.proof.current.current_na,
            heartbeat_s=HEARTBEAT_S,
            at_s=self.proof.at_s,
            pace=1.0,
        )
        try:
            open_beam(opener, self.proof, begin, LONG_S)
        except Exception as error:
            self.error = error

    def blanked_after_s(self, lose: Callable[[Pass], None]) -> float:
        """Real time from the loss until no ions come any more; the pass has ended then."""
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        self._wait(lambda: sum(isinstance(record, MillHeartbeat) for record in self.records) >= 2, 10.0)
        assert self.around.ions() is Blanker.OPEN
        lose(self)
        lost_s = time.monotonic()
        self._wait(lambda: self.around.ions() is Blanker.BLANKED, 2 * SAFE_WITHIN_S)
        blanked_s = time.monotonic()
        thread.join(10.0)
        assert not thread.is_alive()
        return blanked_s - lost_s

    @staticmethod
    def _wait(until: Callable[[], bool], timeout_s: float) -> None:
        end_s = time.monotonic() + timeout_s
        while not until() and time.monotonic() < end_s:
            time.sleep(0.005)


@pytest.fixture
def milling(tmp_path: Path) -> Iterator[Pass]:
    """An instrument that is proven and ready to mill."""
    settings = tiny_settings().model_copy(update={"time": Time.REAL})
    specimen = WaferSpecimen([SectionSpec("S001", 0.0, 0.0, 0.0)], [], Ripples(), 0)
    around = rehearsal(Nature(settings, specimen, lambda _truth: None))
    relay, generator = RelayModule({0: BlankerContact(around.firmware)}), Keysight33500(around.link)
    with ExitStack() as stack:
        stack.enter_context(closing(relay))
        line = stack.enter_context(closing(Terminal(relay, tmp_path / "relay")))
        wire = stack.enter_context(closing(TcpPort(generator)))
        address = f"TCPIP0::{LOOPBACK}::{wire.port}::SOCKET"
        devices = around.played_by(
            dcon_relay.DRIVER.connect(
                dcon_relay.RelaySettings(port=str(line.path), monitor_input=0),
                around.surroundings("ion blanker", tmp_path),
            ),
            keysight_33500.DRIVER.connect(
                keysight_33500.GeneratorSettings(address=address, library="@py"),
                around.surroundings("waveform generator", tmp_path),
            ),
        )
        stack.callback(devices.close)
        lock = InstrumentLock(tmp_path / "lock")
        stack.callback(lock.release)
        guard = GuardClient.start(devices.blanker, MillLimits(), tmp_path / "guard.jsonl", ENDS_SOON)
        stack.callback(_stop, guard)
        microscope = Microscope(devices, guard, ChamberModel(), lock)
        proof = prepare_mill(microscope, MILL_POSE, RASTER, SAFE_Z_UM)
        yield Pass(around, microscope, relay, generator, wire, proof, tmp_path)


def _stop(guard: GuardClient) -> None:
    try:
        guard.stop()
    except BlankerUnknown:
        return  # of a relay that sticks


def unplugged(milling: Pass) -> None:
    milling.wire.unplug()


def silent(milling: Pass) -> None:
    """As a network cable that is pulled: nothing says that nobody is there any more."""
    milling.wire.spoiler.spoil(Spoiled(Spoiling.SILENT, times=1000))


def one_output_off(milling: Pass) -> None:
    milling.generator.answer(b"OUTP1 OFF\n")


def other_function(milling: Pass) -> None:
    milling.generator.answer(b"SOUR2:FUNC SQU\n")


@pytest.mark.parametrize(
    ("lose", "told"),
    [
        (unplugged, "waveform generator: cannot be reached"),
        (silent, "waveform generator: did not answer"),
        (one_output_off, "The ion raster is not running"),
        (other_function, "channel 2 plays something else"),
    ],
)
def test_ions_are_blanked_within_a_second_of_losing_the_raster(
    milling: Pass, lose: Callable[[Pass], None], told: str
) -> None:
    assert milling.blanked_after_s(lose) < SAFE_WITHIN_S
    assert isinstance(milling.error, HardwareError)
    ended = milling.records[-1]
    assert isinstance(ended, MillEnd) and told in ended.reason


def test_a_welded_contact_leaves_the_raster_running_and_the_gun_off(milling: Pass) -> None:
    milling.microscope.guard.open(milling.proof, "pass", LONG_S, milling.around.twin.clock.now_s())
    milling.relay.welded = True
    with pytest.raises(BlankerUnknown, match="press gun off"):
        end_mill(milling.microscope)
    assert milling.microscope.devices.raster.state().running and milling.around.nature.raster.running
    assert not milling.around.nature.gun.hv_on
    assert milling.microscope.guard.state() is not Blanker.BLANKED
