"""Puts microscope, engine and storage together from the files of a run. The one composition root."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from hardware.claim import LOCK_FILE
from hardware.guard.core import GuardTiming
from hardware.microscope import Microscope, connect
from hardware.protocols import VendorAutofocus
from models.estimate import SharpnessJudge, SharpnessScorer
from scopeacq.engine.engine import Engine
from scopeacq.engine.events import Publisher
from scopeacq.engine.imaging import Imager
from scopeacq.engine.rig import Control, Rig
from scopeacq.engine.settling import forgotten_openings
from scopeacq.focus.autofocus import FocusMethod
from scopeacq.focus.focus_methods import PairFocus, VendorFocus
from scopeacq.focus.score_search import ScoreSearch
from scopeacq.focus.warm_up import warmed_up
from scopeacq.journal.journal import Journal, JournalError, Observer
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import IonsBegin
from scopeacq.plan.instrument import chamber_model, mill_limits
from scopeacq.plan.mill_rate import charge_uc_per_azimuth, depth_nm
from scopeacq.plan.plan_changes import refuse_changes
from scopeacq.plan.project import EstimatorName
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.scan_law import scan_law
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles, FileLayer
from scopeacq.storage.locks import OwnerLock
from scopeacq.storage.storage import ImageSpec, ImageStore
from scopeacq.telling.logs import text_logs
from scopeacq.telling.wording import counted


@dataclass(frozen=True, slots=True)
class Session:
    """A run folder and an instrument, held for as long as the session lasts."""

    rig: Rig
    engine: Engine


@contextmanager
def open_session(
    plan: Plan, files: FileLayer | None = None, on_commit: Observer | None = None
) -> Iterator[Session]:
    """Lock the run, connect and claim its instrument, and make ready to go on with it.

    ``files`` and ``on_commit`` see every durable write and every commit of the journal.

    Raises ``Locked``, ``SettingsError``, ``JournalError``, ``StorageError``, ``WeightsError`` or
    ``HardwareError``, each with one sentence; nothing is moved or opened before.
    """
    files = files or DiskFiles()
    with ExitStack() as stack:
        stack.enter_context(OwnerLock.of_run(plan.folder.root, files))
        files.make_folder(plan.folder.logs)
        stack.enter_context(text_logs(plan.folder.logs))
        journal = open_journal(plan, files, on_commit)
        stack.callback(journal.close)
        refuse_old_copy(plan, journal)
        refuse_changes(plan, (row.record for row in journal.read()))
        store = open_store(plan, files)
        progress = progress_of(plan, journal)
        scorer = load_scorer(plan)
        microscope = connect_microscope(plan, files)
        stack.callback(microscope.close)
        stack.enter_context(microscope.claim(f"the run {plan.folder.root}"))
        methods = focus_methods(plan, microscope, scorer)
        devices = microscope.devices
        rig = Rig(
            plan=plan,
            microscope=microscope,
            imager=Imager(devices.column, devices.scanner, devices.detector, law=scan_law(plan.instrument)),
            methods=methods,
            scorer=scorer,
            journal=journal,
            store=store,
            files=files,
            progress=progress,
            events=Publisher(),
            control=Control(),
        )
        engine = Engine(rig)
        stack.callback(engine.close)
        yield Session(rig, engine)


def open_journal(plan: Plan, files: FileLayer, on_commit: Observer | None = None) -> Journal:
    """The run's journal, made when the run begins. Raises ``JournalError``.

    A journal that is missing beside what a run has left is not made anew: that would begin again
    with a wafer that is milled already.
    """
    folder, path = plan.folder, plan.folder.journal_file
    if path.exists():
        return Journal.open(path, files, on_commit)
    if folder.journal_copy.exists() or (folder.images(plan.project) / "zarr.json").exists():
        raise JournalError(
            f"The journal {path} is missing although the run has begun. Copy it back; "
            f"{folder.journal_copy.name} beside it is as it was before the last mill."
        )
    return Journal.create(path, files, on_commit)


def open_store(plan: Plan, files: FileLayer) -> ImageStore:
    """The run's images, with room for every planned plane. Raises ``StorageError``."""
    root, project = plan.folder.images(plan.project), plan.project
    has_store = (root / "zarr.json").exists()
    store = ImageStore.open(root, files) if has_store else ImageStore.create(root, files)
    mill = plan.instrument.mill
    per_cycle_uc = charge_uc_per_azimuth(mill, project.milling) * len(project.milling.azimuths_deg)
    slice_nm = depth_nm(mill, project.milling, per_cycle_uc)
    for section in plan.wafer.sections:
        imaging = section.imaging(project.imaging)
        for tile in section.tiles(project.imaging):
            spec = ImageSpec(
                shape_yx=(imaging.tile_height_px, imaging.tile_width_px),
                dtype=np.dtype(np.uint8) if imaging.bit_depth == 8 else np.dtype(np.uint16),
                planned_cycles=project.cycles,
                pixel_size_nm=imaging.pixel_size_nm,
                slice_nm=slice_nm,
                translation_um=(0.0, tile.centre_um[1], tile.centre_um[0]),
            )
            store.add_image(tile.section, tile.index, spec)
    store.extend(project.cycles)
    return store


