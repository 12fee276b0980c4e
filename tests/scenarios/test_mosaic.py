"""The overview of a wafer on the twin: what it shows, and that whatever ends it loses no tile."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from hardware.errors import BadFrame, Halted, HardwareError, Interlocked, OutOfRange
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.simulator.nature import Nature
from hardware.simulator.scattered import scattered_wafer
from hardware.simulator.truth import FrameTruth
from scopeacq.cli import run_command
from scopeacq.journal.records import DoseBooked
from scopeacq.mosaic import acquire
from scopeacq.mosaic.acquire import Mosaic, TakenTile, acquire_mosaic
from scopeacq.plan.overviews import Overview, read_overviews, remove_overview
from scopeacq.plan.project import OverviewSettings
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Landmark, Wafer
from scopeacq.storage.files import DiskFiles, DiskFull, FileEvent, Write, perform_on_disk
from scopeacq.telling.exit_codes import ExitCode
from tests.scenarios.harness import TinyRun, Waves, tiny_project, tiny_twin_settings
from tests.scopeacq.manual_bench import held

OVERVIEW = OverviewSettings(
    columns=4, rows=3, tile_width_px=256, tile_height_px=192, pixel_size_nm=2000.0, overlap_px=32
)
TILES = 12
SPECIMEN = scattered_wafer(1, 5, Waves())


def wafer_run(
    folder: Path, overview: OverviewSettings = OVERVIEW, wafer: Wafer | None = None, **twin: Any
) -> TinyRun:
    """A run whose wafer holds nothing yet, on a twin with sections; ``twin``: settings of its stage."""
    run = TinyRun.make(folder, tiny_project(overview=overview))
    run.plan = replace(run.plan, wafer=wafer or Wafer())
    tiny = tiny_twin_settings(0)
    shading = tiny.detector.model_copy(update={"falloff_per_mm2": 0.8})
    stage = tiny.stage.model_copy(update=twin)
    tiny = tiny.model_copy(update={"stage": stage, "detector": shading})
    run.nature = Nature(tiny, SPECIMEN, run.truth.append)
    return run


@dataclass
class Onlooker:
    """Sees each tile as it is laid; lets something happen after one of them."""

    after: int = 0
    happens: Callable[[], None] = lambda: None
    tiles: list[TakenTile] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def __call__(self, tile: TakenTile) -> None:
        self.tiles.append(tile)
        if tile.number == self.after:
            self.happens()


def acquired(run: TinyRun, onlooker: Onlooker | None = None, **more: Any) -> Mosaic:
    onlooker = onlooker or Onlooker()
    with held(run) as manual:
        return acquire_mosaic(manual, onlooker, onlooker.shares.append, **more)


def by_command(run: TinyRun, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of ``scopeacq wafer overview``, on the run's twin in this process."""
    monkeypatch.setattr("scopeacq.plan.runfolder.Plan.read", lambda _: run.plan)
    monkeypatch.setattr("scopeacq.manual.open_manual", lambda _: held(run))
    return run_command(["wafer", "overview", str(run.plan.folder.root), "--json"])


def strike(run: TinyRun, device: Device, kind: FaultKind, times: int = 1) -> Callable[[], None]:
    """Let a device fail from now on, so many times."""

    def now() -> None:
        script = FaultScript((Fault(device, kind, AfterCalls(0), times),))
        run.nature.faults = FaultDesk(script, np.random.default_rng(0))

    return now


def frames(run: TinyRun) -> int:
    return sum(isinstance(record, FrameTruth) for record in run.truth)


def pixels_of(overview: Overview) -> NDArray[np.uint8]:
    with tifffile.TiffFile(overview.path) as file:
        return file.series[0].levels[0].asarray()


def as_it_is(overview: Overview, to_stage: Callable[[Any], Any] = lambda p: p) -> NDArray[np.bool_]:
    """Which pixels of an overview show tissue, by the twin's own wafer."""
    width, height = overview.size_px
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    x, y = to_stage(overview.placement.wafer_um((column, row)))
    tissue = np.zeros((height, width), np.bool_)
    for section in SPECIMEN.sections:
        tissue |= section.contains(*section.local(x, y))
    return tissue


