"""The wafer: where tissue is, how high, and what milling does to it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from hardware.simulator.specimen import (
    FiducialSpec,
    SectionSpec,
    WaferSpecimen,
    WaferSurface,
    demo_wafer,
)

Doubles = NDArray[np.float64]


class DepthTexture:
    """Tells how deep it was sampled: 1 per um."""

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> NDArray[np.float32]:
        return np.broadcast_to(np.asarray(z_um, np.float32), np.shape(x_um)).copy()


SECTION = SectionSpec(
    "S001", 300.0, -200.0, 30.0, irradiation_dose=0.5, top_nm=400.0, tilt_x_mrad=2.0, bow_um=0.5
)
MARK = FiducialSpec("F1", -500.0, 100.0)


@pytest.fixture(scope="module")
def wafer() -> WaferSpecimen:
    return WaferSpecimen([SECTION], [MARK], DepthTexture(), seed=1, surface=WaferSurface(1.0, -0.5, 0.3))


@pytest.fixture(scope="module")
def demo() -> WaferSpecimen:
    return demo_wafer(seed=3, n_sections=7, texture=DepthTexture())


def grid(x_um: float, y_um: float, edge_um: float, size_px: int = 120) -> tuple[Doubles, Doubles]:
    axis = np.linspace(-0.5, 0.5, size_px) * edge_um
    x, y = np.meshgrid(x_um + axis, y_um - axis)
    return x, y


def marks_and_sections(wafer: WaferSpecimen) -> list[SectionSpec | FiducialSpec]:
    return [*wafer.sections, *wafer.fiducials]


def test_tissue_shows_its_depth_in_the_block(wafer: WaferSpecimen) -> None:
    window = grid(300.0, -200.0, 10.0)
    for removed_nm in (0.0, 50.0, 150.0):
        expected = 1 + 0.145 * 1e-3 * (400.0 + removed_nm)
        np.testing.assert_allclose(wafer.signal(*window, removed_nm), expected, rtol=1e-5)


def test_bare_wafer_is_dark_around_and_under_the_section(wafer: WaferSpecimen) -> None:
    for x, removed_nm in ((900.0, 0.0), (300.0, 200.0), (300.0, 5000.0)):
        signal = wafer.signal(*grid(x, -200.0, 10.0), removed_nm)
        assert 0 <= signal.min() < signal.max() < 0.05
        assert signal.std() > 1e-4  # faint grain


def test_the_wafer_surfaces_where_the_section_is_gone_first(wafer: WaferSpecimen) -> None:
    x, y = grid(300.0, -200.0, 10.0)
    signal = wafer.signal(x, y, 200.0 + 100.0 * (x - 300.0))
    assert signal[:, :55].min() > 0.9
    assert signal[:, 65:].max() < 0.05


@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_all_maps_agree_on_where_the_section_is(wafer: WaferSpecimen, u: float, v: float) -> None:
    """A point given in the section's own axes lies on it exactly when it lies inside its edges."""
    c, s = np.cos(np.radians(30.0)), np.sin(np.radians(30.0))
    x = 300.0 + 500.0 * u * c - 250.0 * v * s
    y = -200.0 + 500.0 * u * s + 250.0 * v * c
    beyond = max(abs(u), abs(v)) - 0.5
    assume(abs(beyond) > 1e-3)
    inside = beyond < 0
    assert wafer.section_at(x, y) == ("S001" if inside else None)
    assert wafer.thickness_nm(x, y) == (200.0 if inside else 0.0)
    assert wafer.irradiation_dose(x, y) == (0.5 if inside else 0.0)
    assert wafer.charging(x, y) == (0.25 if inside else 0.0)
    signal = wafer.signal(*grid(x, y, 1e-3, 4), 0.0)
    assert (signal > 0.5).all() if inside else (signal < 0.5).all()


def test_height_follows_wafer_section_and_milling(wafer: WaferSpecimen) -> None:
    centre = wafer.height_um(300.0, -200.0, 0.0)
    wafer_there = 1.0 * 0.3 + 0.5 * 0.2 + 0.3 * (0.3**2 + 0.2**2)
    assert centre == pytest.approx(wafer_there + 0.2 + 0.5, abs=1e-4)
    assert wafer.height_um(300.0, -200.0, 150.0) == pytest.approx(centre - 0.15)
    assert wafer.height_um(0.0, 0.0, 0.0) == 0.0
    heights = wafer.height_um(*grid(300.0, -200.0, 20.0), 0.0)
    assert heights.shape == (120, 120)
    assert np.ptp(heights) < 0.2


@pytest.mark.parametrize("removed_nm", [200.0, 1000.0])
def test_milled_fiducials_stay_recognisable(wafer: WaferSpecimen, removed_nm: float) -> None:
    window = grid(MARK.x_um, MARK.y_um, 16.0, 400)
    fresh, milled = wafer.signal(*window, 0.0), wafer.signal(*window, removed_nm)
    assert milled.max() > 20 * np.median(milled)
    assert milled.max() < fresh.max()
    assert np.corrcoef(fresh.ravel(), milled.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("turn", ["rot90", "rot180", "rot270", "flip"])
def test_fiducials_show_how_they_are_turned(wafer: WaferSpecimen, turn: str) -> None:
    mark = wafer.signal(*grid(MARK.x_um, MARK.y_um, 16.0, 400), 0.0)
    turned = mark[:, ::-1] if turn == "flip" else np.rot90(mark, int(turn[3:]) // 90)
    assert np.corrcoef(mark.ravel(), turned.ravel())[0, 1] < 0.85


def test_demo_wafer_is_laid_out_with_room(demo: WaferSpecimen) -> None:
    assert len(demo.sections) == 7
    assert len(demo.fiducials) >= 4
    for a, b in combinations(marks_and_sections(demo), 2):
        assert np.hypot(a.x_um - b.x_um, a.y_um - b.y_um) > a.radius_um + b.radius_um
    angles = [s.rotation_deg for s in demo.sections]
    assert np.std(angles) > 5
    assert len({s.id for s in demo.sections}) == 7


def test_demo_sections_continue_the_block(demo: WaferSpecimen) -> None:
    tops = [s.top_nm for s in demo.sections]
    np.testing.assert_allclose(np.diff(tops), [s.thickness_nm for s in demo.sections[:-1]])


def test_demo_wafer_needs_a_focus_surface(demo: WaferSpecimen) -> None:
    heights = [float(demo.height_um(s.x_um, s.y_um, 0.0)) for s in demo.sections]
    assert np.ptp(heights) > 0.5
    for section in demo.sections:
        assert np.ptp(demo.height_um(*grid(section.x_um, section.y_um, 20.0), 0.0)) < 0.2


def test_demo_wafer_is_reproducible(demo: WaferSpecimen) -> None:
    again = demo_wafer(3, 7, DepthTexture())
    assert (again.sections, again.fiducials) == (demo.sections, demo.fiducials)
    assert demo_wafer(4, 7, DepthTexture()).sections != demo.sections


@pytest.mark.parametrize("n", [0, 1000])
def test_refuses_more_sections_than_fit(n: int) -> None:
    with pytest.raises(ValueError, match="choose 1 to"):
        demo_wafer(1, n, DepthTexture())


def test_the_most_that_fit_lie_on_the_wafer() -> None:
    wafer = demo_wafer(1, 324, DepthTexture())
    reach = [np.hypot(s.x_um, s.y_um) + s.radius_um for s in marks_and_sections(wafer)]
    assert max(reach) < 12_700
