"""The twin's nature: everything that is physically so, whoever asks and whoever does not.

Nature goes on by itself: each call first lets the time pass that has passed. Nothing here is
readable for the program; it sees what the devices of :mod:`hardware.simulator.firmware` report.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock

import numpy as np
from numpy.typing import ArrayLike

from hardware.chamber_model import ChamberModel
from hardware.protocols import Clock
from hardware.simulator.chamber_body import ChamberBody
from hardware.simulator.clock import clock_of
from hardware.simulator.column_body import EMISSION_AFTER_DECAY, ColumnBody
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import Device, FaultDesk, FaultKind, FaultScript
from hardware.simulator.gun_body import GunBody, RasterBody
from hardware.simulator.irradiation_body import IrradiationBody
from hardware.simulator.mill_map import Floats32, Footprint, MillMap
from hardware.simulator.mounted import Mounted
from hardware.simulator.opening import MillConditions, Opening
from hardware.simulator.specimen import WaferSpecimen
from hardware.simulator.stage_body import StageBody
from hardware.simulator.touch import TouchWatch
from hardware.simulator.truth import IdleExposureTruth, IncidentTruth, Record, Sink
from hardware.types import DetectorState, StagePose

LONGEST_PASS_S = 20.0
PASS_WHILE_MOVING_S = 0.2
POLL_REAL_S = 0.05
TOUCH_MARGIN_UM = 500.0
ELECTRONS_PER_NA_S = 1e-9 / 1.602176634e-19


def chamber_of(settings: TwinSettings) -> ChamberModel:
    """The chamber's solids as they truly stand around this stage: nearer than plans may come."""
    return ChamberModel(
        wd_at_z0_um=settings.column.wd_at_z0_um,
        rotation_centre_um=settings.stage.rotation_centre_um,
        margin_um=TOUCH_MARGIN_UM,
    )


