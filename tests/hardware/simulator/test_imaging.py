"""Image formation: the probe has the set size and axis, noise follows dose, grey values fit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from hardware.simulator.imaging import BLACK_LEVEL, ColumnPhysics, Scene, View, dark_frame, expose
from hardware.simulator.specimen import SectionSpec, WaferSpecimen, demo_wafer
from hardware.simulator.texture import ProceduralTexture
from hardware.types import FrameSettings, Image

Doubles = NDArray[np.float64]
MANY_ELECTRONS_NS = 1e7
IDEAL = ColumnPhysics(detector_response_ns=0.0)


@dataclass(frozen=True)
class Uniform:
    """Tissue without texture."""

    level: float = 1.0
    charges: float = 0.0

    def signal(self, x_um: ArrayLike, y_um: ArrayLike, removed_nm: ArrayLike) -> NDArray[np.float32]:
        return np.full(np.shape(x_um), self.level, np.float32)

    def charging(self, x_um: ArrayLike, y_um: ArrayLike) -> Doubles:
        return np.asarray(self.charges)


@dataclass(frozen=True)
class Point(Uniform):
    """One bright dot, a Gaussian of 5 nm rms."""

    x_um: float = 0.0
    y_um: float = 0.0
    height: float = 1.0
    rms_um: float = 0.005

    def signal(self, x_um: ArrayLike, y_um: ArrayLike, removed_nm: ArrayLike) -> NDArray[np.float32]:
        squared = (np.asarray(x_um) - self.x_um) ** 2 + (np.asarray(y_um) - self.y_um) ** 2
        return (self.height * np.exp(-0.5 * squared / self.rms_um**2)).astype(np.float32)


def view(settings: FrameSettings, z_um: float = 0.0, ax_um: float = 0.0, ay_um: float = 0.0) -> View:
    """A frame centred on the wafer's origin, unrotated: x right, y up."""
    pixel_um = settings.pixel_size_nm * 1e-3
    left, top = 0.5 * (settings.width_px - 1) * pixel_um, 0.5 * (settings.height_px - 1) * pixel_um
    to_wafer = np.array([[pixel_um, 0.0, -left], [0.0, -pixel_um, top]])
    return View(settings, to_wafer, z_um, ax_um, ay_um, probe_current_na=1.8)


def take(
    seen: View, scene: Scene, physics: ColumnPhysics = IDEAL, removed_nm: float = 0.0, seed: int = 0
) -> Image:
    rng = np.random.default_rng(seed)
    return expose(seen, scene, lambda x, y: removed_nm, physics, 1.0, 0.0, rng)


def probe_moments(z_um: float, ax_um: float, ay_um: float, physics: ColumnPhysics = IDEAL) -> Doubles:
    """Covariance [um^2] of the probe over image columns and rows, from the picture of a dot."""
    settings = FrameSettings(160, 160, 4.0, MANY_ELECTRONS_NS, bit_depth=16)
    radius_um = physics.convergence_mrad * 1e-3 * (abs(z_um) + math.hypot(ax_um, ay_um))
    bright = Point(height=0.5 * (1 + (radius_um / Point.rms_um) ** 2 / 2))
    image = take(view(settings, z_um, ax_um, ay_um), bright, physics) - BLACK_LEVEL * 65535
    row, column = (np.mgrid[0:160, 0:160] - 79.5) * 0.004
    image[np.hypot(row, column) > radius_um + 0.05] = 0
    image /= image.sum()
    moments = np.array([[(image * a * b).sum() for b in (column, row)] for a in (column, row)])
    return moments - np.eye(2) * (Point.rms_um**2 + physics.floor_um**2)


@pytest.mark.parametrize("z_um", [-20.0, -8.0, 5.0, 12.0])
@pytest.mark.parametrize("convergence_mrad", [6.0, 8.9])
def test_probe_is_a_disk_of_the_set_radius(z_um: float, convergence_mrad: float) -> None:
    physics = replace(IDEAL, convergence_mrad=convergence_mrad)
    # a uniform disk of radius r has a variance of r^2 / 4 along each axis
    moments = probe_moments(z_um, 0.0, 0.0, physics)
    radius_um = convergence_mrad * 1e-3 * abs(z_um)
    assert 2 * math.sqrt(moments[0, 0]) == pytest.approx(radius_um, rel=0.03)
    assert 2 * math.sqrt(moments[1, 1]) == pytest.approx(radius_um, rel=0.03)


def test_probe_is_uniform_inside_and_empty_outside() -> None:
    settings = FrameSettings(160, 160, 4.0, MANY_ELECTRONS_NS, bit_depth=16)
    image = take(view(settings, z_um=20.0), Point(height=600.0)) - BLACK_LEVEL * 65535
    row, column = (np.mgrid[0:160, 0:160] - 79.5) * 0.004
    radius = np.hypot(row, column) / (8.9e-3 * 20.0)
    inside, outside = image[radius < 0.85], image[radius > 1.15]
    assert inside.std() < 0.05 * inside.mean()
    assert abs(outside.mean()) < 0.005 * inside.mean()


