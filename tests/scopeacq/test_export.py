"""A copy of a run is consistent, verified and resumable, also while the run goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hardware.types import FrameSettings, Image
from scopeacq.journal.journal import Journal, JournalReader
from scopeacq.journal.records import PlaneChosen, PlaneDurable, PlaneExposing, PlaneKey, RunOpened
from scopeacq.plan.demo import example
from scopeacq.plan.new_run import write_run
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import RunFolder
from scopeacq.storage.export import ExportError, ExportReport, export_run
from scopeacq.storage.files import DiskFiles, FileEvent, Write, perform_on_disk
from scopeacq.storage.storage import ImageSpec, ImageStore

SHAPE = (50, 70)
KEYS = [PlaneKey(cycle, "S1", tile) for cycle in range(2) for tile in range(2)]


class Running:
    """A run folder that is being worked on."""

    def __init__(self, root: Path, images: Path | None = None) -> None:
        project, wafer, instrument = example("mine")
        if images is not None:
            storage = project.storage.model_copy(update={"images": str(images)})
            project = project.model_copy(update={"storage": storage})
        self.folder = write_run(root, project, wafer, instrument).folder
        self.journal = Journal.create(self.folder.journal_file)
        self.journal.append(RunOpened("0.1", root.name, 1))
        self.store = ImageStore.create(self.folder.images(project), DiskFiles())
        for tile in range(2):
            self.store.add_image("S1", tile, ImageSpec(SHAPE, np.dtype(np.uint8), 2, 10.0, 20.0))

    def image(self, key: PlaneKey, take: int = 0) -> Path:
        """Take a plane as the engine does, up to its durable row; the path of its file."""
        self.journal.append(PlaneExposing(key, take, FrameSettings(70, 50, 10.0, 200.0), 19.0))
        file = self.store.write(key, take, plane(key, take))
        self.journal.append(PlaneDurable(key, take, file.path, file.size_bytes, file.checksum))
        return self.store.root / file.path

    def choose(self, key: PlaneKey, take: int = 0) -> None:
        self.store.choose(key, take)
        self.journal.append(PlaneChosen(key, take))


def plane(key: PlaneKey, take: int = 0) -> Image:
    seed = key.cycle * 100 + key.tile * 10 + take
    return np.random.default_rng(seed).integers(0, 255, SHAPE, np.uint8)


@pytest.fixture
def run(tmp_path: Path) -> Running:
    return Running(tmp_path / "run.scopeacq")


def export(run: Running, out: Path) -> ExportReport:
    return export_run(run.folder, out, DiskFiles(), lambda done, total: None)


def copied_store(out: Path) -> ImageStore:
    return ImageStore.open(out / "images.zarr", DiskFiles())


def test_the_copy_of_a_running_run_holds_what_its_journal_says(run: Running, tmp_path: Path) -> None:
    for key in KEYS[:3]:
        run.image(key)
    run.choose(KEYS[0])
    # exposed and written, but not yet committed: absent
    run.store.write(KEYS[3], 0, plane(KEYS[3]))
    out = tmp_path / "copy"
    assert export(run, out) == ExportReport(copied=3, already_there=0, missing=())
    copy = copied_store(out)
    np.testing.assert_array_equal(copy.read(KEYS[0]), plane(KEYS[0]))
    np.testing.assert_array_equal(copy.read_take(KEYS[1], 0), plane(KEYS[1]))
    assert not (out / "images.zarr/S1/1/0/takes/1.0").exists()
    assert [row.chosen for row in JournalReader(out / "journal.sqlite").planes()] == [True, False, False]
    assert RunFolder(out).wafer_file.read_bytes() == run.folder.wafer_file.read_bytes()


def test_a_second_export_brings_only_what_is_new(run: Running, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    run.image(KEYS[0])
    export(run, out)
    run.choose(KEYS[0])
    run.image(KEYS[1])
    assert export(run, out) == ExportReport(copied=1, already_there=1, missing=())
    np.testing.assert_array_equal(copied_store(out).read(KEYS[0]), plane(KEYS[0]))
    last = [row.record for row in JournalReader(out / "journal.sqlite").read()]
    assert last == [row.record for row in run.journal.read()]


def test_an_interrupted_export_goes_on(run: Running, tmp_path: Path) -> None:
    for key in KEYS:
        run.image(key)
        run.choose(key)

    def unplugged(event: FileEvent) -> None:
        if isinstance(event, Write) and "takes" in str(event.path) and "S1/1" in event.path.as_posix():
            raise OSError(5, "Input/output error")
        perform_on_disk(event)

    out = tmp_path / "copy"
    with pytest.raises(OSError, match="Input/output"):
        export_run(run.folder, out, DiskFiles(unplugged), lambda done, total: None)
    report = export(run, out)
    assert report.already_there >= 1
    assert report.copied + report.already_there == 4
    for key in KEYS:
        np.testing.assert_array_equal(copied_store(out).read(key), plane(key))


def test_what_is_missing_or_damaged_is_named_and_the_rest_is_copied(run: Running, tmp_path: Path) -> None:
    paths = [run.image(key) for key in KEYS]
    paths[0].unlink()
    paths[1].write_bytes(bytes(paths[1].stat().st_size))
    report = export(run, tmp_path / "copy")
    assert report.copied == 2
    assert [sentence.split(":")[0] for sentence in report.missing] == [
        "Cycle 1, section S1, tile 1, take 1",
        "Cycle 1, section S1, tile 2, take 1",
    ]
    assert "missing or damaged" in report.missing[0]


def test_images_that_lie_elsewhere_are_beside_the_project_in_the_copy(tmp_path: Path) -> None:
    run = Running(tmp_path / "run.scopeacq", images=tmp_path / "elsewhere")
    run.image(KEYS[0])
    run.choose(KEYS[0])
    out = tmp_path / "copy"
    assert export(run, out).copied == 1
    project = Project.read(RunFolder(out).project_file)
    assert RunFolder(out).images(project) == out / "images.zarr"
    np.testing.assert_array_equal(copied_store(out).read(KEYS[0]), plane(KEYS[0]))


def test_logs_and_reports_come_along_and_locks_do_not(run: Running, tmp_path: Path) -> None:
    run.folder.reports.mkdir()
    (run.folder.reports / "report.html").write_text("<html>")
    (run.folder.root / "run.lock").touch()
    out = tmp_path / "copy"
    export(run, out)
    assert (out / "reports" / "report.html").read_text() == "<html>"
    assert not (out / "run.lock").exists()
    assert not list(out.glob("journal.sqlite-*"))


def test_progress_counts_bytes_up_to_the_whole(run: Running, tmp_path: Path) -> None:
    for key in KEYS:
        run.image(key)
    told: list[tuple[int, int]] = []
    export_run(run.folder, tmp_path / "copy", DiskFiles(), lambda done, total: told.append((done, total)))
    totals = {total for _, total in told}
    assert len(totals) == 1
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == totals.pop()


def test_a_run_is_copied_neither_into_itself_nor_over_another(run: Running, tmp_path: Path) -> None:
    for inside in (run.folder.root, run.folder.root / "copy"):
        with pytest.raises(ExportError, match="choose a folder outside"):
            export(run, inside)
    other = Running(tmp_path / "other.scopeacq")
    before = [row.record for row in other.journal.read()]
    with pytest.raises(ExportError, match="holds another run"):
        export(run, other.folder.root)
    assert [row.record for row in other.journal.read()] == before
