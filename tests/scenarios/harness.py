"""A whole run in one process: a tiny twin, the real engine, journal, store and guard, fakes for networks.

The fakes never look at the twin's truth. ``TinyRun.start`` is what starting the program is:
everything that a process holds is made anew, and nature goes on between two starts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.claim import InstrumentLock
from hardware.microscope import Devices, Microscope
from hardware.simulator.assembly import devices_over
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import FaultDesk, FaultScript
from hardware.simulator.firmware import Firmware
from hardware.simulator.local import LocalBlanker, LocalLink
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import SectionSpec, WaferSpecimen, demo_wafer
from hardware.simulator.tiny import tiny_settings
from hardware.simulator.truth import Record as Truth
from hardware.types import Blanker
from models.estimate import AberrationEstimate, AberrationEstimator, PairCondition, Sharp, Sharpness
from scopeacq.engine.engine import Engine
from scopeacq.engine.events import Publisher
from scopeacq.engine.imaging import Imager
from scopeacq.engine.rig import Control, Rig
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.journal.journal import Journal, JournalReader, Observer
from scopeacq.journal.records import Record
from scopeacq.plan.geometry import Rigid
from scopeacq.plan.instrument import (
    DriverSettings,
    ElectronSettings,
    Instrument,
    InterlockLimits,
    MillSettings,
    StageSettings,
    chamber_model,
    mill_limits,
)
from scopeacq.plan.project import (
    FocusSettings,
    ImagingSettings,
    MillingSettings,
    PolicySettings,
    Project,
    RecoverySettings,
    RegistrationSettings,
    StorageSettings,
)
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.scan_law import scan_law
from scopeacq.plan.wafer import Fiducial, Section, Wafer
from scopeacq.session import open_journal, open_store, progress_of
from scopeacq.storage.files import FileEvent, FileLayer, perform_on_disk
from tests.scenarios.inline_guard import GuardTime, InlineWire, start_guard
from tests.scenarios.life import Disk, Life, MortalJournal, MortalLink, mortal_files

CHARGE_UC = 0.16
AZIMUTHS_DEG = (0.0, 120.0)
LONGEST_NAP_S = 0.4
"""Real time that a sleep of the virtual clock takes at most while the ion beam is open."""
FIDUCIALS = 2


class Waves:
    """A texture that costs little and looks like itself at one place only: waves of all directions."""

    LENGTHS_UM = (1.15, 0.9, 1.49, 1.41, 1.03, 1.26)
    TURN_RAD = 0.92

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> NDArray[np.float32]:
        x, y, z = (np.asarray(values, np.float32) for values in (x_um, y_um, z_um))
        total = np.zeros(np.broadcast_shapes(x.shape, z.shape), np.float32)
        for n, length_um in enumerate(self.LENGTHS_UM):
            angle, k = self.TURN_RAD * n, 2 * math.pi / length_um
            total += np.sin(k * (math.cos(angle) * x + math.sin(angle) * y) + 3 * z + n)
        return total / np.float32(math.sqrt(len(self.LENGTHS_UM) / 2))


class NoAberration:
    """An estimator that finds every pair in focus, certainly."""

    name = "no aberration"

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        return AberrationEstimate(np.zeros(3), 0.01 * np.eye(3))


class Scores:
    """A judge that gives the scores it was told to [um], then ``at_last`` for ever."""

    name = "scores"

    def __init__(self, *scores_um: float, at_last: float = 0.5) -> None:
        self._scores_um, self._at_last = list(scores_um), at_last

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        return self._scores_um.pop(0) if self._scores_um else self._at_last

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        return judged(self.score(image, pixel_size_nm))


def judged(blur_um: float) -> Sharpness:
    """What a judge that is sure of itself says of such a blur."""
    sharp = Sharp.YES if blur_um < 1.5 else Sharp.NO
    return Sharpness(blur_um, 0.1, blur_um, 0.0, 1.0 if sharp is Sharp.YES else 0.0, sharp)


def tiny_project(cycles: int = 2, tiles: int = 1, **changes: Any) -> Project:
    """The least that is a whole run."""
    return Project(
        **{
            "name": "tiny",
            "cycles": cycles,
            "imaging": ImagingSettings(
                tile_width_px=64, tile_height_px=64, dwell_ns=50.0, grid_columns=tiles, overlap_px=8
            ),
            "focus": FocusSettings(width_px=64, height_px=64),
            "registration": RegistrationSettings(
                width_px=183, height_px=183, pixel_size_nm=80.0, section_pixel_size_nm=60.0
            ),
            "milling": MillingSettings(
                charge_uc_per_azimuth=CHARGE_UC, azimuths_deg=AZIMUTHS_DEG, rounds=1, raster_vpp=4.0
            ),
            "recovery": RecoverySettings(charge_decay_s=1.0, pressure_timeout_s=120.0),
            "storage": StorageSettings(reserve_gb=0.001),
            "policies": PolicySettings(interlock_wait_s=60.0),
            **changes,
        }
    )


def tiny_instrument(folder: Path) -> Instrument:
    """The tiny twin as its calibration would find it."""
    return Instrument(
        name="tiny twin",
        driver=DriverSettings(name="twin", folder=str(folder)),
        electron=ElectronSettings(image_shift_x_um_per_um=0.01, image_shift_y_um_per_um=0.03),
        stage=StageSettings(rotation_centre_x_um=35.0, rotation_centre_y_um=-20.0, settle_s=0.0),
        mill=MillSettings(
            raster_um_per_volt=1100.0,
            interlocks=InterlockLimits(gas_bar=(3.0, 5.0)),
            fails_closed_confirmed=True,
        ),
    )


def _forget(_: Truth) -> None:
    """A sink for runs that are too long to be remembered."""


def tiny_twin_settings(seed: int, yield_factor: float = 1.0) -> TwinSettings:
    """The tiny twin, whose stage comes back near enough for small registration images."""
    tiny = tiny_settings(seed)
    stage = tiny.stage.model_copy(
        update={"trip_error_xy_um": 0.5, "trip_error_z_um": 0.5, "trip_error_rotation_deg": 0.005}
    )
    # nothing drifts that an estimator without eyes could not correct
    still = {"drift_wd_um_per_h": 0.0, "drift_wd_um_per_trip": 0.0, "drift_stig_per_trip": 0.0}
    column = tiny.column.model_copy(update=still)
    gun = tiny.gun.model_copy(update={"yield_factor": yield_factor})
    return tiny.model_copy(update={"stage": stage, "column": column, "gun": gun})


@cache
def _specimen(n_sections: int) -> WaferSpecimen:
    return demo_wafer(0, n_sections, Waves())


def wafer_as_drawn(specimen: WaferSpecimen) -> Wafer:
    """The wafer as an operator marks it, with the first fiducials."""
    return Wafer(
        tuple(_drawn(s) for s in specimen.sections),
        tuple(Fiducial(f.id, (f.x_um, f.y_um)) for f in specimen.fiducials[:FIDUCIALS]),
    )


def _drawn(spec: SectionSpec) -> Section:
    u, v = spec.width_um / 2, spec.height_um / 2
    place = Rigid(spec.x_um, spec.y_um, spec.rotation_deg)
    outline_um = tuple(place.apply(corner) for corner in ((-u, -v), (u, -v), (u, v), (-u, v)))
    return Section(spec.id, outline_um, (spec.x_um, spec.y_um), spec.rotation_deg, spec.thickness_nm)


@dataclass(frozen=True, slots=True)
class LineOpening:
    """One opening of the ion blanker by the guard's time.

    ``deadline_s`` was asked for; ``silent_s``: how long before the end the program said its last word.
    """

    opened_s: float
    closed_s: float
    deadline_s: float
    silent_s: float


class WatchedLine:
    """The ion blanker's line: notes how long it is open in truth, whatever it reads back."""

    def __init__(self, nature: Nature, time: GuardTime, run: TinyRun) -> None:
        self._line = LocalBlanker(Firmware(nature))
        self._nature, self._time, self._run = nature, time, run
        self._opened_s: float | None = None
        self.deadline_s = math.nan

    def open(self) -> None:
        self._run.before_opening()
        self._opened_s = self._time()
        with self._looking():
            self._line.open()

    def blank(self) -> None:
        with self._looking():
            self._line.blank()

    def state(self) -> Blanker:
        with self._looking():
            return self._line.state()

    def let_go(self) -> None:
        """Whoever held the line is gone: it fails closed."""
        with self._looking():
            self._line.disconnect()

    @contextmanager
    def _looking(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._opened_s is not None and not self._nature.gun.open:
                now_s = self._time()
                silent_s = now_s - self._time.last_word_s
                opening = LineOpening(self._opened_s, now_s, self.deadline_s, silent_s)
                self._run.line_openings.append(opening)
                self._opened_s = None


@dataclass(frozen=True)
class Started:
    """A program that has been started."""

    engine: Engine
    rig: Rig
    wire: InlineWire
    link: MortalLink
    life: Life


@dataclass
class TinyRun:
    """One run folder on one tiny twin, through as many starts as it takes."""

    plan: Plan
    nature: Nature
    truth: list[Truth]
    scorer: Scores = field(default_factory=Scores)
    disk: Disk = field(default_factory=Disk)
    guard_time: GuardTime = field(default_factory=GuardTime)
    line_openings: list[LineOpening] = field(default_factory=list)
    before_opening: Callable[[], None] = lambda: None
    events: Publisher = field(default_factory=Publisher)
    altered: Callable[[Rig], Rig] = lambda rig: rig
    perform: Callable[[FileEvent], None] = perform_on_disk
    on_commit: Observer | None = None
    estimator: AberrationEstimator = field(default_factory=NoAberration)

    @classmethod
    def make(
        cls,
        folder: Path,
        project: Project | None = None,
        script: FaultScript | None = None,
        seed: int = 0,
        n_sections: int = 1,
        yield_factor: float = 1.0,
        keep_truth: bool = True,
        specimen: WaferSpecimen | None = None,
    ) -> TinyRun:
        """A new run. ``yield_factor`` scales the twin's true mill rates."""
        truth: list[Truth] = []
        specimen = specimen or _specimen(n_sections)
        sink = truth.append if keep_truth else _forget
        nature = Nature(tiny_twin_settings(seed, yield_factor), specimen, sink, script)
        root = RunFolder(folder / "run")
        root.root.mkdir(parents=True)
        instrument = tiny_instrument(folder / "instrument")
        plan = Plan(root, project or tiny_project(), wafer_as_drawn(specimen), instrument)
        return cls(plan, nature, truth)

    def records(self) -> list[Record]:
        """What the journal says."""
        path = self.plan.folder.journal_file
        return [row.record for row in JournalReader(path).read()] if path.exists() else []

    def repair(self) -> None:
        """What an operator does by hand: ends all faults, looks, and brings everything up again."""
        nature = self.nature
        with nature.lock:
            nature.faults = FaultDesk(FaultScript(), np.random.default_rng(0))
            nature.stage.touching = False
            nature.chamber.pressure_mbar = nature.settings.chamber.base_mbar
            nature.catch_up()
            nature.gun.hv_on = nature.gun.has_gas = nature.gun.has_vacuum = True
            nature.column.emission = 1.0
        self.disk.fill(0)

    @contextmanager
    def start(self, life: Life | None = None) -> Iterator[Started]:
        """Start the program; leaving ends its process, in order or not.

        Raises ``BlankerUnknown`` when the guard cannot be had.
        """
        life = life or Life()
        files = mortal_files(life, self.disk, self.perform)
        firmware = Firmware(self.nature)
        line = WatchedLine(self.nature, self.guard_time, self)
        link = MortalLink(LocalLink(firmware), life)
        devices = devices_over(link, self.nature.settings, {}, lambda: None)
        self.plan.instrument_folder.mkdir(exist_ok=True)
        limits, log = mill_limits(self.plan.instrument), self.plan.guard_log
        guard, wire = start_guard(line, limits, log, self.guard_time, line.let_go)
        link.while_asleep = lambda duration_s: (
            wire.silence(min(duration_s, LONGEST_NAP_S)) if wire.holds_open else None
        )
        lock = InstrumentLock(self.plan.instrument_folder / "instrument.lock")
        with ExitStack() as stack:
            stack.callback(lock.release)
            journal = open_journal(self.plan, files, self.on_commit)
            stack.callback(journal.close)
            mortal_wire = _MortalWire(wire, life, line)
            guard._wire = cast(Any, mortal_wire)
            microscope = Microscope(devices, guard, chamber_model(self.plan.instrument), lock)
            rig = self.altered(self._rig(microscope, journal, files, life))
            engine = Engine(rig)
            stack.callback(engine.close)
            stack.callback(wire.close)
            stack.callback(life.end)
            yield Started(engine, rig, wire, link, life)

    def _rig(self, microscope: Microscope, journal: Journal, files: FileLayer, life: Life) -> Rig:
        devices: Devices = microscope.devices
        return Rig(
            plan=self.plan,
            microscope=microscope,
            imager=Imager(
                devices.column, devices.scanner, devices.detector, law=scan_law(self.plan.instrument)
            ),
            methods=(PairFocus(self.estimator),),
            scorer=self.scorer,
            journal=cast(Journal, MortalJournal(journal, life)),
            store=open_store(self.plan, files),
            files=files,
            progress=progress_of(self.plan, journal),
            events=self.events,
            control=Control(),
        )


class _MortalWire:
    """The guard's wire as a program that may die uses it; it tells the line what deadline was asked for."""

    def __init__(self, wire: InlineWire, life: Life, line: WatchedLine) -> None:
        self._wire, self._life, self._line = wire, life, line

    def send(self, line: str) -> None:
        from hardware.guard.messages import Ask, decode_request

        self._life.deed()
        request = decode_request(line)
        if request.ask is Ask.OPEN:
            self._line.deadline_s = request.deadline_s
        self._wire.send(line)

    def receive(self, timeout_s: float) -> str | None:
        return self._wire.receive(timeout_s)

    def close(self) -> None:
        self._wire.close()


__all__ = ["NoAberration", "Scores", "Started", "TinyRun", "tiny_instrument", "tiny_project"]
