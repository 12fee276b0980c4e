"""The section network taught a wafer: what it learns from, stopped, kept and used again."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.training.recipe import Limits
from models.weights import Weights
from scopeacq.plan.overviews import Overview
from scopeacq.plan.wafer import Wafer
from scopeacq.sections import review
from scopeacq.sections.candidates import Candidate, Candidates, LabelKind, Ring
from scopeacq.sections.on_wafer import NETWORK_PIXEL_UM, find_sections
from scopeacq.sections.seen import Seen, look_at
from scopeacq.sections.tuning import Teaching, TuningRefused, TuningSettings, lesson_of
from scopeacq.sections.ways import Learned
from scopeacq.storage.files import DiskFiles
from tests.scopeacq.drawn_wafers import OUTLINES_PX, greys, overview_in, placed, same, true_rings

BARE = Wafer((), ())
TRUE = true_rings(placed())
QUICK = TuningSettings(limits=Limits(steps=3), own=2, judged_every=1)


@pytest.fixture(scope="module")
def overview(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    return overview_in(tmp_path_factory.mktemp("run") / "overviews", greys(), placed())


@pytest.fixture(scope="module")
def seen(overview: Overview) -> Seen:
    return look_at(overview)


def found(*rings: Ring) -> Candidates:
    return Candidates(tuple(Candidate(f"S{k:03d}", ring, 0.9) for k, ring in enumerate(rings, 1)))


def labelled(kind: LabelKind, *rings: Ring) -> Candidates:
    candidates = Candidates()
    for ring in rings:
        candidates = review.label(candidates, kind, ring)
    return candidates


def test_sections_drawn_ones_and_labels_are_tissue_each_once(seen: Seen) -> None:
    candidates = review.accept(found(*TRUE[:4]), ["S001", "S002"])
    plan = review.accepted_into(BARE, candidates)
    candidates = review.add(candidates, TRUE[6], plan)
    candidates = review.label(candidates, LabelKind.TISSUE, TRUE[7])
    candidates = review.label(candidates, LabelKind.TISSUE, TRUE[0])
    lesson = lesson_of(seen, candidates, plan)
    shown = [seen.ring_um(outline) for outline in lesson.tissue]
    assert [max(range(15), key=lambda k: same(ring, TRUE[k])) for ring in shown] == [0, 1, 6, 7]


def test_what_was_found_or_is_to_be_ignored_is_doubtful(seen: Seen) -> None:
    candidates = review.accept(found(*TRUE[:4]), ["S001", "S002"])
    candidates = review.label(candidates, LabelKind.IGNORE, TRUE[9])
    doubtful = lesson_of(seen, candidates, BARE).doubtful
    at = [tuple(OUTLINES_PX[k].mean(0).astype(int)[::-1]) for k in (3, 9, 12)]
    assert [bool(doubtful[place]) for place in at] == [True, True, False]


def test_before_any_search_what_looks_like_the_outlined_is_doubtful(seen: Seen) -> None:
    doubtful = lesson_of(seen, labelled(LabelKind.TISSUE, *TRUE[:3]), BARE).doubtful
    x, y = OUTLINES_PX[12].mean(0).astype(int)
    assert doubtful[y, x]


@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        (Candidates(), "0 of at least 2"),
        (labelled(LabelKind.BACKGROUND, TRUE[0], TRUE[1]), "only say where no section is"),
        (labelled(LabelKind.TISSUE, TRUE[0]), "1 of at least 2"),
        (
            labelled(LabelKind.TISSUE, *(tuple((x + 1e5, y) for x, y in ring) for ring in TRUE[:4])),
            "0 of at",
        ),
    ],
)
def test_too_little_to_learn_from_is_refused(seen: Seen, candidates: Candidates, said: str) -> None:
    with pytest.raises(TuningRefused, match=said):
        lesson_of(seen, candidates, BARE)


def test_a_teaching_that_is_stopped_is_kept_and_used(
    seen: Seen, overview: Overview, tmp_path: Path
) -> None:
    teaching = Teaching(lesson_of(seen, labelled(LabelKind.TISSUE, *TRUE[:6]), BARE), QUICK)
    steps = teaching.steps()
    assert [next(steps).step for _ in range(2)] == [1, 2]
    preview = teaching.preview()
    assert preview.greys.shape == preview.probability.shape
    assert 0 <= preview.probability.min() <= preview.probability.max() <= 1
    weights = tmp_path / "models" / "sections.safetensors"
    for _ in range(2):
        teaching.keep(weights, DiskFiles())
    assert [path.name for path in weights.parent.iterdir()] == [weights.name]
    card = Weights.load(weights).card
    assert card["tuned_on_sections"] == 6
    assert card[NETWORK_PIXEL_UM] == pytest.approx(seen.placement.pixel_um / card["scale"])
    again = find_sections(overview, Learned(weights), Candidates(), BARE)
    assert (
        sum(any(same(c.outline_um, ring) > 0.5 for c in again.candidates.sections) for ring in TRUE) >= 12
    )
