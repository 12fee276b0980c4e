"""The instrument in an operator's hand, outside of a run: to look, to focus, to set, to drive.

The ion beam cannot be opened from here: of the guard it is only asked to blank, and what it reads. Every
frame is booked in the run's journal before it is scanned. The stage moves only along a way that was planned
and checked before. Whoever leaves, in whatever way, leaves both beams blanked and the stage at rest.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from functools import cached_property

from hardware.errors import Halted, Interlocked, Refused
from hardware.interlocks import pose_deviation
from hardware.microscope import Devices, Microscope, SafeState
from hardware.motion import check_path, follow
from hardware.paths import centred_xy
from hardware.types import Blanker, DetectorState, Frame, FrameSettings, Optics, PoseTolerance, StagePose
from models.estimate import SharpnessJudge
from scopeacq.engine.endable_scans import EndableScans
from scopeacq.engine.imaging import Imager, lens_shift_um
from scopeacq.engine.readings import OPTICS, Author, Quantity, Reader, Readings
from scopeacq.engine.vacuum import await_pressure, require_pressure
from scopeacq.engine.ways import Way, path_to_point, tolerance_of, xy_um
from scopeacq.focus.autofocus import FocusMethod
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import DoseBooked, Purpose, Record
from scopeacq.journal.wafer_place import WaferPlace
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.scan_law import scan_law
from scopeacq.session import connect_microscope, focus_methods, load_scorer, open_journal
from scopeacq.storage.files import DiskFiles, FileLayer
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.logs import text_logs

LOG = logging.getLogger(__name__)

ABORT_AGAIN_S = 0.05
"""A scanner that was just about to begin forgets an abort: it is told again."""


@contextmanager
def open_manual(plan: Plan, files: FileLayer | None = None) -> Iterator[Manual]:
    """Lock the run, connect and claim its instrument, blank both beams; nothing is moved or switched on.

    Raises ``Locked`` or ``Busy`` saying who holds run or instrument, ``JournalError``, ``HardwareError``;
    at the end ``Interlocked`` or ``BlankerUnknown`` when it cannot be left safe.
    """
    files = files or DiskFiles()
    with ExitStack() as stack:
        stack.enter_context(OwnerLock.of_run(plan.folder.root, files))
        files.make_folder(plan.folder.logs)
        stack.enter_context(text_logs(plan.folder.logs))
        journal = open_journal(plan, files)
        stack.callback(journal.close)
        known = wafer_place(journal)
        microscope = connect_microscope(plan, files)
        stack.callback(microscope.close)
        stack.enter_context(microscope.claim(f"an operator's hand, for the run {plan.folder.root}"))
        with in_hand(plan, microscope, journal, known) as manual:
            yield manual


@contextmanager
def in_hand(plan: Plan, microscope: Microscope, journal: Journal, known: WaferPlace) -> Iterator[Manual]:
    """Manual control of an instrument that is connected and claimed; made safe at begin and end."""
    found = microscope.safe_state()  # whoever was killed before may have left a beam on
    for trouble in found.trouble:
        LOG.warning("At the begin of manual control: %s", trouble)
    try:
        yield Manual(plan, microscope, journal, known, found)
    finally:
        left = microscope.safe_state()
        if not left.safe:
            LOG.error("At the end of manual control: %s", "; ".join(left.trouble))
            raise Interlocked("instrument", list(left.trouble))


def wafer_place(journal: Journal) -> WaferPlace:
    """What the journal knows of where the wafer lies. Raises ``JournalError``."""
    known = WaferPlace()
    for row in journal.read():
        known.apply(row.record)
    return known


class Manual:
    """One instrument, used by one thread; what other threads may call says so.

    Every setter reads back what it has set and raises ``HardwareError`` where that differs.
    ``found`` is what could be made safe at the begin.
    """

    def __init__(
        self, plan: Plan, microscope: Microscope, journal: Journal, known: WaferPlace, found: SafeState
    ) -> None:
        self.plan, self.found, self._known = plan, found, known
        self._microscope, self._journal = microscope, journal
        self._set_by: Mapping[Quantity, Author] = {}
        self._halted = threading.Event()
        self._stage_stopped = False
        self._reader = Reader(self.devices, microscope.guard)
        self._scans = EndableScans(self.devices.scanner, self.heed)
        column, detector, law = self.devices.column, self.devices.detector, scan_law(plan.instrument)
        self.imager = Imager(column, self._scans, detector, self._before_frame, law)

    @property
    def microscope(self) -> Microscope:
        """Devices and guard together, for who is lent the ion beam as well (:mod:`scopeacq.burning`)."""
        return self._microscope

    @property
    def journal(self) -> Journal:
        """The run's journal, for the same."""
        return self._journal

    @property
    def devices(self) -> Devices:
        return self._microscope.devices

    @property
    def place(self) -> Rigid:
        """From the wafer to the stage frame: as it was found since it was mounted, else as mounted."""
        return self._known.under(self.plan.wafer.mount)

    @property
    def place_is_known(self) -> bool:
        """Whether anybody has seen the wafer there; else it counts as mounted as it is drawn."""
        return self._known.is_known(self.plan.wafer)

    @cached_property
    def scorer(self) -> SharpnessJudge:
        """Loaded when first asked for, which takes seconds. Raises ``WeightsError``."""
        return load_scorer(self.plan)

    @cached_property
    def methods(self) -> Sequence[FocusMethod]:
        """The project's focus methods, loaded likewise. Raises ``WeightsError`` or ``SettingsError``."""
        return focus_methods(self.plan, self._microscope, self.scorer)

    def take_plan(self, plan: Plan) -> None:
        """Go by another plan for the same instrument, as after an edit of the run that was saved."""
        before, self.plan = self.plan, plan
        self.imager.go_by(scan_law(plan.instrument))
        if _networks_of(before) != _networks_of(plan):
            vars(self).pop("scorer", None)
        if _methods_of(before) != _methods_of(plan):
            vars(self).pop("methods", None)

    def read(self) -> Readings:
        """What every device says now."""
        return self._reader.read(self._set_by)

    # -- stopping ----------------------------------------------------------------------------

    def begin(self, halted: threading.Event) -> threading.Event:
        """Begin something that ends by ``Halted``, before its next frame or leg, once ``halted`` is set.

        See :meth:`end_frame` for the frame under way. Returns what was heeded before.
        """
        before, self._halted, self._stage_stopped = self._halted, halted, False
        return before

    @property
    def stage_stopped(self) -> bool:
        """Whether the operator stopped the stage since this began: only they say where it goes then."""
        return self._stage_stopped

    def heed(self) -> None:
        """Raise ``Halted`` when the operator wants an end; to be asked by whatever takes long."""
        if self._halted.is_set():
            raise Halted("instrument", "stopped by the operator")

    def end_frame(self) -> None:
        """Break off the frame under way if what it belongs to is to end. Its dose stays booked.

        Any thread; returns when the beam's frame is over.
        """
        while self._halted.is_set() and self._scans.under_way.is_set():
            self._scans.abort()
            time.sleep(ABORT_AGAIN_S)

    def stop_stage(self) -> None:
        """Stop the stage where it is, past whatever waits for it, and drive no further leg. Any thread."""
        self._stage_stopped = True
        self._halted.set()
        self.devices.stage.stop()

    def ions(self) -> Blanker:
        """What the guard reads back now. Any thread."""
        return self._microscope.guard.state()

    def note(self, record: Record) -> None:
        """Journal what was done by hand, and what came of it."""
        self._journal.append(record)

    # -- electrons ---------------------------------------------------------------------------

    def grab(self, settings: FrameSettings) -> Frame:
        """One frame where the beam looks now; see :meth:`Imager.scan`. Its dose is booked before."""
        return self.imager.scan(settings)

    def looks_at_um(self) -> Point:
        """The point of the wafer that the beam looks at, as far as stage, beam shift and lens say."""
        stage, pose = self.plan.instrument.stage, self.devices.stage.pose()
        (x_um, y_um), field_um = xy_um(pose), self.field_shift_um(self.devices.column.optics())
        centre = stage.rotation_centre_x_um, stage.rotation_centre_y_um
        at = x_um + field_um[0], y_um + field_um[1]
        return self.place.inverse().apply(centred_xy(at, -(pose.rotation_deg or 0.0), centre))

    def field_shift_um(self, optics: Optics) -> Point:
        """Where the middle of a frame taken at these optics lies off the beam axis; beam shift as now."""
        profile, beam = self.plan.instrument, self.devices.column.beam_shift_um()
        nominal_wd_um = profile.electron.wd_at_z0_um - profile.stage.imaging_z_um
        lens = lens_shift_um(profile.electron, optics.wd_um - nominal_wd_um, optics.stig_x, optics.stig_y)
        return beam[0] + lens[0], beam[1] + lens[1]

    def _before_frame(self, settings: FrameSettings) -> None:
        self.heed()
        planned_na = self.plan.instrument.electron.probe_current_na
        read_na = self.devices.column.state().probe_current_na
        most_na = read_na if read_na > planned_na else planned_na  # also where no number is read
        dose = settings.electron_dose_per_nm2(most_na)
        self._journal.append(DoseBooked(Purpose.MANUAL, *self.looks_at_um(), dose))

    def bring_up(self) -> None:
        """Open the column valve and switch on EHT and detector where they are not, each read back.

        Raises ``Interlocked`` unless the pressure reads low enough for that, or another ``HardwareError``.
        """
        self.require_vacuum()
        beam = self.devices.column.state()
        if not beam.valve_open:
            self.set_valve(True)
        if not beam.eht_on:
            self.set_eht(True)
        if not self.devices.detector.state().hv_on:
            self.set_detector_hv(True)

    def require_vacuum(self) -> None:
        """Raise ``Interlocked`` unless the pressure reads low enough for imaging."""
        require_pressure(self.devices, self.plan.project.recovery.pressure_max_mbar)

    def await_vacuum(self, longest_s: float = math.inf) -> None:
        """Wait until the pressure reads low enough for imaging, as after a burn, whose gas raised it.

        At most ``longest_s``, and never longer than a run waits after a mill. Raises ``Interlocked`` when
        it does not come down, or ``Halted``.
        """
        recovery = self.plan.project.recovery
        timeout_s = min(longest_s, recovery.pressure_timeout_s)
        await_pressure(self.devices, recovery.pressure_max_mbar, timeout_s, self._halted.is_set)
        self.heed()

    # -- setting -----------------------------------------------------------------------------

    def set_optics(self, optics: Optics, by: Author = Author.OPERATOR) -> None:
        self.devices.column.set_optics(optics)
        self._note(by, *OPTICS)

    def set_beam_shift(self, x_um: float, y_um: float) -> None:
        self.devices.column.set_beam_shift_um(x_um, y_um)
        self._note(Author.OPERATOR, Quantity.BEAM_SHIFT)

    def set_eht(self, on: bool) -> None:
        """The beam is blanked before, so that nothing reaches the wafer by this."""
        self.imager.blank()
        self.devices.column.set_eht(on)
        self._note(Author.OPERATOR, Quantity.EHT)

    def set_valve(self, open_: bool) -> None:
        """The beam is blanked before, so that nothing reaches the wafer by this."""
        self.imager.blank()
        self.devices.column.set_valve(open_)
        self._note(Author.OPERATOR, Quantity.VALVE)

    def set_detector(self, state: DetectorState) -> None:
        """Gain, offset and high voltage."""
        self.devices.detector.restore(state)
        self._note(Author.OPERATOR, Quantity.DETECTOR)

    def set_detector_hv(self, on: bool) -> None:
        if on:
            self.devices.detector.restore(replace(self.devices.detector.state(), hv_on=True))
        else:
            self.devices.detector.make_safe()
        self._note(Author.OPERATOR, Quantity.DETECTOR)

    def set_gun_hv(self, on: bool) -> None:
        """On only while the guard reads back that the ion beam is blanked, or raises ``BlankerUnknown``.

        Off may be asked for by any thread.
        """
        if on:
            self._microscope.blank_ions()
        self.devices.gun.set_hv(on)
        self._note(Author.OPERATOR, Quantity.GUN_HV)

    def _note(self, by: Author, *quantities: Quantity) -> None:
        self._set_by = {**self._set_by, **dict.fromkeys(quantities, by)}

    # -- the stage ---------------------------------------------------------------------------

    def way_to(self, x_um: float, y_um: float, *, straight: bool = False) -> Way:
        """The way that brings a point of the stage frame under the pole piece. Moves nothing.

        ``straight``: with the stage's backlash, as what measures it wants it.
        Raises ``OutOfRange`` or ``Collision`` when there is none.
        """
        stage, pose = self.devices.stage, self.devices.stage.pose()
        path = path_to_point(self.plan.instrument.stage, pose, (x_um, y_um), straight=straight)
        check_path(stage, self._microscope.model, pose, path)
        return Way(pose, path, tuple(stage.duration_s(leg) for leg in path))

    def go(self, way: Way, settle_s: float | None = None) -> StagePose:
        """Drive a way from :meth:`way_to`, checked once more; where the stage then stands.

        ``settle_s``: to wait after it, instead of the profile's. Raises ``Refused`` when the stage is no
        longer where the way begins, and what :func:`hardware.motion.follow` raises; it stands still then.
        """
        profile, stage = self.plan.instrument.stage, self.devices.stage
        tolerance = tolerance_of(profile)
        self.imager.blank()
        _require_at(way.start, stage.pose(), tolerance)
        self._note(Author.OPERATOR, Quantity.STAGE)
        pose = follow(stage, self._microscope.model, way.path, tolerance, heed=self.heed)
        self.devices.clock.sleep(profile.settle_s if settle_s is None else settle_s)
        return pose


def _require_at(start: StagePose, pose: StagePose, tolerance: PoseTolerance) -> None:
    """Raise ``Refused`` when the stage was moved since a way was planned from ``start``."""
    for axis in (f.name for f in fields(StagePose)):
        if not pose_deviation(axis, getattr(start, axis), getattr(pose, axis)) <= getattr(tolerance, axis):
            raise Refused("stage", "it was moved since this way was planned", "Plan the way again.")


def _networks_of(plan: Plan) -> tuple[object, ...]:
    """What networks are loaded by."""
    electron = plan.instrument.electron
    return electron.convergence_mrad, electron.deepfocus_weights


def _methods_of(plan: Plan) -> tuple[object, ...]:
    """What focus methods are made of."""
    project = plan.project
    return project.focus, project.imaging, project.seed, _networks_of(plan)
