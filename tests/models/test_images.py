"""What images are judged, and that those of one place are never taken for two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import affine_transform

from models.alignment import aligned
from models.images import (
    ImageFault,
    ImagesRefused,
    checked_image,
    checked_pair,
    coherence,
    require_one_place,
)
from models.spectra import binned
from tests.models.scenes import Microscope, noise_pair

QUICK = settings(max_examples=150, derandomize=True)
ANY_NUMBERS = st.one_of(
    hnp.integer_dtypes(endianness="="),
    hnp.unsigned_integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
    hnp.boolean_dtypes(),
    hnp.complex_number_dtypes(endianness="=", sizes=(64,)),
)
ANY_IMAGE = hnp.arrays(ANY_NUMBERS, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=40))


def fault_of(*images: object, least_px: int = 1) -> ImageFault | None:
    try:
        checked_pair(*images, least_px) if len(images) == 2 else checked_image(*images, least_px)
    except ImagesRefused as refused:
        assert str(refused).endswith(".") and ";" in str(refused), "what is wrong, and what to do"
        return refused.fault
    return None


def frame(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(120, 20, (96, 128)).clip(0, 255).astype(np.uint8)


def blank(shape: tuple[int, ...] = (96, 128), value: float = 0, dtype: type = np.uint8) -> np.ndarray:
    return np.full(shape, value, dtype)


BAD = {
    "three dimensions": (frame()[..., None], ImageFault.SHAPE),
    "empty": (blank((0, 5)), ImageFault.SHAPE),
    "too small": (frame()[:10], ImageFault.SHAPE),
    "complex": (frame() * 1j, ImageFault.NUMBERS),
    "yes and no": (frame() > 100, ImageFault.NUMBERS),
    "nan": (np.where(frame() == 120, np.nan, frame()), ImageFault.NOT_FINITE),
    "infinite": (np.where(frame() == 120, -np.inf, frame()), ImageFault.NOT_FINITE),
    "zeros": (blank(dtype=np.float64), ImageFault.BLACK),
    "no beam": (frame() // 100 + 2, ImageFault.BLACK),
    "no beam, 16 bits": ((frame() // 100).astype(np.uint16), ImageFault.BLACK),
    "constant": (blank(value=117), ImageFault.CONSTANT),
    "constant float": (blank(value=-0.3, dtype=np.float32), ImageFault.CONSTANT),
    "white": (blank(value=255), ImageFault.CONSTANT),
    "gain too high": (np.clip(frame() * 4.0, 0, 255).astype(np.uint8), ImageFault.SATURATED),
    "offset too low": (np.clip(frame() - 140.0, 0, 255).astype(np.uint8), ImageFault.SATURATED),
    "clipped float": (np.clip(frame() * 4.0, 0, 300), ImageFault.SATURATED),
}


@pytest.mark.parametrize("what", BAD)
def test_images_that_cannot_be_judged_are_refused_with_the_reason(what: str) -> None:
    image, fault = BAD[what]
    assert fault_of(image, least_px=64) is fault
    assert fault_of(image, image, least_px=64) is fault


def test_two_sizes_are_no_pair() -> None:
    assert fault_of(frame(), frame()[:, 1:]) is ImageFault.SHAPE


@pytest.mark.parametrize("scaled", [1, 257, 1e-30, 1e300, -1.0], ids=str)
def test_any_scale_and_polarity_is_the_same_image(scaled: float) -> None:
    grey = frame().astype(np.float64)
    one, other = checked_pair(grey * scaled, grey[::-1] * scaled)
    reference = (grey - grey.mean()) / grey.std()
    assert one.dtype == other.dtype == np.float32
    assert one == pytest.approx(np.sign(scaled) * reference, abs=1e-5)
    assert other == pytest.approx(one[::-1], abs=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_values_of_8_and_16_bits_are_kept(dtype: type) -> None:
    image = frame().astype(dtype)
    assert np.array_equal(checked_image(image), image)


def test_a_frame_that_is_clipped_in_parts_is_judged() -> None:
    """Bare wafer beside tissue is at the lower end of the scale, and so is a hole."""
    image = frame()
    image[:, :90] = 0
    assert fault_of(image) is None


@QUICK
@given(ANY_IMAGE)
def test_whatever_comes_is_refused_or_fit_for_judgement(image: np.ndarray) -> None:
    if fault_of(image) is not None:
        return
    judged = checked_image(image)
    assert judged.dtype == np.float32 and judged.shape == image.shape
    assert np.isfinite(judged).all()


@QUICK
@given(ANY_IMAGE, ANY_IMAGE)
def test_whatever_comes_in_pairs_has_one_shape_or_is_refused(one: np.ndarray, other: np.ndarray) -> None:
    if fault_of(one, other) is None:
        assert one.shape == other.shape
        assert all(np.isfinite(image).all() for image in checked_pair(one, other))


# -- pairs from different places -------------------------------------------------------


def one_place(plus: np.ndarray, minus: np.ndarray) -> bool:
    pair = aligned(binned(plus, 2), binned(minus, 2), (48, 48))
    try:
        require_one_place(*pair)
    except ImagesRefused as refused:
        assert refused.fault is ImageFault.UNRELATED
        return False
    return True


STATES = [(0.0, 0.0, 0.0), (3.0, 1.0, -2.0), (10.0, -12.0, 12.0), (30.0, -24.0, 24.0), (60.0, 0.0, 0.0)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("dwell_ns", [12.5, 50.0, 400.0])
def test_pairs_of_one_place_are_never_refused(state: tuple[float, ...], dwell_ns: float) -> None:
    assert one_place(*Microscope(dwell_ns=dwell_ns).pair(np.array(state)))


@pytest.mark.parametrize("state", STATES[:3])
@pytest.mark.parametrize("dwell_ns", [50.0, 200.0])
def test_pairs_from_two_places_are_refused(state: tuple[float, ...], dwell_ns: float) -> None:
    plus, _ = Microscope(seed=1, dwell_ns=dwell_ns).pair(np.array(state))
    _, minus = Microscope(seed=2, dwell_ns=dwell_ns).pair(np.array(state))
    assert not one_place(plus, minus)


def test_one_image_twice_is_one_place() -> None:
    image = Microscope().image(np.zeros(3), 0)
    assert one_place(image, image)


def test_nothing_is_said_where_there_is_nothing_to_compare() -> None:
    assert one_place(*noise_pair())
    plus = Microscope().image(np.zeros(3), 0)
    assert one_place(plus, noise_pair(shape=plus.shape)[0]), "one of them may be out of focus altogether"
    assert coherence(np.ones((20, 20), np.float32), np.eye(20, dtype=np.float32)) == (0.0, 0.0)


def test_lag_and_streaks_along_rows_are_no_structure() -> None:
    def streaky(image: np.ndarray) -> np.ndarray:
        image = image.astype(np.float32)
        for column in range(1, image.shape[1]):
            image[:, column] += 0.8 * image[:, column - 1]
        return image

    plus, minus = (streaky(image) for image in noise_pair())
    assert one_place(plus, minus)


def test_a_pair_that_drifted_while_it_was_scanned_is_one_place() -> None:
    plus, minus = Microscope(dwell_ns=50.0).pair(np.array([4.0, 0.0, 2.0]))
    sheared = affine_transform(minus.astype(np.float32), [[1, 0], [10 / minus.shape[0], 1]], mode="mirror")
    assert one_place(plus, sheared)