def wrong_share(overview: Overview, **more: Any) -> float:
    """How many of the pixels that show tissue, or should, do only one of both; where tiles lie."""
    pixels = pixels_of(overview)
    shown, true = pixels > 60, as_it_is(overview, **more) & (pixels > 0)
    return float((shown ^ true).sum() / (shown | true).sum())


# -- what it shows -------------------------------------------------------------------------


def test_an_overview_shows_the_wafer_where_it_is(tmp_path: Path) -> None:
    run, onlooker = wafer_run(tmp_path), Onlooker()
    mosaic = acquired(run, onlooker)
    assert wrong_share(mosaic.overview) < 0.03
    assert [t.number for t in onlooker.tiles] == list(range(1, TILES + 1))
    assert all(t.of == TILES and t.image.shape == (192, 256) for t in onlooker.tiles)
    assert onlooker.shares == sorted(onlooker.shares) and onlooker.shares[-1] == 1.0
    report = mosaic.report
    assert (report.tiles, report.taken_before, report.links_dropped) == (TILES, 0, 0)
    assert report.residual_px is not None and report.residual_px < 0.3 and report.duration_s > 0
    assert report.electron_dose_per_nm2 == pytest.approx(OVERVIEW.frame(0.0).electron_dose_per_nm2(1.8))
    (found,), refused = read_overviews(run.plan.folder.overviews)
    assert found == mosaic.overview and not refused and len(found.levels) > 1
    assert {p.suffix for p in run.plan.folder.overviews.iterdir()} == {".tif", ".toml"}


def test_every_tile_is_booked_and_both_beams_are_blanked_at_the_end(tmp_path: Path) -> None:
    run = wafer_run(tmp_path)
    acquired(run)
    assert len([r for r in run.records() if isinstance(r, DoseBooked)]) == TILES == frames(run)
    assert not run.nature.column.on_wafer and not run.line_openings
    assert not run.nature.gun.open


def test_each_tile_lies_where_it_is_told_to(tmp_path: Path) -> None:
    run, onlooker = wafer_run(tmp_path), Onlooker()
    acquired(run, onlooker)
    truths = [record for record in run.truth if isinstance(record, FrameTruth)]
    for tile, truth in zip(onlooker.tiles, truths, strict=True):
        height, width = tile.image.shape
        assert tile.placement.wafer_um(((width - 1) / 2, (height - 1) / 2)) == pytest.approx(
            (truth.x_um, truth.y_um), abs=2.0
        )


def test_tiles_fit_together_although_the_stage_errs_by_pixels(tmp_path: Path) -> None:
    run, onlooker = wafer_run(tmp_path, move_error_um=5.0), Onlooker()
    mosaic = acquired(run, onlooker)
    report = mosaic.report
    assert report.links >= 4 and report.residual_px is not None and report.residual_px < 0.5
    assert wrong_share(mosaic.overview) < 0.02


def test_shading_is_found_and_taken_out(tmp_path: Path) -> None:
    mosaic = acquired(wafer_run(tmp_path))
    half_mm = 0.256, 0.192
    true = 1 / (1 - 0.8 * (half_mm[0] ** 2 + half_mm[1] ** 2)) - 1
    assert mosaic.report.shading == pytest.approx(true, abs=0.5 * true)


def test_a_wafer_that_is_mounted_askew_is_seen_upright(tmp_path: Path) -> None:
    spots = ((0.0, 0.0), (4000.0, 0.0))
    marks = tuple(
        Landmark(f"L{n}", spot, (150.0 - spot[1], spot[0] - 80.0)) for n, spot in enumerate(spots)
    )  # turned by 90 degrees
    run = wafer_run(tmp_path, wafer=Wafer(landmarks=marks))
    mosaic = acquired(run)
    assert wrong_share(mosaic.overview, to_stage=lambda p: (150.0 - p[1], p[0] - 80.0)) < 0.03
    assert mosaic.overview.placement.to_wafer[0][0] > 0


