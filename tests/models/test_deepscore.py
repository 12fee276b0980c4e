"""DeepScore with the weights that are shipped, on ray-traced images."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.blur_network import BlurNet
from models.deepscore import DeepScore
from models.estimate import Sharp
from models.log_polar import LogPolarSpectra
from models.weights import WeightsError
from scopeacq.plan.project import QualitySettings
from scopeacq.vision.quality import sharp_limit_um
from tests.models.scenes import Microscope, noise_pair, ray_traced_probe


@pytest.fixture(scope="module")
def deepscore() -> DeepScore:
    return DeepScore.load()


@pytest.fixture(scope="module")
def microscope() -> Microscope:
    return Microscope(width_px=960, height_px=960)


@pytest.mark.parametrize("direction", [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, 0, 1), (0.6, -0.8, 0)])
def test_score_grows_with_the_blur_and_is_in_um(deepscore, microscope, direction):
    """Within twice the uncertainty that it states: blur alike in all directions may be softness."""
    residuals = np.array([0.5, 3.0, 6.0, 12.0])
    seen = [deepscore.assess(microscope.image(r * np.array(direction), 3), 10.0) for r in residuals]
    scores = [s.blur_um for s in seen]
    assert scores == sorted(scores)
    np.testing.assert_array_less(np.abs(scores - residuals), [2 * s.sd_um for s in seen])


@pytest.mark.parametrize("dwell_ns", [50.0, 200.0, 800.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_verdicts_hold_at_any_dwell_time(deepscore, seed, dwell_ns):
    microscope = Microscope(seed, width_px=960, height_px=768, dwell_ns=dwell_ns)

    def verdict(*aberration_um: float) -> Sharp:
        return deepscore.assess(microscope.image(np.array(aberration_um), 0), 10.0).sharp

    assert verdict(0.1, -0.1, 0.1) is not Sharp.NO
    assert verdict(3.0, 0.0, 0.0) is not Sharp.YES
    assert verdict(1.5, 2.0, 1.0) is Sharp.NO
    assert verdict(10.0, 0.0, 0.0) is Sharp.NO


@pytest.mark.parametrize("seed", [0, 1])
def test_what_a_specimen_scores_in_focus_tells_sharp_from_unsharp(deepscore, seed):
    microscope = Microscope(seed, width_px=960, height_px=960, dwell_ns=100.0)

    def score(*aberration_um: float) -> float:
        return deepscore.score(microscope.image(np.array(aberration_um), 0), 10.0)

    limit_um = sharp_limit_um(QualitySettings(), score(0.1, 0.2, -0.1))
    assert score(0.4, -0.4, 0.3) < limit_um
    assert score(1.6, -1.2, 0.8) > limit_um


def test_one_image_tells_defocus_and_astigmatism_only_as_an_unordered_pair(deepscore, microscope):
    """Exchanging their sizes leaves the width of the probe in every direction, and so the power."""
    one, other = np.array([5.0, 2.0, 0.0]), np.array([2.0, 5.0, 0.0])
    widths = [_widths(ray_traced_probe(*aberration)) for aberration in (one, other)]
    np.testing.assert_allclose(*widths, rtol=0.02)
    seen = [deepscore.assess(microscope.image(aberration, 1), 10.0) for aberration in (one, other)]
    assert seen[0].larger_um == pytest.approx(seen[1].larger_um, rel=0.1)
    assert seen[0].larger_um == pytest.approx(5.0, rel=0.25)
    assert seen[0].smaller_um == pytest.approx(2.0, abs=1.0)


def _widths(probe: np.ndarray) -> np.ndarray:
    """Rms widths of a probe along directions 30 degrees apart."""
    reach = probe.shape[0] // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    angles = np.radians(np.arange(0, 180, 30))
    return np.sqrt([((math.cos(a) * x + math.sin(a) * y) ** 2 * probe).sum() for a in angles])


@pytest.mark.parametrize("aberration_um", [(0.0, 0.0, 0.0), (4.0, -3.0, 0.0)])
def test_a_score_says_how_certain_it_is(deepscore, aberration_um):
    image = Microscope(1, width_px=960, height_px=768).image(np.array(aberration_um), 2)
    seen = deepscore.assess(image, 10.0)
    assert abs(seen.blur_um - np.linalg.norm(aberration_um)) < 3 * seen.sd_um
    assert seen.sd_um < 0.5 + 0.4 * seen.blur_um
    assert 0.0 <= seen.inside <= 1.0


def test_the_same_image_is_less_blurred_on_a_machine_of_larger_convergence(microscope):
    image = microscope.image(np.array([6.0, 0.0, 0.0]), 0)
    home, wide = (DeepScore.load(convergence_mrad=mrad).score(image, 10.0) for mrad in (8.9, 12.0))
    assert wide / home == pytest.approx(8.9 / 12.0, rel=0.15)


def test_nothing_to_score_without_texture(deepscore):
    assert math.isnan(deepscore.score(noise_pair()[0], 10.0))
    empty = deepscore.assess(np.full((512, 512), 80, np.uint8), 10.0)
    assert math.isnan(empty.blur_um)
    assert empty.sharp is Sharp.CANNOT_TELL


def test_bare_area_hardly_changes_the_score(deepscore, microscope):
    image = microscope.image(np.array([3.0, 3.0, 0.0]), 0)
    whole = deepscore.score(image, 10.0)
    image[:, 500:] = noise_pair(shape=image.shape)[0][:, 500:]
    assert deepscore.score(image, 10.0) == pytest.approx(whole, rel=0.25)


def test_polarity_and_bit_depth_do_not_matter(deepscore, microscope):
    image = microscope.image(np.array([3.0, 1.0, 0.0]), 0)
    whole = deepscore.score(image, 10.0)
    for same in (255 - image, image.astype(np.uint16) * 257, image.astype(np.float32) / 255):
        assert deepscore.score(same, 10.0) == pytest.approx(whole, rel=1e-3)


def test_finer_pixels_are_averaged(deepscore, microscope):
    image = microscope.image(np.array([4.0, 0.0, 0.0]), 0)
    fine = image.repeat(2, axis=0).repeat(2, axis=1)
    assert deepscore.score(fine, 5.0) == pytest.approx(deepscore.score(image, 10.0), abs=0.01)


def test_coarse_pixels_measure_large_blurs_and_call_nothing_sharp(deepscore, microscope):
    """The same blur in pixels of 30 nm is three times as large; small ones hide in a pixel."""
    image = microscope.image(np.array([6.0, 0.0, 0.0]), 0)
    assert deepscore.score(image, 30.0) == pytest.approx(3 * deepscore.score(image, 10.0), rel=0.01)
    in_focus = microscope.image(np.zeros(3), 0)
    assert deepscore.assess(in_focus, 30.0).sharp is Sharp.CANNOT_TELL


@pytest.mark.parametrize("pixel_size_nm", [100.0, 0.0, -10.0, math.nan])
def test_pixels_of_no_focus_image_are_refused(deepscore, pixel_size_nm):
    with pytest.raises(ValueError, match="to 60 nm"):
        deepscore.score(np.zeros((512, 512), np.uint8), pixel_size_nm)


def test_small_images_are_refused(deepscore):
    with pytest.raises(ValueError, match="at least 256 px"):
        deepscore.score(np.zeros((100, 512), np.uint8), 10.0)


def test_a_convergence_outside_the_training_is_refused():
    with pytest.raises(WeightsError, match="5 to 14 mrad"):
        DeepScore.load(convergence_mrad=20.0)


def test_spectra_of_noise_are_flat_and_those_of_a_wave_lie_where_it_points():
    spectra = LogPolarSpectra(BlurNet.patch_px, BlurNet.angles, BlurNet.radii)
    noise = torch.randn((30, 256, 256), generator=torch.Generator().manual_seed(0))
    assert spectra(2.0 * noise).mean(0).numpy() == pytest.approx(4.0, rel=0.15)
    rows, columns = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    wave = torch.cos(2 * math.pi / 256 * (40 * columns + 40 * rows))
    angle, radius = divmod(int(spectra(wave[None]).argmax()), BlurNet.radii)
    assert math.degrees(spectra.angle[angle]) == pytest.approx(45.0, abs=7.5)
    assert float(spectra.k[radius]) == pytest.approx(2 * math.pi / 256 * 56.6, rel=0.12)


def test_mirrored_images_are_judged_alike(deepscore, microscope):
    """But for the window, which is even about a pixel and not about the middle of a patch."""
    image = microscope.image(np.array([1.0, 2.0, -1.0]), 0)
    seen = [deepscore.assess(same, 10.0) for same in (image, image[::-1], image[:, ::-1])]
    for same in seen[1:]:
        assert same.blur_um == pytest.approx(seen[0].blur_um, rel=1e-3)
        assert same.inside == pytest.approx(seen[0].inside, rel=2e-2)


def test_turned_and_mirrored_spectra_are_judged_alike():
    """By what physics does not tell apart; turns go by cells, and the fast axis turns along."""
    network = BlurNet().eval()
    power = torch.rand((1, *network.spectra.shape), generator=torch.Generator().manual_seed(0)) + 0.1
    one = torch.ones(1)
    fast_axis = network.spectra.angle.clone()
    seen = network.judge(power, one, one)
    for turn in (1, 2, 3, 5):
        network.spectra.angle = fast_axis.roll(turn)
        turned = network.judge(power.roll(turn, 1), one, one)
        torch.testing.assert_close(turned.sizes, seen.sizes)
        torch.testing.assert_close(turned.inside, seen.inside)
    network.spectra.angle = fast_axis
    torch.testing.assert_close(network.judge(power.flip(1), one, one).inside, seen.inside)


def test_a_larger_field_makes_it_no_less_certain(deepscore):
    small, large = (
        replace(Microscope(0, dwell_ns=50.0), width_px=width, height_px=height)
        for width, height in ((384, 384), (1024, 768))
    )
    sds = [deepscore.assess(m.image(np.array([4.0, 0.0, 0.0]), 0), 10.0).sd_um for m in (small, large)]
    assert sds[1] < 1.1 * sds[0]
