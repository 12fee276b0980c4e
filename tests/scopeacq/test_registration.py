from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.types import FrameSettings, Image, StagePose
from scopeacq.plan.geometry import Point, Rigid, turn
from scopeacq.plan.project import RegistrationSettings
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Fiducial
from scopeacq.vision.registration import (
    RegistrationRefused,
    Sighting,
    View,
    WaferFit,
    displacement,
    fit_wafer,
    register_wafer,
    renewed,
)
from tests.scopeacq.scenes import Scene, texture

SETTINGS = RegistrationSettings()
CENTRE = (3000.0, -2000.0)
SECTION_FRAME = FrameSettings(768, 768, 20.0, 50.0)
TISSUE = texture(1, 1600)
DEEPER = texture(2, 1600)


def scene(age: float = 0.0, blur_px: float = 0.0) -> Scene:
    """A section; ``age`` turns its content into another: 0 is the same slice, 1 an unrelated one."""
    mixed = math.cos(age * math.pi / 2) * TISSUE + math.sin(age * math.pi / 2) * DEEPER
    blurred = cv2.GaussianBlur(mixed, (0, 0), blur_px) if blur_px else mixed
    return Scene(blurred.astype(np.float32), 0.02, CENTRE)


def view(what: Scene, truth: Rigid, scan_rot_deg: float = 0.0, seed: int = 0, noise: float = 1.0) -> View:
    """A view of the section's centre by a program that believes the wafer to lie at the identity."""
    frame = replace(SECTION_FRAME, scan_rot_deg=scan_rot_deg)
    stage = StagePose(*CENTRE, 0.0, 0.0, 0.0)
    return View.of(what.frame(frame, stage, truth, noise, seed), Rigid())


def moved(dx_um: float, dy_um: float, rotation_deg: float) -> Rigid:
    """The wafer turned about the section's centre and shifted."""
    return Rigid.about(CENTRE, rotation_deg, (dx_um, dy_um))


@settings(max_examples=15)
@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(-0.3, 0.3), st.sampled_from([0.0, 30.0, 90.0, 200.0]))
def test_a_section_is_found_where_it_truly_lies(
    dx_um: float, dy_um: float, rotation_deg: float, scan_rot_deg: float
) -> None:
    reference = view(scene(), Rigid(), scan_rot_deg)
    later = view(scene(age=0.3, blur_px=2.0), moved(dx_um, dy_um, rotation_deg), scan_rot_deg, seed=1)
    found = displacement(later, reference, CENTRE, SETTINGS)
    assert math.dist((found.dx_um, found.dy_um), (dx_um, dy_um)) < 0.1
    # noise turns the answer by 0.018 degrees (sd of 80 draws), which shifts a tile's corner by some nm
    assert found.rotation_deg == pytest.approx(rotation_deg, abs=0.08)


def test_a_reference_taken_elsewhere_does_not_shift_the_answer() -> None:
    """The reference may have been off centre itself, as long as its view says so."""
    frame = scene().frame(
        SECTION_FRAME, StagePose(CENTRE[0] + 2.0, CENTRE[1] - 1.0, 0.0, 0.0, 0.0), Rigid()
    )
    later = view(scene(), moved(0.5, 0.7, 0.0), seed=1)
    found = displacement(later, View.of(frame, Rigid()), CENTRE, SETTINGS)
    assert (found.dx_um, found.dy_um) == pytest.approx((0.5, 0.7), abs=0.05)


def test_beam_shift_is_part_of_where_a_view_lies() -> None:
    frame = scene().frame(SECTION_FRAME, StagePose(*CENTRE, 0.0, 0.0, 0.0), Rigid())
    shifted = View.of(frame, Rigid(), (1.5, -0.5))
    found = displacement(shifted, View.of(frame, Rigid()), CENTRE, SETTINGS)
    assert (found.dx_um, found.dy_um) == pytest.approx((1.5, -0.5), abs=0.02)


def test_an_unrelated_image_is_refused() -> None:
    with pytest.raises(RegistrationRefused, match="correlation"):
        displacement(view(scene(age=1.0), Rigid(), seed=1), view(scene(), Rigid()), CENTRE, SETTINGS)