def refuse_old_copy(plan: Plan, journal: Journal) -> None:
    """Raise ``JournalError`` when the guard's log knows of openings that the journal does not."""
    known = {row.record.opening for row in journal.read() if isinstance(row.record, IonsBegin)}
    if forgotten := forgotten_openings(plan, known):
        openings = counted(len(forgotten), "opening")
        raise JournalError(
            f"The journal {journal.path} is an old copy: the guard's log {plan.guard_log} holds "
            f"{openings} of the ion beam that it does not know, and going on would mill "
            "again what is milled already. Put back the newest journal; if it is lost, begin a new run "
            "for what is left of the sections."
        )


def progress_of(plan: Plan, journal: Journal) -> Progress:
    """Where the run stands, from its journal. Raises ``JournalError``."""
    progress = Progress.of(plan)
    progress.apply_all(row.record for row in journal.read())
    return progress


def connect_microscope(plan: Plan, files: FileLayer) -> Microscope:
    """Connect what the instrument file names. Raises ``HardwareError``."""
    instrument, folder = plan.instrument, plan.instrument_folder
    files.make_folder(folder)
    return connect(
        instrument.driver.name,
        instrument.driver.settings,
        folder,
        mill_limits(instrument),
        chamber_model(instrument),
        folder / LOCK_FILE,
        timing=GuardTiming(heartbeat_s=instrument.mill.heartbeat_timeout_s),
    )


def load_scorer(plan: Plan) -> SharpnessJudge:
    """The judge of sharpness on this instrument. Raises ``WeightsError``."""
    from models.deepscore import DeepScore

    return DeepScore.load(convergence_mrad=plan.instrument.electron.convergence_mrad)


def focus_methods(plan: Plan, microscope: Microscope, scorer: SharpnessScorer) -> Sequence[FocusMethod]:
    """The project's focus methods, in its order. Raises ``WeightsError`` or ``SettingsError``."""
    return tuple(_method(plan, name, microscope, scorer) for name in plan.project.focus.estimators)


def _method(
    plan: Plan, name: EstimatorName, microscope: Microscope, scorer: SharpnessScorer
) -> FocusMethod:
    match name:
        case EstimatorName.DEEPFOCUS:
            from models.deepfocus import DeepFocus

            return PairFocus(warmed_up(DeepFocus.load(plan.deepfocus_weights), plan))
        case EstimatorName.MAPFOST:
            from models.mapfost import MapFost

            return PairFocus(MapFost())
        case EstimatorName.DEEPSCORE:
            return ScoreSearch(scorer, plan.project.seed)
        case EstimatorName.VENDOR:
            column = microscope.devices.column
            if isinstance(column, VendorAutofocus):
                return VendorFocus(column)
            raise SettingsError(
                plan.folder.project_file,
                ["focus.estimators names the vendor's routine, which this instrument lacks"],
                "Take 'vendor' out of the list.",
            )