class Nature:
    """The bodies of the instrument and how they act on each other. Thread-safe by ``lock``.

    Args:
        settings: what the twin is.
        specimen: the wafer.
        sink: gets the truth as it happens.
        script: what is to go wrong.
        start_s: the instrument's time at start.
    """

    def __init__(
        self,
        settings: TwinSettings,
        specimen: WaferSpecimen,
        sink: Sink,
        script: FaultScript | None = None,
        start_s: float = 0.0,
    ) -> None:
        streams = [np.random.default_rng([settings.seed, stream]) for stream in range(5)]
        self.settings, self.specimen, self.sink = settings, specimen, sink
        self.lock = RLock()
        self.clock: Clock = clock_of(settings, start_s)
        self.touch = TouchWatch(chamber_of(settings))
        self.stage = StageBody(settings.stage, streams[0])
        self.column = ColumnBody.focused(settings.column, streams[1], settings.stage.start_z_um)
        self.meter_rng = streams[2]
        self.faults = FaultDesk(script or FaultScript(), streams[3])
        self.detector = DetectorState(True, settings.detector.gain, settings.detector.offset)
        self.detector_health = 1.0
        self.gun = GunBody(settings.gun)
        self.raster = RasterBody()
        self.irradiation = IrradiationBody(settings.irradiation, streams[4])
        self.chamber = ChamberBody(settings.chamber)
        self.mill = MillMap(settings.gun, settings.stage.rotation_centre_um, settings.seed)
        self.mounted = Mounted()
        self.opening: Opening | None = None
        self.scanning = False
        self.n_frames = 0
        self._idle_since_s: float | None = None
        self._until_s = start_s

    @property
    def now_s(self) -> float:
        """The instant up to which nature has come."""
        return self._until_s

    def catch_up(self) -> float:
        """Let everything happen that happens until now. Call with ``lock`` held."""
        now_s = max(self.clock.now_s(), self._until_s)
        while self._until_s < now_s:
            due_s = self.faults.next_instant_s(self._until_s)
            self._pass_time(self._until_s, min(now_s, due_s, self._until_s + self._longest_pass_s()))
        self._befall(self.faults.due(now_s))
        return now_s

    def wait(self, duration_s: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, without holding the lock on a real clock, until ``stop`` says so."""
        end_s = self.clock.now_s() + duration_s
        while (left_s := end_s - self.clock.now_s()) > 0 and not stop():
            self.clock.sleep(min(left_s, POLL_REAL_S * self.clock.pace))
            with self.lock:
                self.catch_up()

    def strike(self, device: Device, command: str) -> frozenset[FaultKind]:
        """Count a call to a device and let happen what the script has for it."""
        kinds = self.faults.strike(device, command, self._until_s)
        self._befall(kinds)
        return kinds

    def open_ions(self) -> None:
        """Open the ion blanker, whatever the state of the rest."""
        if self.opening is not None:
            return
        self.gun.open = True
        faults = self.mill_conditions().faults(self.settings.proven)
        self.opening = Opening(self._until_s, self.stage.true(self._until_s), faults)
        self.note_detector()

    def blank_ions(self, why: str) -> None:
        """Blank the ion beam. Blanked already is no change."""
        self.gun.open = False
        if self.opening is not None:
            self.opening.note(self.mill_conditions().faults(self.settings.proven))
            self.tell(self.opening.closed(self._until_s, why))
            self.opening = None

    def mill_conditions(self) -> MillConditions:
        """The physical state on which a proven mill pose depends, as it is now."""
        return MillConditions(
            pose=self.stage.true(self._until_s),
            elevation_deg=self.settings.gun.elevation_deg,
            aim_z_um=self.settings.gun.aim_z_um,
            stage_moves=self.stage.moving(self._until_s),
            electrons_on_wafer=self.column.on_wafer,
            detector=self.detector,
            gun=self.gun.state(),
            raster=self.raster.state(),
            pressure_mbar=self.chamber.pressure_mbar,
        )

    def removed_nm(self, x_um: ArrayLike, y_um: ArrayLike) -> Floats32:
        """How deep the wafer is milled at points of any shape [nm]."""
        return self.mill.depth_nm(x_um, y_um, self.specimen.irradiation_dose)

    def note_beam(self) -> None:
        """Start or end the record of an electron beam that stands idle on the wafer."""
        idle = self.column.on_wafer and not self.scanning
        if idle and self._idle_since_s is None:
            self._idle_since_s = self._until_s
        elif not idle and self._idle_since_s is not None:
            duration_s = self._until_s - self._idle_since_s
            electrons = duration_s * self.column.probe_current_na * ELECTRONS_PER_NA_S
            if duration_s > 0:
                self.tell(IdleExposureTruth(self._idle_since_s, duration_s, electrons))
            self._idle_since_s = None

    def note_detector(self) -> None:
        """Damage a detector whose HV meets the open ion beam."""
        if self.opening is not None and self.detector.hv_on:
            self.detector_health *= 1 - self.settings.detector.damage_per_opening
            self.tell_incident("detector damage", "its HV was on while the ion beam was open")

    def note_raster_change(self) -> None:
        """Changing the raster under the open beam drills where the beam happens to stand."""
        if self.opening is not None:
            self.tell_incident("raster changed", "its output was changed while the ion beam was open")

    def move_stage(self, target: StagePose) -> None:
        """Send the stage on its way. What happens to focus on a trip happens on the way back."""
        self.stage.touching = False
        if self.stage.go(target, self._until_s):
            self.column.drift_after_trip()

    def mount(self, mounted: Mounted) -> None:
        """Put the wafer on the stage otherwise, as only somebody with the chamber open can."""
        with self.lock:
            self.catch_up()
            self.mounted = self.mill.mounted = mounted

    def tell(self, record: Record) -> None:
        """Write a record into the truth log."""
        self.sink(record)

    def tell_incident(self, kind: str, detail: str) -> None:
        """Write damage into the truth log."""
        self.tell(IncidentTruth(self._until_s, kind, detail))

    def _longest_pass_s(self) -> float:
        if self.opening is None:
            return LONGEST_PASS_S * 1e3
        return PASS_WHILE_MOVING_S if self.stage.moving(self._until_s) else LONGEST_PASS_S

    def _pass_time(self, from_s: float, to_s: float) -> None:
        self._until_s = to_s
        self._watch_stage(from_s, to_s)
        self._mill(from_s, to_s)
        leaks = self.faults.holds(FaultKind.LOST_VACUUM, Device.CHAMBER, to_s)
        self.chamber.pass_time(to_s - from_s, self.gun.gas_flows, leaks)
        self._befall(self.faults.due(to_s))

    def _watch_stage(self, from_s: float, to_s: float) -> None:
        for at_s, pose in self.stage.route(from_s, to_s):
            if touched := self.touch.touched(pose):
                self.stage.stop(at_s)
                self.stage.touching = True
                self.tell_incident("collision", "; ".join(touched))
                return

    def _mill(self, from_s: float, to_s: float) -> None:
        if self.opening is None:
            return
        charge_uc = self.gun.charge_uc(from_s, to_s)
        conditions = self.mill_conditions()
        self.opening.pass_time(to_s - from_s, charge_uc, conditions.faults(self.settings.proven))
        if charge_uc > 0:
            self.mill.expose(Footprint.of(conditions.pose, conditions.raster, self.settings.gun), charge_uc)

    def _interlock(self) -> None:
        """What the instrument's own vacuum interlock and missing gas do, without any software."""
        self.gun.has_gas = not self.faults.holds(FaultKind.GAS_OUT, Device.GUN, self._until_s)
        self.gun.has_vacuum = not self.chamber.tripped
        if self.chamber.tripped:
            self.column.valve_open = False
            self.gun.hv_on = False
            self.note_beam()

    def _befall(self, kinds: frozenset[FaultKind]) -> None:
        """Let events strike, and see to what conditions bring with them."""
        if FaultKind.EHT_TRIP in kinds:
            self.column.eht_on = False
        if FaultKind.VALVE_CLOSED in kinds:
            self.column.valve_open = False
        if FaultKind.EMISSION_DECAY in kinds:
            self.column.emission *= EMISSION_AFTER_DECAY
        if FaultKind.GUN_TRIP in kinds:
            self.gun.hv_on = False
        if FaultKind.RASTER_STOPPED in kinds:
            self.raster.running = False
        if FaultKind.TOUCH_ALARM in kinds:
            self.stage.stop(self._until_s)
            self.stage.touching = True
        if FaultKind.LOST_VACUUM in kinds:
            self.chamber.break_vacuum()
        self._interlock()
        self.note_beam()
        if self.gun.open and self.faults.holds(FaultKind.UNPLUGGED, Device.BLANKER, self._until_s):
            self.blank_ions("the blanker was unplugged")
