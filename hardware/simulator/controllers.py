"""The controllers of the single devices: what each answers to its commands.

A handler gets JSON values and the faults that spoil this call, and is called without the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from hardware.errors import Refused, StageTouch
from hardware.simulator.faults import Device, FaultKind
from hardware.simulator.link import Json, Reply
from hardware.simulator.nature import Nature
from hardware.simulator.scanning import ElectronScanner
from hardware.types import FrameSettings, Optics, Raster, StagePose

Kinds = frozenset[FaultKind]
Handler = Callable[[Json, Kinds], Reply]
WRONG_BY_UM = 60.0


def _poor_vacuum(device: Device, nature: Nature) -> Refused:
    pressure = f"refuses at {nature.chamber.pressure_mbar:.1e} mbar"
    return Refused(device.value, pressure, "Wait until the chamber is pumped.")


@dataclass(frozen=True, slots=True)
class ColumnController:
    """Lenses, deflectors, source and valve."""

    nature: Nature

    def commands(self) -> Mapping[str, Handler]:
        return {
            "column.read": self._read,
            "column.optics": self._optics,
            "column.shift": self._shift,
            "column.blank": self._blank,
            "column.eht": self._eht,
            "column.valve": self._valve,
        }

    def _read(self, values: Json, kinds: Kinds) -> Reply:
        column = self.nature.column
        shift_x_um, shift_y_um = column.beam_shift_um
        return Reply(
            {
                "optics": asdict(column.optics),
                "shift_um": [shift_x_um, shift_y_um],
                "state": asdict(column.state()),
            }
        )

    def _optics(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.column.set_optics(Optics(**values), self.nature.now_s)
        return Reply()

    def _shift(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.column.beam_shift_um = (values["x_um"], values["y_um"])
        return Reply()

    def _blank(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.column.blanked = bool(values["on"])
            self.nature.note_beam()
        return Reply()

    def _eht(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            if values["on"] and self.nature.chamber.tripped:
                raise _poor_vacuum(Device.COLUMN, self.nature)
            self.nature.column.eht_on = bool(values["on"])
            self.nature.note_beam()
        return Reply()

    def _valve(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            if values["open"] and self.nature.chamber.tripped:
                raise _poor_vacuum(Device.COLUMN, self.nature)
            self.nature.column.valve_open = bool(values["open"])
            self.nature.note_beam()
        return Reply()


@dataclass(frozen=True, slots=True)
class ScanController:
    """Scanner and detector."""

    nature: Nature
    scanner: ElectronScanner

    def commands(self) -> Mapping[str, Handler]:
        return {
            "scanner.acquire": self._acquire,
            "scanner.abort": self._abort,
            "detector.read": self._detector_read,
            "detector.set": self._detector_set,
        }

    def _acquire(self, values: Json, kinds: Kinds) -> Reply:
        scan = self.scanner.acquire(FrameSettings(**values), kinds)
        return Reply(
            {
                "number": scan.number,
                "optics": asdict(scan.optics),
                "stage": asdict(scan.stage),
                "scanned_at_s": scan.scanned_at_s,
            },
            scan.image,
        )

    def _abort(self, values: Json, kinds: Kinds) -> Reply:
        self.scanner.abort()
        return Reply()

    def _detector_read(self, values: Json, kinds: Kinds) -> Reply:
        return Reply(asdict(self.nature.detector))

    def _detector_set(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.detector = replace(self.nature.detector, **values)
            self.nature.note_detector()
        return Reply()


@dataclass(frozen=True, slots=True)
class StageController:
    """Five motors and the touch alarm."""

    nature: Nature

    def commands(self) -> Mapping[str, Handler]:
        return {"stage.read": self._read, "stage.move": self._move, "stage.stop": self._stop}

    def _read(self, values: Json, kinds: Kinds) -> Reply:
        stage = self.nature.stage
        with self.nature.lock:
            now_s = self.nature.now_s
            return Reply(
                {
                    "pose": asdict(stage.reported(now_s)),
                    "remaining_s": stage.remaining_s(now_s),
                    "touching": stage.touching,
                }
            )

    def _move(self, values: Json, kinds: Kinds) -> Reply:
        target = StagePose(**values)
        stage = self.nature.stage
        with self.nature.lock:
            if stage.moving(self.nature.now_s):
                raise Refused(Device.STAGE.value, "is moving already", "Stop it, or wait.")
            if stage.touching and not self._only_falls(target):
                raise StageTouch(Device.STAGE.value, "touches something", "Lower z, and nothing else.")
            self.nature.move_stage(_elsewhere(target) if FaultKind.WRONG_POSITION in kinds else target)
        return Reply()

    def _stop(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.stage.stop(self.nature.now_s)
        return Reply()

    def _only_falls(self, target: StagePose) -> bool:
        z_um = self.nature.stage.reported(self.nature.now_s).z_um
        assert z_um is not None
        return target.z_um is not None and target == StagePose(z_um=target.z_um) and target.z_um < z_um


def _elsewhere(target: StagePose) -> StagePose:
    """Where the stage arrives when it misses: each lateral axis that it was to drive is off."""
    shifts = {axis: getattr(target, axis) for axis in ("x_um", "y_um", "z_um")}
    return replace(target, **{axis: um - WRONG_BY_UM for axis, um in shifts.items() if um is not None})


@dataclass(frozen=True, slots=True)
class GunController:
    """Ion source, Faraday cup and waveform generator."""

    nature: Nature

    def commands(self) -> Mapping[str, Handler]:
        return {
            "gun.read": self._read,
            "gun.hv": self._hv,
            "ion_current.measure": self._measure,
            "column.specimen_current": self._specimen_current,
            "raster.read": self._raster_read,
            "raster.configure": self._raster_configure,
            "raster.run": self._raster_run,
        }

    def _read(self, values: Json, kinds: Kinds) -> Reply:
        return Reply(asdict(self.nature.gun.state()))

    def _hv(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            if values["on"] and self.nature.chamber.tripped:
                raise _poor_vacuum(Device.GUN, self.nature)
            self.nature.gun.hv_on = bool(values["on"])
        return Reply()

    def _measure(self, values: Json, kinds: Kinds) -> Reply:
        nature = self.nature
        if nature.gun.open:
            raise Refused(Device.ION_CURRENT.value, "the cup sits behind the blanker", "Blank the ions.")
        nature.wait(nature.settings.gun.meter_s)
        with nature.lock:
            now_s = nature.catch_up()
            noise = 1 + nature.settings.gun.meter_noise * float(nature.meter_rng.standard_normal())
            return Reply({"current_na": nature.gun.current_na(now_s) * noise, "at_s": now_s})

    def _specimen_current(self, values: Json, kinds: Kinds) -> Reply:
        """The microscope's own meter, wired to the cup; electrons that are on get into it as well."""
        column = self.nature.column
        cup_na = 0.0 if self.nature.gun.open else self._measure(values, kinds).values["current_na"]
        return Reply({"current_na": cup_na + (column.probe_current_na if column.on_wafer else 0.0)})

    def _raster_read(self, values: Json, kinds: Kinds) -> Reply:
        return Reply(asdict(self.nature.raster.state()))

    def _raster_configure(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.note_raster_change()
            self.nature.raster.load_ohm = values["load_ohm"]
            self.nature.raster.raster = Raster(**values["raster"])
        return Reply()

    def _raster_run(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.note_raster_change()
            self.nature.raster.running = bool(values["on"])
        return Reply()


@dataclass(frozen=True, slots=True)
class VacuumController:
    """Pressure gauge and plasma cleaner."""

    nature: Nature

    def commands(self) -> Mapping[str, Handler]:
        return {
            "chamber.read": self._read,
            "cleaner.clean": self._clean,
            "cleaner.stop": self._stop_cleaning,
        }

    def _read(self, values: Json, kinds: Kinds) -> Reply:
        return Reply({"pressure_mbar": self.nature.chamber.pressure_mbar})

    def _clean(self, values: Json, kinds: Kinds) -> Reply:
        if self.nature.column.on_wafer:
            raise Refused(Device.CLEANER.value, "the electron beam is on", "Blank it before cleaning.")
        chamber = self.nature.chamber
        chamber.cleaning = True
        self.nature.wait(values["duration_s"], stop=lambda: not chamber.cleaning)
        if not chamber.cleaning:
            raise Refused(Device.CLEANER.value, "the cleaning was ended", "Clean again.")
        chamber.cleaning = False
        return Reply()

    def _stop_cleaning(self, values: Json, kinds: Kinds) -> Reply:
        self.nature.chamber.cleaning = False
        return Reply()