@pytest.mark.parametrize("axis_deg", [0, 30, 45, 90, 120])
@pytest.mark.parametrize("z_um", [8.0, -8.0])
def test_astigmatic_probe_is_long_where_set_and_turns_through_focus(axis_deg: int, z_um: float) -> None:
    """Astigmatism (cos 2a, sin 2a): long along the angle a above focus, across it below."""
    astig_um, double = 3.0, math.radians(2 * axis_deg)
    moments = probe_moments(z_um, astig_um * math.cos(double), astig_um * math.sin(double))
    variances, axes = np.linalg.eigh(moments)
    long_deg = math.degrees(math.atan2(axes[1, 1], axes[0, 1]))
    expected_deg = axis_deg if z_um > 0 else axis_deg + 90
    assert abs((long_deg - expected_deg + 90) % 180 - 90) < 2
    semi_axes = 2 * np.sqrt(variances)
    np.testing.assert_allclose(semi_axes, 8.9e-3 * np.array([5.0, 11.0]), rtol=0.04)


@pytest.fixture(scope="module")
def tissue() -> WaferSpecimen:
    return demo_wafer(2, 1, ProceduralTexture(2, 256))


def likeness(tissue: WaferSpecimen, ax_um: float = 0.0, spherical_um: float = 0.0) -> float:
    """Correlation of two frames of the same tissue at 8 um above and below focus."""
    settings = FrameSettings(400, 300, 10.0, MANY_ELECTRONS_NS, bit_depth=16)
    physics = replace(IDEAL, spherical_um=spherical_um, charging_streak=0.0)
    plus, minus = (take(view(settings, z, ax_um), tissue, physics, 50.0) for z in (8.0, -8.0))
    return float(np.corrcoef(plus.ravel(), minus.ravel())[0, 1])


def test_over_and_underfocus_look_alike_only_without_other_aberrations(tissue: WaferSpecimen) -> None:
    assert likeness(tissue) > 0.999
    assert likeness(tissue, ax_um=6.0) < 0.95
    assert likeness(tissue, spherical_um=8.0) < 0.95


def test_noise_follows_dose() -> None:
    """Poisson: the relative variance is one over the detected quanta, 0.127 per electron."""
    for dwell_ns in (50.0, 100.0, 200.0, 400.0):
        settings = FrameSettings(512, 512, 10.0, dwell_ns, bit_depth=16)
        image = take(view(settings), Uniform()) - BLACK_LEVEL * 65535
        quanta = 0.127 * 1.8e-9 * dwell_ns * 1e-9 / 1.602176634e-19
        assert image.mean() == pytest.approx(140 / 255 * 65535, rel=2e-3)
        assert image.var() / image.mean() ** 2 == pytest.approx(1 / quanta, rel=0.03)


def test_noise_is_white_without_detector_lag_and_correlated_along_rows_with_it() -> None:
    settings = FrameSettings(512, 512, 10.0, 50.0, bit_depth=16)
    for response_ns, expected in ((0.0, 0.0), (60.0, math.exp(-50 / 60))):
        image = take(view(settings), Uniform(), replace(IDEAL, detector_response_ns=response_ns))
        noise = image - image.mean()
        along = (noise[:, 1:] * noise[:, :-1]).mean() / noise.var()
        down = (noise[1:] * noise[:-1]).mean() / noise.var()
        assert along == pytest.approx(expected, abs=0.02)
        assert down == pytest.approx(0.0, abs=0.02)


def test_tissue_has_grey_values_an_operator_would_choose(tissue: WaferSpecimen) -> None:
    for dwell_ns in (50.0, 100.0, 200.0):
        image = take(view(FrameSettings(512, 512, 10.0, dwell_ns)), tissue, ColumnPhysics(), 50.0)
        assert image.dtype == np.uint8
        assert 120 < image.mean() < 165
        assert np.mean((image == 0) | (image == 255)) < 1e-3


def test_wafer_shows_dark_after_the_whole_thickness(tissue: WaferSpecimen) -> None:
    settings = FrameSettings(256, 256, 10.0, 100.0)
    assert take(view(settings), tissue, ColumnPhysics(), 190.0).mean() > 100
    for removed_nm in (200.0, 1000.0):
        assert take(view(settings), tissue, ColumnPhysics(), removed_nm).mean() < 10