def test_a_second_overview_leaves_the_first_one_alone(tmp_path: Path) -> None:
    run = wafer_run(tmp_path)
    first, second = acquired(run).overview, acquired(run).overview
    assert (first.name, second.name) == ("wafer", "wafer-2")
    assert len(read_overviews(run.plan.folder.overviews)[0]) == 2


# -- what ends it --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATED_FRAME, FaultKind.FROZEN_FRAME])
def test_a_frame_that_is_lost_is_taken_again(tmp_path: Path, kind: FaultKind) -> None:
    run = wafer_run(tmp_path)
    mosaic = acquired(run, Onlooker(4, strike(run, Device.SCANNER, kind)))
    assert mosaic.report.tiles == TILES
    assert wrong_share(mosaic.overview) < 0.03
    assert len([r for r in run.records() if isinstance(r, DoseBooked)]) == TILES + 1


def test_a_scanner_that_gives_no_frames_ends_it(tmp_path: Path) -> None:
    run = wafer_run(tmp_path)
    with pytest.raises(BadFrame):
        acquired(run, Onlooker(4, strike(run, Device.SCANNER, FaultKind.TRUNCATED_FRAME, times=99)))
    assert not run.nature.column.on_wafer


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        (Device.STAGE, FaultKind.REFUSED),
        (Device.STAGE, FaultKind.WRONG_POSITION),
        (Device.COLUMN, FaultKind.EHT_TRIP),
    ],
)
def test_what_was_taken_stays_and_asking_again_goes_on(
    tmp_path: Path, device: Device, kind: FaultKind
) -> None:
    run = wafer_run(tmp_path)
    with pytest.raises(HardwareError):
        acquired(run, Onlooker(5, strike(run, device, kind)))
    (partly,), _ = read_overviews(run.plan.folder.overviews)
    assert 0 < (pixels_of(partly) > 0).mean() < 0.6
    before = frames(run)
    run.repair()
    run.nature.column.eht_on = True
    onlooker = Onlooker()
    mosaic = acquired(run, onlooker)
    assert mosaic.report.taken_before == 5 and frames(run) - before == TILES - 5
    assert len(onlooker.tiles) == TILES and mosaic.overview.name == partly.name
    assert wrong_share(mosaic.overview) < 0.03


def test_an_operator_ends_it_before_the_next_tile(tmp_path: Path) -> None:
    run, halted = wafer_run(tmp_path), threading.Event()
    onlooker = Onlooker(3, halted.set)
    with held(run) as manual:
        manual.begin(halted)
        with pytest.raises(Halted):
            acquire_mosaic(manual, onlooker)
        assert len(onlooker.tiles) == frames(run) == 3
        manual.begin(threading.Event())
        assert acquire_mosaic(manual).report.taken_before == 3


def test_the_command_switches_on_what_imaging_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = wafer_run(tmp_path)
    with held(run) as manual:
        manual.set_detector_hv(False)
        manual.set_eht(False)
        manual.set_valve(False)
    assert by_command(run, monkeypatch) == ExitCode.FINISHED
    assert frames(run) == TILES


def test_an_interruption_ends_the_command_also_while_tiles_are_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = wafer_run(tmp_path)

    def composed_slowly(layout: Any, read: Any, path: Path, progress: Callable[[float], None]) -> None:
        signal.raise_signal(signal.SIGINT)
        progress(0.1)
        pytest.fail("it went on")

    with monkeypatch.context() as patched:
        patched.setattr(acquire, "compose", composed_slowly)
        assert by_command(run, patched) == ExitCode.PAUSED
    assert f"{TILES} of {TILES} tiles are kept" in capsys.readouterr().err
    assert by_command(run, monkeypatch) == ExitCode.FINISHED
    assert frames(run) == TILES


