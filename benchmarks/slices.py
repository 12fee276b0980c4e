"""How long it takes from the key to the picture when slices of 6000 x 6000 pixels are paged through.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.slices [--cycles 24] [--width 1280] [--json]

A run of one section with one tile is made up on the disk, then paged in the real view, at three zooms: the
whole plane, half and full resolution. ``paged``: one slice after another, a moment apart, so that the next
one has been read ahead; ``jumped``: far away, where nothing has. From the key's action to the end of the
paint in which all blocks in view are those of the new slice. ``plain``: reading the same bytes by bare file
reads, without a picture. Figures are medians; files are in the system's cache.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PyQt5.QtWidgets import QApplication

from benchmarks.write_planes import em_like
from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.journal.slice_book import SliceBook
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.plane_windows import Window, file_of
from scopeacq.storage.storage import ImageSpec, ImageStore
from ui import theme
from ui.presenters.slice_scene import blocks_in_view, coarse
from ui.presenters.slices import Looked
from ui.slices.view import SlicesView

SIDE_PX = 6000
SECTION = "S001"
ZOOMS = {"whole plane": None, "half resolution": 0.5, "full resolution": 1.0}
TARGET_MS = 100.0
JUMP = 7


@dataclass(frozen=True, slots=True)
class Found:
    """Milliseconds at one zoom, and how many bytes are read for a picture."""

    paged_ms: float
    jumped_ms: float
    plain_ms: float
    read_bytes: int


def make_run(folder: Path, cycles: int) -> tuple[Plan, SliceBook]:
    """A run with one large tile, written as the program writes it; two planes repeat."""
    plan = make_demo(folder)
    imaging = plan.project.imaging.model_copy(
        update={"tile_width_px": SIDE_PX, "tile_height_px": SIDE_PX, "grid_rows": 1, "grid_columns": 1}
    )
    project = plan.project.model_copy(update={"imaging": imaging, "cycles": cycles})
    plan = replace(plan, project=project)
    store = ImageStore.create(plan.folder.images(project), DiskFiles())
    store.add_image(SECTION, 0, ImageSpec((SIDE_PX, SIDE_PX), np.dtype(np.uint8), cycles, 10.0, 20.0))
    images, journal = [em_like(seed) for seed in range(2)], Journal.create(plan.folder.journal_file)
    book = SliceBook.of(plan)
    for cycle in range(cycles):
        key = PlaneKey(cycle, SECTION, 0)
        written = store.write(key, 0, images[cycle % 2])
        store.choose(key, 0)
        store.build_levels(key)
        told = list(_records(key, written.path, written.size_bytes, written.checksum))
        journal.append(*told)
        for record in told:
            book.apply(record)
    journal.close()
    return plan, book


def _records(key: PlaneKey, path: str, size_bytes: int, checksum: str) -> Iterator[r.Record]:
    yield r.PlaneExposing(key, 0, FrameSettings(SIDE_PX, SIDE_PX, 10.0, 200.0), 20.0)
    place = (0.01, 0.0, 0.0, 0.0, -0.01, 0.0)
    yield r.PlaneExposed(key, 0, Optics(4500.0, 0.0, 0.0), StagePose(x_um=0.0, y_um=0.0), place, 0.0)
    yield r.PlaneDurable(key, 0, path, size_bytes, checksum)
    yield r.PlaneJudged(key, 0, Verdict.SHARP, 0.4, 128.0, 30.0, 0.0)
    yield r.PlaneChosen(key, 0)


def shown_after(app: QApplication, view: SlicesView, do: Callable[[], None]) -> float:
    """Milliseconds until the slice that ``do`` asks for is painted whole."""
    start = time.perf_counter()
    do()
    while not _whole(view):
        app.processEvents()
    view.canvas.repaint()
    return 1e3 * (time.perf_counter() - start)


def _whole(view: SlicesView) -> bool:
    blocks = [b for p in view.desk.shown.planes for b in blocks_in_view(view.canvas.eye, p)]
    return view.desk.settled and all(view.desk.picture(block) is not None for block in blocks)


def let_rest(app: QApplication, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        app.processEvents()


def plain_read(plan: Plan, view: SlicesView) -> tuple[float, int]:
    """Milliseconds and bytes of the chunks in view, read by bare reads."""
    images, (plane,) = plan.folder.images(plan.project), view.desk.shown.planes
    blocks = {*blocks_in_view(view.canvas.eye, plane), coarse(plane)}
    sizes = [(file_of(images, plane.take, b.level), _bytes(b.window(plane.shape))) for b in blocks]
    start = time.perf_counter()
    for path, size in sizes:
        with path.open("rb", buffering=0) as file:
            file.read(size)
    return 1e3 * (time.perf_counter() - start), sum(size for _, size in sizes)


def _bytes(window: Window) -> int:
    return window.height * window.width


def measure(app: QApplication, plan: Plan, view: SlicesView, zoom: float | None) -> Found:
    """Page to the end, then jump to and fro; each slice once."""
    view.canvas.fit() if zoom is None else view.canvas.look_from(replace(view.canvas.eye, zoom=zoom))
    view.go_to(0)
    let_rest(app, 1.0)
    paged, jumped, plain = [], [], []
    forward = next(action for action in view.actions() if "PgDown" in action.shortcut().toString())
    for _ in range(view.desk.book.cycles - 1):
        paged.append(shown_after(app, view, forward.trigger))
        plain.append(plain_read(plan, view))
        let_rest(app, 0.15)
    for n in range(view.desk.book.cycles):
        view.desk.forget()
        cycle = n * JUMP % view.desk.book.cycles
        jumped.append(shown_after(app, view, lambda: view.go_to(cycle)))  # noqa: B023
        let_rest(app, 0.05)
    middle = statistics.median
    return Found(middle(paged), middle(jumped), middle(ms for ms, _ in plain), plain[0][1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cycles", type=int, default=24)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    app = QApplication([])
    theme.apply(app, theme.Mode.DARK)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        plan, book = make_run(Path(folder) / "made", options.cycles)
        view = SlicesView(plan, book)
        view.resize(options.width, options.height)
        view.show()
        view.look(Looked(SECTION, 0, 0))
        let_rest(app, 1.0)
        found = {name: measure(app, plan, view, zoom) for name, zoom in ZOOMS.items()}
        view.close_files()
        view.close()
    if options.json:
        print(json.dumps({name: {n: getattr(f, n) for n in Found.__slots__} for name, f in found.items()}))
        return
    for name, f in found.items():
        print(
            f"{name:16} paged {f.paged_ms:5.1f} ms  jumped {f.jumped_ms:5.1f} ms (target {TARGET_MS:g})  "
            f"plain read {f.plain_ms:5.1f} ms of {f.read_bytes / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