def test_a_reference_of_another_pixel_size_is_refused() -> None:
    reference = view(scene(), Rigid())
    other = View(reference.image, reference.to_wafer * (2.0, 2.0, 1.0))
    with pytest.raises(RegistrationRefused, match="pixels of 40"):
        displacement(view(scene(), Rigid()), other, CENTRE, SETTINGS)


# -- the wafer -------------------------------------------------------------------------

FIDUCIAL_FRAME = FrameSettings(768, 768, 40.0, 100.0)
CORNERS = {"A": (-3000.0, -2000.0), "B": (3000.0, -2500.0), "C": (2500.0, 2800.0), "D": (-2600.0, 2400.0)}
FIDUCIALS = [Fiducial(name, centre) for name, centre in CORNERS.items()]


@cache
def mark(fiducial: Fiducial) -> Scene:
    """A cross on a rough surface, different for each fiducial."""
    field = 0.4 * texture(len(fiducial.id) + ord(fiducial.id), 1800)
    middle = len(field) // 2
    field[middle - 150 : middle + 150, middle - 20 : middle + 20] += 3.0
    field[middle - 20 : middle + 20, middle - 150 : middle + 150] += 3.0
    return Scene(field, 0.04, fiducial.centre_um)


def look_at(truth: Rigid, fiducial: Fiducial, believed: Rigid, seed: int = 0) -> View:
    stage = StagePose(*believed.apply(fiducial.centre_um), 0.0, 0.0, 0.0)
    return View.of(mark(fiducial).frame(FIDUCIAL_FRAME, stage, truth, 1.0, seed), believed)


REFERENCES = {f.id: look_at(Rigid(), f, Rigid()) for f in FIDUCIALS}


@pytest.mark.parametrize("truth", [Rigid(8.0, -6.0, 0.05), Rigid(-3.0, 2.0, -0.08), Rigid(0.0, 0.0, 0.0)])
def test_the_wafer_is_found_after_a_mill(truth: Rigid) -> None:
    fit = register_wafer(
        FIDUCIALS, Rigid(), REFERENCES, lambda f, believed: look_at(truth, f, believed, 1), SETTINGS
    )
    assert set(fit.used) == set(CORNERS)
    for point in CORNERS.values():
        assert math.dist(fit.wafer_to_stage.apply(point), truth.apply(point)) < 0.1


def test_a_fiducial_that_is_gone_is_left_out() -> None:
    truth = Rigid(4.0, 5.0, 0.03)

    def look(fiducial: Fiducial, believed: Rigid) -> View:
        seen = look_at(truth, fiducial, believed, 1)
        bare = np.random.default_rng(0).integers(2, 8, seen.image.shape, dtype=np.uint8)
        return View(bare, seen.to_wafer) if fiducial.id == "C" else seen

    fit = register_wafer(FIDUCIALS, Rigid(), REFERENCES, look, SETTINGS)
    assert set(fit.used) == {"A", "B", "D"}
    assert math.dist(fit.wafer_to_stage.apply(CORNERS["C"]), truth.apply(CORNERS["C"])) < 0.3


def test_without_fiducials_found_the_wafer_is_refused() -> None:
    def look(fiducial: Fiducial, believed: Rigid) -> View:
        return View(np.full((768, 768), 5, dtype=np.uint8), look_at(Rigid(), fiducial, believed).to_wafer)

    with pytest.raises(RegistrationRefused, match="Too few fiducials"):
        register_wafer(FIDUCIALS, Rigid(), REFERENCES, look, SETTINGS)


def sightings(truth: Rigid, errors: dict[str, Point]) -> list[Sighting]:
    def seen(fiducial: Fiducial) -> Point:
        x, y = truth.apply(fiducial.centre_um)
        dx, dy = errors.get(fiducial.id, (0.0, 0.0))
        return x + dx, y + dy

    return [Sighting(f, seen(f)) for f in FIDUCIALS]


def test_one_outlier_is_dropped() -> None:
    truth = Rigid(1.0, 2.0, 0.1)
    fit = fit_wafer(sightings(truth, {"B": (0.0, 14.0)}), 0.0, 3.0)
    assert set(fit.used) == {"A", "C", "D"}
    assert fit.wafer_to_stage.rotation_deg == pytest.approx(0.1, abs=1e-6)


