"""Which blocks are read: all that is in view, of the level that fits, and nothing far away."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.journal.records import PlaneKey
from scopeacq.plan.geometry import rotation
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.wafer import Section
from scopeacq.storage.plane_windows import PlaneShape, Take
from ui.presenters.slice_scene import (
    Box,
    Eye,
    Frame,
    Placed,
    blocks_in_view,
    coarse,
    level_for,
    planned_frame,
    section_frame,
)

TAKE = Take(PlaneKey(0, "S1", 0), 0, chosen=True)
SIDES = st.integers(1, 9000)
SHAPES = st.builds(lambda h, w: PlaneShape((h, w), np.dtype(np.uint8)), SIDES, SIDES)
TURNS = st.floats(-0.3, 0.3)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    angle, scale = draw(TURNS), draw(st.floats(0.95, 1.05))
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    shift = st.floats(-5000, 5000)
    return Frame(c, -s, s, c, draw(shift), draw(shift))


EYES = st.builds(
    Eye,
    st.tuples(st.floats(-6000, 6000), st.floats(-6000, 6000)),
    st.floats(-8, 3).map(lambda exponent: 2.0**exponent),
    st.integers(50, 2000),
    st.integers(50, 2000),
)


@given(EYES, SHAPES, frames(), st.floats(0, 1), st.floats(0, 1))
def test_every_point_in_view_lies_in_a_block(
    eye: Eye, shape: PlaneShape, frame: Frame, across: float, down: float
) -> None:
    plane = Placed(TAKE, shape, frame)
    x, y = frame.back(eye.to_scene((across * eye.width_px, down * eye.height_px)))
    height, width = shape.shape_yx
    if not (0 <= x < width and 0 <= y < height):
        return
    found = list(blocks_in_view(eye, plane))
    level = level_for(eye.zoom, shape)
    covered = [
        w.left <= x / 2**level <= w.left + w.width and w.top <= y / 2**level <= w.top + w.height
        for w in (block.window(shape) for block in found)
    ]
    assert any(covered)


@given(EYES, SHAPES, frames())
def test_no_more_is_read_than_the_window_can_show(eye: Eye, shape: PlaneShape, frame: Frame) -> None:
    plane = Placed(TAKE, shape, frame)
    found = list(blocks_in_view(eye, plane))
    assert len(set(found)) == len(found)
    level = level_for(eye.zoom, shape)
    # blocks of at least half of 1024 pixels, over the window's diagonal seen from a turned plane
    diagonal = math.hypot(eye.width_px, eye.height_px) / eye.zoom / 2**level
    most = (diagonal / 0.9 * 1.3 / 512 + 2) ** 2
    assert len(found) <= most
    for block in found:
        window = block.window(shape)
        assert block.level == level
        assert window.height > 0
        assert window.width > 0


@given(st.floats(1e-3, 32), SHAPES)
def test_a_level_has_a_pixel_for_each_of_the_screen(zoom: float, shape: PlaneShape) -> None:
    level = level_for(zoom, shape)
    assert level == 0 or zoom * 2**level <= 1 + 1e-6
    if level + 1 < len(shape.levels):
        assert zoom * 2 ** (level + 1) > 1 - 1e-6


def test_what_is_out_of_view_is_not_read() -> None:
    plane = Placed(TAKE, PlaneShape((6000, 6000), np.dtype(np.uint8)), Frame())
    assert list(blocks_in_view(Eye((20_000, 20_000), 1.0), plane)) == []
    near = list(blocks_in_view(Eye((1500, 2500), 1.0, 200, 200), plane))
    assert [(b.level, b.row, b.column) for b in near] == [(0, 2, 1)]
    assert coarse(plane).level == 3


@given(EYES, st.floats(0.2, 5), st.tuples(st.floats(0, 2000), st.floats(0, 2000)))
def test_zooming_keeps_what_is_under_the_cursor(eye: Eye, factor: float, at: tuple[float, float]) -> None:
    before, after = eye.to_scene(at), eye.zoomed(factor, at).to_scene(at)
    assert after == pytest.approx(before, abs=1e-6 * (1 + max(map(abs, before))) + 1e-6)


@given(EYES, st.floats(-500, 500), st.floats(1, 9000), st.floats(1, 9000))
def test_fitting_shows_all_of_a_box(eye: Eye, left: float, width: float, height: float) -> None:
    box = Box(left, -left, left + width, -left + height)
    seen = eye.fitted(box).seen
    assert seen.left <= box.left + 1e-6
    assert seen.right >= box.right - 1e-6
    assert seen.top <= box.top + 1e-6
    assert seen.bottom >= box.bottom - 1e-6


@given(st.floats(-180, 180), st.integers(0, 5))
def test_a_tile_found_at_its_place_lies_where_it_was_planned(turn_deg: float, tile: int) -> None:
    imaging = ImagingSettings(grid_rows=2, grid_columns=3, overlap_px=100)
    section = Section("S1", ((0, 0), (1, 0), (1, 1)), (120.0, -40.0), turn_deg, 200.0)
    pixel_um = imaging.pixel_size_nm / 1000
    centre = section.grid_tiles(imaging)[tile].centre_um
    middle = np.array([(imaging.tile_width_px - 1) / 2, (imaging.tile_height_px - 1) / 2])
    linear = rotation(turn_deg) @ np.diag([pixel_um, -pixel_um])
    to_wafer = np.column_stack([linear, np.asarray(centre) - linear @ middle])
    found = section_frame(to_wafer, section, pixel_um)
    planned = planned_frame(section, imaging, tile)
    for corner in ((0.0, 0.0), (100.0, 7.0)):
        assert found.apply(corner) == pytest.approx(planned.apply(corner), abs=1e-3)
        assert found.back(found.apply(corner)) == pytest.approx(corner, abs=1e-6)
