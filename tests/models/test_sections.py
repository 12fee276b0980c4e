"""The section U-Net: sizes, tiled inference, labels, drawn wafers, and tuning on an operator's outlines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.section_network import SectionUNet, UNetSize
from models.sections import KnownWafer, SectionFinder, as_greys
from models.training import RECIPES, Limits, Run, TrainingError, train
from models.training.section_augmentation import SectionAugmentation, SectionBatch
from models.training.section_labels import RIM_PX, Label, dense_labels, sparse_labels
from models.training.section_layouts import LayoutRanges, lay_out, overlap
from models.training.section_recipes import section_loss
from models.training.section_scenes import SceneRanges, draw_scene
from models.training.section_tuning import SectionTuning, TuningSettings
from models.weights import Weights, WeightsError

SMALL = UNetSize(4, 3)
SQUARE = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 40.0], [0.0, 40.0]])


def network(size: UNetSize = SMALL) -> SectionUNet:
    torch.manual_seed(1)
    return SectionUNet(size).eval()


def saved(folder: Path, size: UNetSize = SMALL) -> Path:
    path = folder / "sections.safetensors"
    Weights(size.architecture, network(size).state_dict(), {}).save(path)
    return path


@pytest.mark.parametrize("size", [UNetSize(4, 1, 2), SMALL, UNetSize(4, 5)])
def test_a_network_of_any_size_labels_every_pixel(size: UNetSize) -> None:
    assert UNetSize.of(size.architecture) == size
    logits = network(size)(torch.zeros(2, 1, 48, 64))
    assert logits.shape == (2, size.classes, 48, 64)


def test_the_source_has_five_blocks_of_64_filters_and_two_classes() -> None:
    assert RECIPES["sections-source"].architecture == UNetSize(64, 5, 2).architecture


@pytest.mark.parametrize("name", ["section-unet-1-0x5-3", "section-unet-1-8x9-3", "polar-pair-1", ""])
def test_other_architectures_are_none(name: str) -> None:
    assert UNetSize.of(name) is None


@pytest.mark.parametrize("shape", [(1, 1), (37, 300), (455, 210)])
def test_pictures_of_any_shape_are_searched_tile_by_tile(shape: tuple[int, int]) -> None:
    told: list[float] = []
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = SectionFinder(network()).probability(picture, told.append)
    assert found.shape == shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert told[-1] == 1.0


def test_tiles_do_not_show(tmp_path: Path) -> None:
    picture = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (416, 416)).astype(np.uint8), (0, 0), 2
    )
    finder = SectionFinder.load(saved(tmp_path))
    with torch.inference_mode():
        whole = torch.softmax(network()(as_greys(picture)[None, None]), 1)[0, Label.SECTION].numpy()
    inner = slice(64, -64)
    assert np.abs(finder.probability(picture) - whole)[inner, inner].max() < 0.03


def test_bright_sections_are_shown_to_the_network_as_dark_ones(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (90, 80)).astype(np.uint8)
    finder = SectionFinder.load(saved(tmp_path))
    assert np.array_equal(finder.negative().probability(255 - picture), finder.probability(picture))


def test_a_colour_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="grey"):
        SectionFinder(network()).probability(np.zeros((8, 8, 3), np.uint8))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    Weights("polar-pair-1", {"a": torch.zeros(1)}, {}).save(path)
    with pytest.raises(WeightsError, match="not of a section U-Net"):
        SectionFinder.load(path)


@pytest.mark.parametrize(
    "wafer",
    [
        5,
        {"bright": 1, "corners": []},
        {"bright": True, "corners": [[0, 0], [1, 1], [2, 2]]},
        {"bright": True},
    ],
)
def test_a_card_that_tells_of_no_section_is_refused(tmp_path: Path, wafer: object) -> None:
    path = tmp_path / "odd.safetensors"
    Weights(SMALL.architecture, network().state_dict(), {"wafer": wafer}).save(path)
    with pytest.raises(WeightsError, match="what sections of its wafer look like"):
        SectionFinder.load(path)


def test_seams_lie_between_touching_sections_only() -> None:
    instances = np.zeros((60, 90), np.int32)
    instances[10:50, 10:40] = 1
    instances[10:50, 40:70] = 2
    instances[10:50, 80:88] = 3
    labels = dense_labels(instances)
    assert set(np.nonzero(labels == Label.SEAM)[1]) == {39, 40}
    assert (labels[20:40, 80:88] == Label.SECTION).all()


def test_an_outlined_section_gets_a_rim_of_background() -> None:
    labels = sparse_labels((100, 100), [SQUARE + 30.0])
    assert labels[50, 50] == Label.SECTION
    assert labels[50, 30 - RIM_PX] == Label.BACKGROUND
    assert labels[50, 30 - RIM_PX - 1] == Label.IGNORE
    assert labels[5, 5] == Label.IGNORE


def test_said_background_never_covers_a_section() -> None:
    labels = sparse_labels((100, 100), [SQUARE + 30.0], [SQUARE * 2.4])
    assert labels[50, 50] == Label.SECTION
    assert labels[5, 5] == Label.BACKGROUND


def test_sections_are_laid_beside_each_other() -> None:
    laid = lay_out(300, LayoutRanges(), np.random.default_rng(3))
    areas = [cv2.contourArea(outline.astype(np.float32)) for outline in laid]
    assert len(laid) > 2
    assert max(areas) < 1.5 * min(areas)
    pairs = [(a, b) for k, a in enumerate(laid) for b in laid[:k]]
    assert max(overlap(a, b) for a, b in pairs) < 0.03 * max(areas)


def textures() -> list[NDArray[np.float32]]:
    return [np.random.default_rng(k).normal(0, 1, (128, 128)).astype(np.float32) for k in range(2)]


def test_drawn_wafers_follow_from_their_seed() -> None:
    scenes = [draw_scene(SceneRanges(), textures(), np.random.default_rng(seed)) for seed in (5, 5, 6)]
    for one, other in zip(scenes[0], scenes[1], strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(scenes[0][0], scenes[2][0])
    assert scenes[0][0].dtype == np.uint8


def batch() -> SectionBatch:
    picture, instances = draw_scene(SceneRanges(), textures(), np.random.default_rng(2))
    labels = torch.from_numpy(dense_labels(instances))
    return SectionBatch(as_greys(picture)[None, None].repeat(2, 1, 1, 1), labels.repeat(2, 1, 1))


def test_augmentation_moves_greys_and_labels_alike() -> None:
    torch.manual_seed(3)
    plain = batch()
    marked = SectionBatch(plain.labels[:, None].float() / 4 - 0.5, plain.labels)
    moved = SectionAugmentation().displaced(marked)
    known = moved.labels != Label.IGNORE
    same = ((moved.greys[:, 0] + 0.5) * 4).round() == moved.labels
    assert float(same[known].float().mean()) > 0.95
    assert not torch.equal(moved.labels, plain.labels)


def test_augmentation_leaves_what_it_does_not_choose() -> None:
    still = SectionAugmentation(moved=0.0, flipped=0.0, elastic=0.0, probability=0.0)
    changed = still(batch())
    assert torch.equal(changed.labels, batch().labels)
    assert float((changed.greys - batch().greys).abs().max()) < 1e-4


def test_ignored_pixels_do_not_count() -> None:
    plain = batch()
    torch.manual_seed(0)
    before = section_loss(network(), plain, 0.0).total
    labels = plain.labels.clone()
    labels[1] = Label.IGNORE
    greys = plain.greys.clone()
    greys[1] = 0.3
    after = section_loss(network(), SectionBatch(greys, labels), 0.0).total
    assert float(before.detach()) == pytest.approx(float(after.detach()), rel=0.02)


def test_a_short_training_writes_weights_that_find(tmp_path: Path) -> None:
    recipe = replace(
        RECIPES["sections"],
        build=lambda: SectionUNet(SMALL),
        architecture=SMALL.architecture,
        calibrate=lambda *_: {},
        bank=2,
        batch=2,
        limits=Limits(steps=2),
    )

    def never(*_: object) -> torch.Tensor:
        raise AssertionError

    outs = [train(recipe, Run(), otf=never, out=tmp_path / f"{k}.safetensors") for k in range(2)]
    assert outs[0].read_bytes()[-2000:] == outs[1].read_bytes()[-2000:]
    assert SectionFinder.load(outs[0]).probability(np.zeros((20, 20), np.uint8)).shape == (20, 20)
    assert "Pieces of wafers" in outs[0].with_suffix(".md").read_text(encoding="utf-8")


def own_wafer() -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
    sections = [
        SQUARE * 1.5 + np.array([60.0 + 100 * k, 70.0 + 90 * row]) for k in range(4) for row in range(3)
    ]
    picture = np.full((400, 500), 200, np.uint8)
    for outline in sections:
        cv2.fillPoly(picture, [outline.astype(np.int32)], 90)
    return picture, sections


def test_tuning_lowers_its_loss_and_keeps_the_best(tmp_path: Path) -> None:
    picture, sections = own_wafer()
    settings = TuningSettings(Limits(steps=16), own=2, drawn=1, judged_every=8, learning_rate=3e-3)
    tunings = [
        SectionTuning(picture, sections[:6], settings=settings, start=saved(tmp_path)) for _ in range(2)
    ]
    told, again = ([progress.loss for progress in tuning.steps()] for tuning in tunings)
    assert told == again
    assert np.mean(told[-4:]) < np.mean(told[:4])
    tunings[0].best().save(tmp_path / "tuned.safetensors")
    finder = SectionFinder.load(tmp_path / "tuned.safetensors")
    assert finder.probability(picture).shape == picture.shape
    assert finder.wafer == tunings[0].finder().wafer
    assert isinstance(finder.wafer, KnownWafer)
    assert not finder.wafer.bright
    assert np.ptp(finder.wafer.outline, axis=0) == pytest.approx(60 * tunings[0].scale)


def test_tuning_tells_bright_sections_from_dark_ones(tmp_path: Path) -> None:
    picture, sections = own_wafer()
    assert SectionTuning(255 - picture, sections, start=saved(tmp_path)).finder().bright


def test_a_stopped_tuning_has_its_best(tmp_path: Path) -> None:
    picture, sections = own_wafer()
    tuning = SectionTuning(
        picture, sections, settings=TuningSettings(own=1, drawn=1), start=saved(tmp_path)
    )
    next(tuning.steps())
    assert tuning.best().architecture == SMALL.architecture


def test_tuning_needs_two_sections_on_the_picture(tmp_path: Path) -> None:
    picture, sections = own_wafer()
    with pytest.raises(TrainingError, match="two sections"):
        SectionTuning(picture, sections[:1], start=saved(tmp_path))
    with pytest.raises(TrainingError, match="section 2 lies beside the picture"):
        SectionTuning(picture, [sections[0], sections[1] + 900], start=saved(tmp_path))
    with pytest.raises(TrainingError, match="section 1 has hardly any area"):
        SectionTuning(picture, [sections[0] * [1, 0] + [0, 9], sections[1]], start=saved(tmp_path))
    with pytest.raises(TrainingError, match="grey picture"):
        SectionTuning(np.dstack([picture] * 3), sections, start=saved(tmp_path))


def test_tuning_needs_something_beside_the_sections(tmp_path: Path) -> None:
    picture, _ = own_wafer()
    whole = [np.array([[-9.0, -9.0], [520.0, -9.0], [520.0, 420.0], [-9.0, 420.0]])] * 2
    with pytest.raises(TrainingError, match="outline some background"):
        SectionTuning(picture, whole, start=saved(tmp_path))