def test_a_full_disk_ends_it_and_no_tile_is_lost(tmp_path: Path) -> None:
    run, full = wafer_run(tmp_path), threading.Event()

    def perform(event: FileEvent) -> None:
        if full.is_set() and isinstance(event, Write):
            raise OSError(errno.ENOSPC, "no space left on device")
        perform_on_disk(event)

    with pytest.raises(DiskFull):
        acquired(run, Onlooker(6, full.set), files=DiskFiles(perform))
    assert acquired(run).report.taken_before == 6


def test_a_connection_that_is_lost_ends_it(tmp_path: Path) -> None:
    run = wafer_run(tmp_path)
    with suppress(Interlocked), pytest.raises(HardwareError):
        acquired(run, Onlooker(2, strike(run, Device.STAGE, FaultKind.UNPLUGGED)))
    run.repair()
    assert acquired(run).report.taken_before == 2


# -- what cannot be ------------------------------------------------------------------------


def test_an_overview_beyond_the_wafer_is_refused_in_a_sentence(tmp_path: Path) -> None:
    run = wafer_run(tmp_path, OVERVIEW.model_copy(update={"centre_x_um": 40_000.0}))
    with pytest.raises(SettingsError, match=r"beyond the wafer\. Correct overview\.centre_x_um"):
        acquired(run)


def test_tiles_beyond_the_reach_of_the_stage_are_refused_before_it_moves(tmp_path: Path) -> None:
    marks = (Landmark("L1", (0.0, 0.0), (29_800.0, 0.0)), Landmark("L2", (1000.0, 0.0), (30_800.0, 0.0)))
    run = wafer_run(tmp_path, wafer=Wafer(landmarks=marks))
    with pytest.raises(OutOfRange):
        acquired(run)
    assert frames(run) == 0 and not run.plan.folder.overviews.exists()


def test_an_overview_that_the_disk_cannot_hold_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    run = wafer_run(tmp_path)
    with pytest.raises(SettingsError, match=r"needs 0\.0 GB of room, and the disk has 0\.0 GB\. Free some"):
        acquired(run, files=DiskFiles(free=lambda _: 1_000_000))
    assert frames(run) == 0 and not run.plan.folder.overviews.exists()


# -- tiles that were kept ------------------------------------------------------------------


def halted_run(folder: Path) -> tuple[TinyRun, Path]:
    """A run whose overview ended after five tiles, and their folder."""
    run = wafer_run(folder)
    with pytest.raises(HardwareError):
        acquired(run, Onlooker(5, strike(run, Device.STAGE, FaultKind.REFUSED)))
    run.repair()
    return run, run.plan.folder.overviews / "wafer.tiles"


def test_whoever_removes_the_picture_begins_anew(tmp_path: Path) -> None:
    run, folder = halted_run(tmp_path)
    (partly,), _ = read_overviews(run.plan.folder.overviews)
    remove_overview(partly, DiskFiles())
    assert not folder.exists()
    assert acquired(run).report.taken_before == 0


def test_tiles_of_other_settings_are_taken_again(tmp_path: Path) -> None:
    run, _ = halted_run(tmp_path)
    longer = run.plan.project.overview.model_copy(update={"dwell_ns": 400.0})
    run.plan = replace(run.plan, project=run.plan.project.model_copy(update={"overview": longer}))
    assert acquired(run).report.taken_before == 0


def test_tiles_of_another_mount_are_taken_again(tmp_path: Path) -> None:
    run, _ = halted_run(tmp_path)
    marks = (Landmark("L1", (0.0, 0.0), (100.0, 0.0)), Landmark("L2", (1000.0, 0.0), (1100.0, 0.0)))
    run.plan = replace(run.plan, wafer=Wafer(landmarks=marks))
    assert acquired(run).report.taken_before == 0


def test_a_damaged_tile_is_taken_again(tmp_path: Path) -> None:
    run, folder = halted_run(tmp_path)
    path = sorted(folder.iterdir())[2]
    path.write_bytes(path.read_bytes()[:-5000])
    mosaic = acquired(run)
    assert mosaic.report.taken_before == 4
    assert wrong_share(mosaic.overview) < 0.03
