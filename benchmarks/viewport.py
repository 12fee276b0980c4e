"""How many frames per second the wafer viewport paints in software: pan and zoom over ten thousand tiles.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.viewport [--width 1600] [--height 1000] [--scale 2]

Each wafer is panned at five zooms, from the whole wafer down to single pixels, then zoomed all the way in
and out; every frame is painted whole and timed alone, when what it shows was read. Under the map lies an
overview of 25,400 x 25,400 pixels, turned; every tile has a picture of 6000 x 6000 pixels. Figures are
medians, by the clock and by the processor's time of the thread that paints: the latter is also right on a
machine that does something else.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PyQt5.QtWidgets import QApplication

from scopeacq.journal.records import PlaneKey
from scopeacq.plan.geometry import Rigid
from scopeacq.plan.overviews import Overview
from scopeacq.plan.placement import Placement
from scopeacq.plan.wafer import Section
from scopeacq.storage.ome_zarr import chunk_shape, level_shapes
from scopeacq.storage.pyramid_tiff import PART_PX, Level, Picture
from scopeacq.storage.run_pictures import PlacedPicture
from ui import theme
from ui.presenters.camera import Camera
from ui.presenters.overviews import Underlay
from ui.presenters.sections import Grid, SectionShown, TileShown, TileState
from ui.presenters.wafer_map import WaferMap
from ui.viewport.canvas import WaferCanvas

WAFER_UM = 21_000.0
FRAMES = 40
ZOOMS = (1.0, 6.0, 30.0, 120.0, 2000.0)
TILE_PX = (6000, 6000)
OVERVIEW_PX = 25_400
READ_S = 20.0
"""Longest wait for what a view asks for."""
TARGET_FPS = 30.0


@dataclass(frozen=True, slots=True)
class Layout:
    """How ten thousand tiles lie on the wafer."""

    name: str
    sections: int
    rows: int
    columns: int


LAYOUTS = (Layout("few large grids", 87, 10, 12), Layout("many small grids", 500, 4, 5))


def wafer_map(layout: Layout, seed: int) -> WaferMap:
    """Sections in rows, turned at random, with tiles in all states."""
    rng = np.random.default_rng(seed)
    side = math.ceil(math.sqrt(layout.sections))
    pitch_um = WAFER_UM / math.sqrt(2) / side
    edge_um = 0.8 * pitch_um / math.hypot(layout.rows, layout.columns)
    step_um = 0.97 * edge_um
    grid = Grid(layout.rows, layout.columns, (edge_um, edge_um), (step_um, step_um), TILE_PX)
    sections = []
    for n in range(layout.sections):
        row, column = divmod(n, side)
        centre = (column - side / 2) * pitch_um, (row - side / 2) * pitch_um
        states = rng.choice(np.array(list(TileState)), layout.rows * layout.columns)
        tiles = tuple(
            TileShown(state, float(rng.random()), cycle=0, wd_um=4500.0 + float(rng.random()), wd_cycle=0)
            for state in states
        )
        sections.append(
            SectionShown(_section(n, centre, float(rng.normal(0, 20)), grid), grid, tiles=tiles)
        )
    return WaferMap(tuple(sections), wafer_to_stage=Rigid(50.0, -30.0, 1.0))


def _section(number: int, centre: tuple[float, float], rotation_deg: float, grid: Grid) -> Section:
    u, v = (0.55 * edge for edge in grid.size_um)
    place = Rigid(*centre, rotation_deg)
    outline = tuple(place.apply(corner) for corner in ((-u, -v), (u, -v), (u, v), (-u, v)))
    return Section(f"S{number + 1:03d}", outline, centre, rotation_deg, 200.0)


def journey(whole: Camera) -> Iterator[tuple[str, Camera]]:
    """Named views: panning along a circle at each zoom, then all the way in and out."""
    for zoom in ZOOMS:
        camera = whole.zoomed(zoom)
        for n in range(FRAMES):
            turn = 2 * math.pi * n / FRAMES
            reach_px = 0.3 * whole.width_px
            yield f"pan at {zoom:g}x", camera.panned(reach_px * math.cos(turn), reach_px * math.sin(turn))
    for n in range(2 * FRAMES):
        yield "zoom", whole.zoomed(ZOOMS[-1] ** (1 - abs(n / FRAMES - 1)))


@dataclass
class Noise:
    """Pictures of a few textures, as they would be read."""

    _textures: list[Picture] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        self._textures = [rng.integers(60, 200, (1024, 1024)).astype(np.uint8) for _ in range(4)]

    def whole(self, plane: PlaneKey, edge_px: int) -> PlacedPicture | None:
        return PlacedPicture(self._textures[plane.tile % 4][:edge_px, :edge_px])

    def part(self, plane: PlaneKey, level: int, row: int, column: int) -> PlacedPicture | None:
        height, width = chunk_shape(level_shapes(TILE_PX)[level])
        return PlacedPicture(self._textures[(row + column) % 4][:height, :width])

    def overview(self, path: Path, level: int, row: int, column: int) -> PlacedPicture | None:
        return PlacedPicture(self._textures[(level + row + column) % 4][:PART_PX, :PART_PX])

    def section(self, section: str) -> PlacedPicture | None:
        return None


def overview() -> Overview:
    """A mosaic of the whole wafer, 1 um per pixel."""
    levels = [Level((OVERVIEW_PX, OVERVIEW_PX), (PART_PX, PART_PX))]
    while levels[-1].shape[0] > PART_PX:
        edge = levels[-1].shape[0] // 2
        levels.append(Level((edge, edge), (PART_PX, PART_PX)))
    placement = Placement.centred(OVERVIEW_PX, OVERVIEW_PX, 1.0).turned((0.0, 0.0), 3.0)
    return Overview(Path("wafer.ome.tif"), placement, tuple(levels))


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames per second of one kind of movement, medians."""

    by_clock: float
    by_processor: float


