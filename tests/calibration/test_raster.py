"""A round target tells what a volt of each pair of plates is, whatever else the picture shows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.procedure import Result
from calibration.raster import PROCEDURE
from calibration.raster.ellipse_fit import NoTarget, fit_ellipse
from calibration.raster.procedure import KEYS, measure
from calibration.raster.settings import RasterSettings
from hardware.simulator.config import GunSettings
from hardware.simulator.target_picture import target_picture
from scopeacq.plan.profiles import with_values
from scopeacq.plan.settings import SettingsError
from tests.calibration.benches import bench_on
from tests.scenarios.harness import TinyRun

GUN = GunSettings(um_per_vpp=1163.0, um_per_vpp_y=1037.0, spot_um=150.0)
DIAMETER_UM = 3000.0
Picture = NDArray[np.uint8]


def picture(
    gun: GunSettings = GUN,
    vpp: tuple[float, float] = (5.0, 6.0),
    middle_um: tuple[float, float] = (200.0, -300.0),
    counts: float = 60.0,
    seed: int = 0,
) -> Picture:
    rng = np.random.default_rng(seed)
    return target_picture(gun, vpp, DIAMETER_UM, middle_um, (480, 512), counts, rng)


def measured(folder: Path, grey: Picture, **changes: Any) -> Result:
    run, path = TinyRun.make(folder), folder / "target.png"
    assert cv2.imwrite(str(path), grey)
    values = {"picture": str(path), "x_vpp": 5.0, "y_vpp": 6.0, "diameter_um": DIAMETER_UM, **changes}
    return measure(bench_on(None, run.plan, folder / "sitting"), RasterSettings.model_validate(values))


def scales(result: Result) -> tuple[float, float]:
    x, y = (v.value for v in result.values)
    assert tuple(v.key for v in result.values) == KEYS and isinstance(x, float) and isinstance(y, float)
    return x, y


def test_both_scales_of_the_twin_come_back(tmp_path: Path) -> None:
    result = measured(tmp_path, picture())
    assert result.verdict.good, result.verdict.reasons
    x_um, y_um = scales(result)
    assert x_um == pytest.approx(GUN.um_per_vpp, rel=0.005)
    assert y_um == pytest.approx(1037.0, rel=0.005)
    assert len(result.residuals) == 2 and len(result.comparison) == 2


@settings(max_examples=15, deadline=None)
@given(
    scale=st.tuples(st.floats(500, 1500), st.floats(500, 1500)),
    share=st.tuples(st.floats(0.35, 0.75), st.floats(0.35, 0.75)),
    off=st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
    seed=st.integers(0, 1000),
)
def test_scales_and_middles_do_not_matter(
    scale: tuple[float, float], share: tuple[float, float], off: tuple[float, float], seed: int
) -> None:
    gun = GunSettings(um_per_vpp=scale[0], um_per_vpp_y=scale[1], spot_um=100.0)
    vpp = DIAMETER_UM / scale[0] / share[0], DIAMETER_UM / scale[1] / share[1]
    middle_um = off[0] * scale[0] * vpp[0], off[1] * scale[1] * vpp[1]
    ellipse = fit_ellipse(picture(gun, vpp, middle_um, seed=seed))
    assert 2 * ellipse.half_axes[0] / 512 == pytest.approx(share[0], rel=0.01)
    assert 2 * ellipse.half_axes[1] / 480 == pytest.approx(share[1], rel=0.01)


def test_a_scratch_and_a_mount_are_left_out(tmp_path: Path) -> None:
    grey = picture()
    grey[:, 250:262] = 30
    grey[200:224, 300:] = 200
    x_um, y_um = scales(measured(tmp_path, grey))
    assert x_um == pytest.approx(GUN.um_per_vpp, rel=0.01)
    assert y_um == pytest.approx(1037.0, rel=0.01)


def test_a_dark_aperture_is_as_good_as_a_bright_disc(tmp_path: Path) -> None:
    x_um, _ = scales(measured(tmp_path, np.asarray(255 - picture(), np.uint8)))
    assert x_um == pytest.approx(GUN.um_per_vpp, rel=0.005)


def test_a_target_that_leans_is_seen_shorter(tmp_path: Path) -> None:
    lean = GunSettings(um_per_vpp=1163.0, um_per_vpp_y=1037.0 / math.sin(math.radians(60)), spot_um=150.0)
    _, y_um = scales(measured(tmp_path, picture(lean, middle_um=(0.0, 0.0)), facing_deg=60.0))
    assert y_um == pytest.approx(1037.0, rel=0.01)


def test_a_part_of_the_sawtooth_counts_as_a_part(tmp_path: Path) -> None:
    x_um, y_um = scales(measured(tmp_path, picture(), x_shown=0.9, y_shown=0.8))
    assert x_um == pytest.approx(GUN.um_per_vpp / 0.9, rel=0.005)
    assert y_um == pytest.approx(1037.0 / 0.8, rel=0.005)


@pytest.mark.parametrize(
    ("grey", "why"),
    [
        (np.random.default_rng(0).integers(0, 255, (300, 300), np.uint8), "differs|round|ellipse|cut off"),
        (np.full((300, 300), 7, np.uint8), "differs"),
        (picture(vpp=(2.7, 3.0)), "cut off"),
        (cv2.rectangle(np.zeros((300, 300), np.uint8), (40, 120), (260, 150), 255, -1), "round|ellipse"),
        (np.zeros((20, 20), np.uint8), "smaller"),
    ],
)
def test_what_shows_no_whole_round_target_is_refused(tmp_path: Path, grey: Picture, why: str) -> None:
    with pytest.raises(NoTarget, match=why):
        fit_ellipse(grey)
    result = measured(tmp_path, grey)
    assert not result.verdict.good and result.values == () and result.residuals


@given(st.binary(max_size=400))
@settings(max_examples=30, deadline=None)
def test_a_hostile_file_is_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "target.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    run = TinyRun.make(folder)
    with pytest.raises(SettingsError):
        measure(bench_on(None, run.plan, folder / "sitting"), RasterSettings(picture=str(path)))


def test_a_missing_picture_is_said(tmp_path: Path) -> None:
    bench = bench_on(None, TinyRun.make(tmp_path).plan, tmp_path / "sitting")
    with pytest.raises(SettingsError, match=r"no picture of the target is named.*setting picture"):
        measure(bench, RasterSettings(picture=""))
    with pytest.raises(SettingsError, match=r"nowhere\.tif: there is no such picture"):
        measure(bench, RasterSettings(picture=str(tmp_path / "nowhere.tif")))


def test_it_needs_nothing_of_the_instrument_and_the_profile_takes_it(tmp_path: Path) -> None:
    assert not PROCEDURE.needs
    run = TinyRun.make(tmp_path)
    values = dict(zip(KEYS, (1163.0, 1037.0), strict=True))
    assert with_values(run.plan.instrument, values).mill.raster_um_per_vpp == (1163.0, 1037.0)
