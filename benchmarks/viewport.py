"""How many frames per second the wafer viewport paints in software: pan and zoom over ten thousand tiles.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.viewport [--width 1600] [--height 1000] [--json]

Each wafer is panned at four zooms, from the whole wafer down to a few tiles, then zoomed all the way in and
out; every frame is painted whole and timed by itself. Figures are medians; pictures of tiles are none.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PyQt5.QtWidgets import QApplication

from scopeacq.geometry import Rigid
from scopeacq.wafer import Section
from ui import theme
from ui.presenters.camera import Camera
from ui.presenters.sections import Grid, SectionShown, TileShown, TileState
from ui.presenters.wafer_map import WaferMap
from ui.viewport.canvas import WaferCanvas

WAFER_UM = 21_000.0
FRAMES = 40
ZOOMS = (1.0, 6.0, 30.0, 120.0)
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
    grid = Grid(layout.rows, layout.columns, (edge_um, edge_um), (0.97 * edge_um, 0.97 * edge_um))
    sections = []
    for n in range(layout.sections):
        row, column = divmod(n, side)
        centre = (column - side / 2) * pitch_um, (row - side / 2) * pitch_um
        states = rng.choice(list(TileState), layout.rows * layout.columns)
        tiles = tuple(TileShown(state, float(rng.random())) for state in states)
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


def frames_per_second(canvas: WaferCanvas) -> dict[str, float]:
    """Median by kind of movement, after one frame that makes what is kept."""
    canvas.fit()
    canvas.repaint()
    seconds: dict[str, list[float]] = {}
    for name, camera in journey(canvas.camera):
        canvas.look_from(camera)
        start = time.perf_counter()
        canvas.repaint()
        seconds.setdefault(name, []).append(time.perf_counter() - start)
    return {name: 1 / statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    app = QApplication([])
    theme.apply(app, theme.Mode.DARK)
    results: dict[str, dict[str, float]] = {}
    for layout in LAYOUTS:
        canvas = WaferCanvas()
        canvas.resize(options.width, options.height)
        canvas.show()
        canvas.show_map(wafer_map(layout, options.seed))
        app.processEvents()
        tiles = layout.sections * layout.rows * layout.columns
        results[f"{layout.name} ({layout.sections} sections, {tiles} tiles)"] = frames_per_second(canvas)
        canvas.close()
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, figures in results.items():
        print(name)
        for movement, rate in figures.items():
            print(f"  {movement:12} {rate:6.0f} frames/s (target {TARGET_FPS:g})")


if __name__ == "__main__":
    main()