def frames_per_second(app: QApplication, canvas: WaferCanvas) -> dict[str, Rate]:
    """Medians by kind of movement, when what the views ask for has been read."""
    canvas.fit()
    canvas.fit()
    whole = canvas.camera
    seconds: dict[str, list[tuple[float, float]]] = {}
    for name, camera in journey(whole):
        canvas.look_from(camera)
        _let_read(app, canvas)
        clock_s, processor_s = time.perf_counter(), time.thread_time()
        canvas.repaint()
        spent = time.perf_counter() - clock_s, time.thread_time() - processor_s
        seconds.setdefault(name, []).append(spent)
    return {
        name: Rate(*(1 / statistics.median(s) for s in zip(*times, strict=True)))
        for name, times in seconds.items()
    }


def _let_read(app: QApplication, canvas: WaferCanvas) -> None:
    """Paint until nothing is asked for any more."""
    end_s = time.monotonic() + READ_S
    canvas.repaint()
    while canvas.pictures.reading and time.monotonic() < end_s:
        app.processEvents()
        canvas.repaint()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="pixels of the screen for each of the window"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["QT_SCALE_FACTOR"] = str(options.scale)
    app = QApplication([])
    theme.apply(app, theme.Mode.DARK)
    results: dict[str, dict[str, Rate]] = {}
    for layout in LAYOUTS:
        canvas = WaferCanvas()
        canvas.resize(options.width, options.height)
        canvas.show()
        canvas.pictures.set_source(Noise())
        canvas.show_underlay(Underlay((overview(),)))
        canvas.show_map(wafer_map(layout, options.seed))
        app.processEvents()
        tiles = layout.sections * layout.rows * layout.columns
        results[f"{layout.name} ({layout.sections} sections, {tiles} tiles)"] = frames_per_second(
            app, canvas
        )
        canvas.pictures.close()
        canvas.close()
    if options.json:
        print(json.dumps(results, indent=2, default=asdict))
        return
    for name, figures in results.items():
        print(name)
        for movement, rate in figures.items():
            print(
                f"  {movement:13} {rate.by_clock:6.0f} frames/s, {rate.by_processor:6.0f} by processor "
                f"time (target {TARGET_FPS:g})"
            )


if __name__ == "__main__":
    main()