def test_contradicting_fiducials_are_refused() -> None:
    with pytest.raises(RegistrationRefused, match="residual"):
        fit_wafer(sightings(Rigid(), {"B": (0.0, 14.0), "C": (-20.0, 0.0)}), 0.0, 3.0)


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-5, 5))
def test_a_single_sighting_keeps_the_rotation(x_um: float, y_um: float, rotation_deg: float) -> None:
    truth = Rigid(*turn((x_um, y_um), 0.0), rotation_deg)
    fit = fit_wafer(sightings(truth, {})[:1], rotation_deg, 3.0)
    assert math.dist(fit.wafer_to_stage.apply((100.0, 7.0)), truth.apply((100.0, 7.0))) < 1e-6


rough = cache(texture)


def worn(fiducial: Fiducial, cycle: int) -> Scene:
    """A mark after so many mills: a rough surface that turns into another one within eight cycles."""
    angle, seed = cycle * math.pi / 16, 10 * ord(fiducial.id)
    field = math.cos(angle) * rough(seed, 1400) + math.sin(angle) * rough(seed + 1, 1400)
    return Scene(field.astype(np.float32), 0.04, fiducial.centre_um)


def test_marks_that_wear_away_are_followed_and_what_the_stage_misses_does_not_add_up() -> None:
    rng = np.random.default_rng(5)
    cycle, on_stage = 0, dict[str, View]()

    def truth() -> Rigid:
        return Rigid(0.8 * cycle, -0.5 * cycle, 0.01 * cycle)

    def look(fiducial: Fiducial, believed: Rigid) -> View:
        """The stage stands 0.4 um from where it says."""
        x_um, y_um = believed.apply(fiducial.centre_um)
        miss_x_um, miss_y_um = rng.normal(0.0, 0.4, 2)
        stage = StagePose(x_um + miss_x_um, y_um + miss_y_um, 0.0, 0.0, 0.0)
        frame = worn(fiducial, cycle).frame(FIDUCIAL_FRAME, stage, truth(), 1.0, cycle)
        says = replace(frame, stage=StagePose(x_um, y_um, 0.0, 0.0, 0.0))
        seen = View.of(says, believed)
        on_stage[fiducial.id] = seen.moved(believed)
        return seen

    first = {f.id: look(f, Rigid()) for f in FIDUCIALS}
    references, errors_um = dict(first), []
    for cycle in range(1, 9):  # noqa: B007
        fit = register_wafer(FIDUCIALS, Rigid(), references, look, SETTINGS)
        errors_um.append(math.dist(fit.wafer_to_stage.apply((0.0, 0.0)), truth().apply((0.0, 0.0))))
        references.update(renewed(fit, on_stage, SETTINGS))
    assert max(errors_um) < 0.8
    with pytest.raises(RegistrationRefused, match="correlation"):
        register_wafer(FIDUCIALS, Rigid(), first, look, SETTINGS)


@pytest.mark.parametrize(("residual_um", "correlation"), [(1.6, 0.9), (0.2, 0.2)])
def test_an_unsure_fit_renews_nothing(residual_um: float, correlation: float) -> None:
    fit = WaferFit(Rigid(), residual_um, ("A",), (correlation,))
    assert renewed(fit, REFERENCES, SETTINGS) == {}


# -- files -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_view_survives_its_file(tmp_path: Path, dtype: type) -> None:
    image: Image = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(dtype)
    before = View(image, np.array([[0.02, 0.001, 5.0], [0.001, -0.02, -7.5]]))
    (tmp_path / "a.tif").write_bytes(before.to_tiff())
    after = View.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(after.image, image)
    np.testing.assert_array_equal(after.to_wafer, before.to_wafer)
    assert after.image.dtype == dtype


def test_a_damaged_reference_is_refused_in_a_sentence(tmp_path: Path) -> None:
    good = View(np.zeros((64, 64), dtype=np.uint8), np.zeros((2, 3))).to_tiff()
    broken = {
        "missing": None,
        "empty": b"",
        "cut": good[:100],
        "text": b"hello",
        "where": good.replace(b"to_wa", b"xx_wa"),
    }
    for name, content in broken.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(SettingsError, match=name):
            View.read(tmp_path / name)
