"""Training images: physics, truth, noise by dose, and everything that befalls a share of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from hardware.optics import probe_otf
from models.training.detector import draw_exposure, exposed
from models.training.motion import drifted
from models.training.pairs import (
    LAG_PX,
    NO_EFFECTS,
    Effects,
    ImageBatch,
    Ranges,
    SimulatedImages,
    Span,
)
from models.training.probes import Filling, Frequencies, draw_fillings, draw_machines, transfer
from models.training.textures import TextureBank

BARE = Span(0.0, 1e-9)
QUIET = {
    "effects": NO_EFFECTS,
    "blank": 0.0,
    "gain_error": 0.0,
    "lag_ns": Span(1e-3, 2e-3),
    "gamma": Span(1.0, 1.0001),
}
BRIGHT = {"current_na": Span(1e4, 1.1e4)}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Small tensors on several threads spend their time waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def textures() -> TextureBank:
    return TextureBank(192, 12, seed=3, renewed=0)


def ranges(**changes: object) -> Ranges:
    settings = {"nominal_pixel_nm": 20.0, "pixel_nm": Span(18.0, 22.0), "binned": 2} | changes
    return Ranges(160, (5.0, -5.0), **settings)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def image_of(seen: Tensor, seed: int = 0, **changes: object) -> Tensor:
    r = ranges(**{**QUIET, **changes})
    rng = generator(seed)
    return exposed(seen.clone(), draw_exposure(r, len(seen), rng), r, rng)


def row_and_column_correlation(images: Tensor) -> tuple[float, float]:
    """Of neighbours along the fast axis and along the slow axis."""
    centred = images - images.mean((-2, -1), keepdim=True)
    variance = centred.square().mean()
    along = (centred[..., 1:] * centred[..., :-1]).mean() / variance
    across = (centred[..., 1:, :] * centred[..., :-1, :]).mean() / variance
    return float(along), float(across)


def test_the_same_seed_gives_the_same_images_and_another_seed_others(textures):
    one, again, other = (SimulatedImages(probe_otf, textures, ranges(), s).batch(20) for s in (5, 5, 6))
    for f in fields(ImageBatch):
        assert torch.equal(getattr(one, f.name), getattr(again, f.name))
    assert not torch.equal(one.images, other.images)
    assert one.images.shape == (20, 2, 160, 160)
    assert one.images.dtype == torch.float32


def test_images_are_made_on_the_device_that_is_named(textures):
    source = SimulatedImages(probe_otf, textures, ranges(), 5, torch.device("cpu"))
    assert source.rng.device.type == "cpu"
    if torch.cuda.is_available():
        assert SimulatedImages(probe_otf, textures, ranges(), 5, "cuda").batch(3).images.is_cuda


def test_what_the_program_knows_is_told(textures):
    batch = SimulatedImages(probe_otf, textures, ranges(convergence_error=0.0), 5).batch(64)
    assert float(batch.aberration_um[:, 0].abs().max()) <= 35.0
    assert float(batch.aberration_um[:, 1:].abs().max()) <= 32.0
    assert (
        6.0
        <= float(batch.convergence_mrad.min())
        < 8.0
        < 11.0
        < float(batch.convergence_mrad.max())
        <= 13.0
    )
    blur_px = batch.convergence_mrad * 5.0 / batch.pixel_nm
    torch.testing.assert_close(batch.blur_px, blur_px)
    doses = batch.dose_per_nm2 * (batch.pixel_nm / 2) ** 2 / 6.2415
    assert 50 * 0.3 <= float(doses.min()) < 50.0
    assert float(doses.max()) <= 800 * 2.0 * 1.001


def test_the_image_on_the_side_of_focus_is_the_sharper_one(textures):
    quiet = ranges(**{**QUIET, **BRIGHT}, contrast=Span(0.2, 0.21), defocus_um=20.0, astig_um=0.1)
    batch = SimulatedImages(probe_otf, textures, quiet, 6).batch(48)
    plus, minus = batch.images.std((-2, -1)).unbind(1)
    far = batch.aberration_um[:, 0].abs() > 2.0
    assert torch.equal((minus > plus)[far], (batch.aberration_um[:, 0] > 0)[far])


def test_half_of_the_aberrations_are_drawn_towards_zero():
    drawn = draw_machines(ranges(), 4000, generator()).aberration_um
    size = (drawn / torch.tensor([35.0, 32.0, 32.0])).abs().amax(1)
    assert 0.2 < float((size < 0.1).float().mean()) < 0.35
    assert 0.005 < float((drawn[:, 0].abs() < 0.1).float().mean()) < 0.1


@pytest.mark.parametrize("dwell_ns", [50.0, 400.0])
def test_noise_follows_the_dose(dwell_ns: float):
    bare = torch.zeros((2, 2, 160, 168))
    electrons = 1.7 * dwell_ns * 6.2415
    images = image_of(
        bare,
        dwell_ns=Span(dwell_ns, dwell_ns),
        current_na=Span(1.7, 1.7),
        quanta_per_electron=Span(0.1, 0.1),
    )
    assert float(images.mean()) == pytest.approx(1.0, abs=0.005)
    assert float(images.var()) == pytest.approx(1 / (0.1 * 4 * electrons), rel=0.02)
    assert row_and_column_correlation(images) == pytest.approx((0.0, 0.0), abs=0.02)


def test_a_slow_detector_smears_noise_along_the_fast_axis_only():
    kept = float(np.exp(-2 * 50.0 / 60.0))
    images = image_of(torch.zeros((2, 2, 160, 168)), dwell_ns=Span(50.0, 50.0), lag_ns=Span(60.0, 60.0))
    along, across = row_and_column_correlation(images)
    assert along == pytest.approx(kept, abs=0.02)
    assert across == pytest.approx(0.0, abs=0.02)


def test_charging_streaks_trail_along_the_fast_axis():
    charging = replace(NO_EFFECTS, charging=1.0, streak_px=Span(50.0, 50.0))
    images = image_of(torch.zeros((4, 2, 160, 168)), effects=charging, **BRIGHT)
    along, across = row_and_column_correlation(images)
    assert along > 0.9
    assert abs(across) < 0.2


def test_rows_flicker_and_neighbouring_rows_may_share_their_noise():
    bare = torch.zeros((4, 2, 160, 168))
    along, across = row_and_column_correlation(
        image_of(bare, effects=replace(NO_EFFECTS, flicker=1.0), **BRIGHT)
    )
    assert along > 0.8
    assert abs(across) < 0.2
    _, coloured = row_and_column_correlation(image_of(bare[:1], effects=replace(NO_EFFECTS, coloured=1.0)))
    assert 0.03 < abs(coloured) < 0.35


def test_shading_is_smooth_and_common_to_both_images_but_for_a_drift():
    images = image_of(torch.zeros((4, 2, 160, 168)), effects=replace(NO_EFFECTS, shaded=1.0), **BRIGHT)
    assert float(images.std()) > 0.02
    assert float(images.diff(dim=-1).abs().max()) < 0.02
    between = (images[:, 0] - images[:, 1]).std()
    assert float(between) < float(images.std())


def test_coarse_images_have_few_levels_and_clip():
    texture = torch.randn((4, 1, 160, 168), generator=generator())
    clipped = image_of(texture, effects=replace(NO_EFFECTS, coarse=1.0), contrast=Span(0.2, 0.21), **BRIGHT)
    for image in clipped:
        levels = image.unique()
        assert 10 < len(levels) < 400
        assert float((image == levels[-1]).float().mean()) > 1e-6


def test_an_inverted_signal_has_its_noise_in_the_dark():
    half = torch.ones((1, 2, 160, 168))
    half[..., 80:, :] = -1.0
    contrast = {"contrast": Span(0.3, 0.3001), "dwell_ns": Span(50.0, 50.0)}
    for inverted in (0.0, 1.0):
        image = image_of(half, effects=replace(NO_EFFECTS, inverted=inverted), **contrast)[0]
        upper, lower = image[:, :80], image[:, 80:]
        noise_in_the_bright = (upper.var() > lower.var()) == (upper.mean() > lower.mean())
        assert bool(noise_in_the_bright) == (inverted == 0.0)


def test_a_tilted_tile_has_its_truth_at_the_centre(textures):
    """Against tiles that are tilted by nothing: the same but for the tilt."""
    tilted, level = (
        SimulatedImages(
            probe_otf,
            textures,
            ranges(
                **{**QUIET, **BRIGHT, "effects": replace(NO_EFFECTS, tilted=1.0, slope=slope)},
                contrast=Span(0.2, 0.21),
                defocus_um=3.0,
                astig_um=1.0,
            ),
            7,
        ).batch(16)
        for slope in (0.15, 0.0)
    )
    assert torch.equal(tilted.aberration_um, level.aberration_um)
    difference = (tilted.images - level.images).square().mean((0, 1)).sqrt()
    at_centre = float(difference[75:85, 75:85].mean())
    at_corners = float(torch.stack([difference[:20, :20], difference[-20:, -20:]]).mean())
    assert at_corners > 3 * at_centre


def test_focus_with_spherical_aberration_is_where_a_pair_is_balanced():
    """Both images of a pair about the truth fall off alike from k = 0: the rms blurs agree."""
    r = ranges(defocus_um=1e-6, astig_um=1e-6)
    machines = draw_machines(r, 1, generator())
    seen = transfer(
        probe_otf,
        Frequencies.of(1024, torch.device("cpu")),
        machines,
        {0: Filling(spherical_um=3.0)},
    )[0]
    plus, minus = 1 - seen[:, 0, 1:6].double()
    torch.testing.assert_close(plus, minus, rtol=0.01, atol=1e-6)
    assert float((seen[0] - seen[1]).abs().max()) > 0.05


def test_odd_apertures_befall_their_share_and_are_of_every_kind():
    fillings = draw_fillings(ranges(), 4000, generator())
    assert len(fillings) / 4000 == pytest.approx(0.2 + 0.04, abs=0.02)
    drawn = list(fillings.values())
    assert any(f.spherical_um < -1 for f in drawn) and any(f.spherical_um > 1 for f in drawn)
    assert any(f.inner > 0.5 for f in drawn)
    assert any(np.isinf(f.falloff) and f.even == 0 for f in drawn)
    assert any(0 < f.falloff < 4 for f in drawn)
    assert any(0 < f.even < 1 for f in drawn)


def test_drift_of_nothing_changes_nothing_and_drift_leaves_the_rest_alone():
    smooth = torch.nn.functional.avg_pool2d(torch.randn((8, 2, 192, 192), generator=generator()), 5, 1, 2)
    still = replace(Effects(), drifting=1.0, shear=0.0, waver_px=0.0, turn_deg=0.0, magnification=0.0)
    torch.testing.assert_close(
        drifted(smooth, (160, 168), still, generator()), smooth[..., :160, :168], atol=1e-4, rtol=0
    )
    bent = drifted(smooth, (160, 168), replace(Effects(), drifting=0.5), generator(2))
    changed = (bent != smooth[..., :160, :168]).flatten(1).any(1)
    assert 1 <= int(changed.sum()) <= 7


def test_everything_at_once_stays_finite(textures):
    shares = {f.name: 1.0 for f in fields(Effects) if getattr(NO_EFFECTS, f.name) == 0.0}
    batch = SimulatedImages(probe_otf, textures, ranges(effects=replace(Effects(), **shares)), 8).batch(8)
    assert bool(torch.isfinite(batch.images).all())
    assert batch.images.shape == (8, 2, 160, 160)


def test_single_images_come_from_the_same_source(textures):
    single = replace(ranges(), perturbations_um=(0.0,))
    batch = SimulatedImages(probe_otf, textures, single, 5).batch(3)
    assert batch.images.shape == (3, 1, 160, 160)


def test_small_textures_are_refused():
    with pytest.raises(ValueError, match=f"at least {160 + LAG_PX} px"):
        SimulatedImages(probe_otf, TextureBank(64, 1, 0), ranges(), 0)
