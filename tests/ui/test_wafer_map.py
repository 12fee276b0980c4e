"""What the map says of a run, where its points are, and what its legends tell."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.journal import records as r
from scopeacq.journal.records import PlaneKey, Record, Verdict
from scopeacq.plan.demo import make_demo
from scopeacq.plan.geometry import Rigid, inside
from scopeacq.plan.wafer import Wafer
from scopeacq.telling.status import SectionPhase
from tests.ui.wafers import GRID, plan_of, section, wafer_map
from ui.presenters.camera import FARTHEST_UM_PER_PX, Camera, length_text, scale_bar_um
from ui.presenters.hover import card_of
from ui.presenters.layers import Layer, described, legend_of, scale_of
from ui.presenters.sections import TileShown, TileState
from ui.presenters.wafer_map import Hit, edited
from ui.presenters.wafer_presenter import WaferPresenter

KEY = PlaneKey(0, "S001", 4)
FRAME = FrameSettings(1000, 800, 100.0, 200.0, 0.0)
OPTICS = Optics(4503.0, 0.0, 0.0)


def taken(verdict: Verdict, take: int = 0, score_um: float = 0.4) -> list[Record]:
    return [
        r.PlaneExposing(KEY, take, FRAME, 19.0),
        r.PlaneExposed(KEY, take, OPTICS, StagePose(0, 0, 0, 0, 0), (1, 0, 0, 0, 1, 0), 1.0),
        r.PlaneDurable(KEY, take, "p", 1, "0"),
        r.PlaneJudged(KEY, take, verdict, score_um, 100.0, 10.0, 0.0),
    ]


@pytest.fixture
def presenter() -> WaferPresenter:
    sections = section("S001", (0.0, 0.0)), section("S002", (1000.0, 0.0))
    return WaferPresenter(plan_of(Path("x.scopeacq"), *sections))


def state(presenter: WaferPresenter) -> TileState:
    return presenter.shown().sections[0].tiles[KEY.tile].state


def test_a_tile_goes_through_its_states(presenter: WaferPresenter) -> None:
    seen = [state(presenter)]
    for record in [*taken(Verdict.UNSHARP), *taken(Verdict.SHARP, 1), r.PlaneChosen(KEY, 1)]:
        presenter.apply([record])
        seen.append(state(presenter))
    first = [TileState.OPEN, TileState.SCANNING, TileState.WRITING, TileState.WRITING, TileState.UNSHARP]
    second = [TileState.SCANNING, TileState.WRITING, TileState.WRITING, TileState.SHARP, TileState.SHARP]
    assert seen == first + second


def test_a_new_cycle_opens_all_tiles_and_keeps_what_was_seen(presenter: WaferPresenter) -> None:
    presenter.apply([*taken(Verdict.SHARP), r.PlaneChosen(KEY, 0), r.CycleDone(0)])
    tile = presenter.shown().sections[0].tiles[KEY.tile]
    assert tile == TileShown(TileState.OPEN, 0.4, 19.0, 4503.0, cycle=0, wd_cycle=0)
    assert presenter.shown().cycle == 1


def test_only_what_a_record_touches_is_made_anew(presenter: WaferPresenter) -> None:
    before = presenter.shown()
    presenter.apply(taken(Verdict.SHARP))
    after = presenter.shown()
    assert after.sections[1] is before.sections[1]
    assert after.sections[0] is not before.sections[0]


def test_skipped_and_dropped_sections_are_called_so(presenter: WaferPresenter) -> None:
    presenter.apply([r.SectionSkipped(0, "S001", "why"), r.SectionDropped(0, "S002", ("dark",))])
    shown = presenter.shown()
    assert [s.phase for s in shown.sections] == [SectionPhase.SKIPPED, SectionPhase.DROPPED]
    assert shown.route_um == ((0.0, 0.0),)
    presenter.apply([r.RunOpened("0", "host", 1)])
    assert presenter.shown().sections[0].phase is SectionPhase.ACTIVE


def test_a_section_that_vanished_from_the_plan_leaves_the_others_shown(presenter: WaferPresenter) -> None:
    gone = PlaneKey(0, "S009", 0)
    presenter.apply([r.PlaneExposing(gone, 0, FRAME, 1.0), r.SectionDropped(0, "S009", ())])
    presenter.apply(taken(Verdict.UNSHARP))
    assert state(presenter) is TileState.UNSHARP


def test_the_map_lies_where_the_wafer_was_found(presenter: WaferPresenter) -> None:
    presenter.apply([r.WaferRegistered(0, 100.0, -50.0, 90.0, 0.1, 3, 1.0)])
    shown = presenter.shown()
    assert shown.hit(shown.wafer_to_stage.apply((1000.0, 0.0))) == Hit("S002", 1)
    assert shown.hit((100.0, 950.0)) == Hit("S002", 1)


places = st.floats(-9000, 9000)
angles = st.floats(-180, 180)


@given(st.tuples(places, places), angles, angles, st.integers(0, 5))
def test_every_tile_is_hit_at_its_centre(
    centre: tuple[float, float], turned: float, wafer_turned: float, tile: int
) -> None:
    shown = wafer_map(section("S1", centre, turned), wafer_to_stage=Rigid(30.0, -20.0, wafer_turned))
    on_wafer = shown.sections[0].from_local(GRID.offset_um(tile))
    assert shown.hit(shown.wafer_to_stage.apply(on_wafer)) == Hit("S1", tile)


def test_a_hit_beside_the_tiles_is_the_section_and_beside_that_nothing() -> None:
    shown = wafer_map(section("S1"))
    assert shown.hit((195.0, 0.0)) == Hit("S1", None)
    assert shown.hit((205.0, 0.0)) is None
    assert shown.within((-1, -1), (1, 1)) == {"S1"}


def test_tiles_are_where_the_engine_images_them() -> None:
    plan = plan_of(Path("x.scopeacq"), section("S001", (500.0, 300.0), 30.0))
    (shown,) = WaferPresenter(plan).shown().sections
    for tile in plan.wafer.sections[0].tiles(plan.project.imaging):
        assert shown.from_local(shown.grid.offset_um(tile.index)) == pytest.approx(tile.centre_um)


def test_what_the_plan_leaves_out_is_shown_so_and_no_stop_of_the_route() -> None:
    one, other = section("S001"), section("S002", (1000.0, 0.0))
    plan = plan_of(Path("x.scopeacq"), replace(one, inactive_tiles=(1,)), replace(other, active=False))
    shown = WaferPresenter(plan).shown()
    assert [t.state is TileState.INACTIVE for t in shown.sections[0].tiles] == [False, True] + 4 * [False]
    assert shown.sections[1].phase is SectionPhase.INACTIVE
    assert shown.route_um == ((0.0, 0.0),)
    again = edited(shown, Wafer((one, other), ()), plan.project.imaging)
    assert {t.state for s in again.sections for t in s.tiles} == {TileState.OPEN}
    assert len(again.route_um) == 2


def test_inside_an_outline_with_a_notch() -> None:
    outline = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0))
    assert inside((1.0, 1.0), outline)
    assert not inside((2.0, 2.0), outline)


def test_the_legend_counts_states_and_numbers_a_range() -> None:
    shown = wafer_map(section("S1"), tile=TileShown(TileState.SHARP, 0.5, 100.0, 4500.0, 0))
    counts = {e.label: e.count for e in legend_of(Layer.STATE, shown).entries}
    assert counts == {"to be imaged": 0, "sharp": 6}
    dose = legend_of(Layer.DOSE, shown)
    assert "nm\u00b2" in dose.title
    assert [e.label for e in dose.entries] == ["0", "25", "50", "75", "100"]
    assert legend_of(Layer.DEPTH, shown).empty == "Nothing measured yet."


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=5))
def test_values_lie_on_their_scale(scores: list[float]) -> None:
    shown = wafer_map(*(section(f"S{n}", (n * 1000.0, 0.0)) for n in range(len(scores))))
    sections = tuple(
        type(s)(s.section, s.grid, tiles=(TileShown(TileState.SHARP, score),) * 6)
        for s, score in zip(shown.sections, scores, strict=True)
    )
    scale = scale_of(Layer.SCORE, type(shown)(sections))
    assert scale is not None
    assert all(0 <= scale.fraction(score) <= 1 for score in scores)
    assert scale.low < scale.high


def test_a_tile_without_texture_has_no_number() -> None:
    shown = wafer_map(section("S1"), tile=TileShown(TileState.BLANK, math.nan, 1.0, None, 0))
    assert scale_of(Layer.SCORE, shown) is None
    assert any("no texture" in line for line in described(shown, Hit("S1", 0)))


def test_a_tip_says_what_and_why() -> None:
    shown = wafer_map(section("S1"), tile=TileShown(TileState.UNSHARP, 3.2, 40.0, 4500.0, 1))
    text = " ".join(described(shown, Hit("S1", 5)))
    for part in ("Section S1", "Tile 6 (row 2, column 3)", "not sharp", "taken again", "3.20", "cycle 2"):
        assert part in text


pixels = st.tuples(st.floats(0, 800), st.floats(0, 600))


@given(pixels, st.floats(0.2, 5), st.floats(0.01, 50))
def test_zooming_keeps_what_is_under_the_cursor(
    at: tuple[float, float], factor: float, scale: float
) -> None:
    camera = Camera((100.0, -200.0), scale)
    there = camera.to_um(at)
    assert math.dist(camera.zoomed(factor, at).to_px(there), at) < 1e-3
    assert math.dist(camera.to_um(camera.to_px(there)), there) < 1e-6


def test_zooming_ends_where_nothing_more_is_seen() -> None:
    assert Camera().zoomed(1e-9).um_per_px == FARTHEST_UM_PER_PX


@given(st.floats(0.001, 200))
def test_the_scale_bar_is_round_and_fits(um_per_px: float) -> None:
    length = scale_bar_um(um_per_px, 180.0)
    assert 0.39 * 180 <= length / um_per_px <= 180 * (1 + 1e-6)
    assert length_text(length).split()[0].strip("0.")[0] in "125"


def test_frames_by_hand_count_for_the_section_under_them(tmp_path: Path) -> None:
    plan = make_demo(tmp_path / "demo")
    presenter = WaferPresenter(plan)
    first, second = plan.wafer.sections[:2]
    presenter.shown()
    for dose in (10.0, 2.5):
        presenter.apply([r.DoseBooked(r.Purpose.MANUAL, *first.roi_centre_um, dose)])
    presenter.apply([r.DoseBooked(r.Purpose.FOCUS, *second.roi_centre_um, 9.0)])
    presenter.apply([r.DoseBooked(r.Purpose.MANUAL, 1e6, 1e6, 9.0)])
    shown = presenter.shown()
    assert [section.by_hand_per_nm2 for section in shown.sections[:2]] == [12.5, 0.0]
    assert legend_of(Layer.DOSE, shown).notes == (
        f"By hand: 1 section, most on {first.id}: 12.5 at one place.",
    )
    card = card_of(shown, Hit(first.id), Layer.DOSE, None)
    assert card is not None and "By hand: at most 12.5" in card.text