def test_current_gain_and_offset_act_as_on_a_microscope() -> None:
    settings = FrameSettings(128, 128, 10.0, 200.0)
    seen = view(settings)
    mean = take(seen, Uniform()).mean()
    weak = take(replace(seen, probe_current_na=0.9), Uniform()).mean()
    assert weak - 3 == pytest.approx(0.5 * (mean - 3), rel=0.01)
    rng = np.random.default_rng(0)
    bright = expose(seen, Uniform(), lambda x, y: 0.0, IDEAL, 4.0, 0.0, rng)
    assert (bright == 255).mean() > 0.99
    lifted = expose(seen, Uniform(), lambda x, y: 0.0, IDEAL, 1.0, 0.2, rng)
    assert lifted.mean() == pytest.approx(mean + 0.2 * 255, abs=1)


def test_charging_draws_horizontal_streaks() -> None:
    settings = FrameSettings(512, 512, 10.0, 400.0)

    def row_to_row(charges: float) -> float:
        """Spread of averages over 32 pixels of a row: streaks are long and one line high."""
        image = take(view(settings), Uniform(charges=charges), ColumnPhysics()).astype(float)
        return float(image.reshape(512, 16, 32).mean(axis=2).std())

    none, weak, strong = (row_to_row(charges) for charges in (0.0, 0.25, 1.0))
    assert none < weak < 0.5 * strong


def test_well_irradiated_tissue_does_not_charge() -> None:
    spec = SectionSpec("S001", 0.0, 0.0, 0.0, irradiation_dose=1.0)
    conducting = WaferSpecimen([spec], [], ProceduralTexture(1, 128), seed=1)
    settings = FrameSettings(64, 64, 10.0, 100.0)
    calm, streaky = (
        take(view(settings), conducting, replace(IDEAL, charging_streak=streak)) for streak in (0.0, 0.5)
    )
    np.testing.assert_array_equal(calm, streaky)


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_dark_frame_holds_offset_and_read_noise_only(bit_depth: int) -> None:
    settings = FrameSettings(100, 50, 10.0, 100.0, bit_depth=bit_depth)
    frame = dark_frame(settings, 0.0, np.random.default_rng(0))
    assert frame.shape == (50, 100)
    assert frame.dtype == (np.uint8 if bit_depth == 8 else np.uint16)
    share = frame / (2**bit_depth - 1)
    assert 1 / 255 < share.mean() < 10 / 255
    assert 0 < share.std() < 2 / 255


@pytest.mark.parametrize("turn_deg", [0.0, 25.0, -140.0])
def test_a_point_of_the_wafer_appears_where_the_scan_looks(turn_deg: float) -> None:
    settings = FrameSettings(96, 64, 5.0, MANY_ELECTRONS_NS, bit_depth=16)
    c, s = 0.005 * math.cos(math.radians(turn_deg)), 0.005 * math.sin(math.radians(turn_deg))
    to_wafer = np.array([[c, s, 1200.5], [s, -c, -3400.25]])
    x_um, y_um = to_wafer @ (70.0, 20.0, 1.0)
    seen = View(settings, to_wafer, 3.0, 0.0, 0.0, probe_current_na=1.8)
    image = take(seen, Point(x_um=x_um, y_um=y_um, height=10.0)) - BLACK_LEVEL * 65535
    row, column = np.mgrid[0:64, 0:96]
    assert (image * column).sum() / image.sum() == pytest.approx(70.0, abs=0.1)
    assert (image * row).sum() / image.sum() == pytest.approx(20.0, abs=0.1)


def test_blur_brings_in_what_lies_outside_the_frame() -> None:
    """A dot beside the frame is blurred into it from its own side, not from the opposite one."""
    settings = FrameSettings(100, 100, 10.0, MANY_ELECTRONS_NS, bit_depth=16)
    image = take(view(settings, z_um=30.0), Point(x_um=0.6, height=2000.0, rms_um=0.01)).astype(float)
    assert image[40:60, 90:].mean() > 10 * image[40:60, :10].mean()


def test_same_seed_same_frame(tissue: WaferSpecimen) -> None:
    seen = view(FrameSettings(64, 48, 10.0, 100.0), 2.0, 1.0, -0.5)
    first, again, other = (take(seen, tissue, ColumnPhysics(), 10.0, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_wide_frames_grow_darker_away_from_the_axis() -> None:
    settings = FrameSettings(200, 150, 5000.0, MANY_ELECTRONS_NS)
    falloff = replace(IDEAL, falloff_per_mm2=0.5)
    image = take(view(settings), Uniform(), falloff).astype(float) - 255 * BLACK_LEVEL
    even = take(view(settings), Uniform(), IDEAL).astype(float) - 255 * BLACK_LEVEL
    corner_mm2 = (0.4975**2) + (0.3725**2)
    assert image[75, 100] == pytest.approx(even[75, 100], abs=1)
    assert image[0, 0] == pytest.approx(even[0, 0] * (1 - 0.5 * corner_mm2), abs=1.5)
    narrow = FrameSettings(200, 150, 10.0, MANY_ELECTRONS_NS)
    assert (take(view(narrow), Uniform(), falloff) == take(view(narrow), Uniform(), IDEAL)).all()
