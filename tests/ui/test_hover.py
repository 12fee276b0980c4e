"""The card beside the cursor, and what lies off the plane of focus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtCore import QPointF, Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.focus.surface import Surface
from scopeacq.journal import records as r
from scopeacq.journal.records import PlaneKey, Record, Verdict
from tests.ui.map_mouse import move
from tests.ui.wafers import GRID, plan_of, section, wafer_map
from ui.presenters.focus_plane import FocusPlane, outliers
from ui.presenters.hover import History, card_of
from ui.presenters.layers import Layer, legend_of
from ui.presenters.sections import TileShown, TileState
from ui.presenters.wafer_map import Hit, WaferMap
from ui.presenters.wafer_presenter import WaferPresenter
from ui.viewport import WaferViewport

SOON_MS = 20_000
POSE = StagePose(0, 0, 0, 0, 0)
FRAME = FrameSettings(1000, 800, 100.0, 200.0)
TILE = TileShown(TileState.SHARP, 0.4, 21.0, 4503.0, cycle=1, wd_cycle=1)
HISTORY = History(((0, 0.5), (1, 0.4)), ((0, 10.0), (1, 21.0)), ((0, 4502.0), (1, 4503.0)), ((0, 9.5),))


def cycle_of(cycle: int, tile: int, score_um: float) -> list[Record]:
    key = PlaneKey(cycle, "S001", tile)
    return [
        r.PlaneExposing(key, 0, FRAME, 10.0),
        r.PlaneExposed(key, 0, Optics(4500.0 + cycle, 0.0, 0.0), POSE, (1, 0, 0, 0, 1, 0), 1.0),
        r.PlaneJudged(key, 0, Verdict.SHARP, score_um, 100.0, 10.0, 0.0),
        r.PlaneChosen(key, 0),
    ]


def test_the_fold_knows_the_curves_of_tiles_and_the_means_of_sections() -> None:
    presenter = WaferPresenter(plan_of(Path("x.scopeacq"), section("S001")))
    for cycle in range(2):
        presenter.apply([*cycle_of(cycle, 0, 0.5), *cycle_of(cycle, 1, 0.25), r.CycleDone(cycle)])
    presenter.shown()
    assert presenter.history(Hit("S001", 1)).score_um == ((0, 0.25), (1, 0.25))
    whole = presenter.history(Hit("S001"))
    assert whole.score_um == ((0, 0.375), (1, 0.375))
    assert whole.wd_um == ((0, 4500.0), (1, 4501.0))
    assert presenter.history(Hit("S009", 3)) == History()


@pytest.mark.parametrize(
    ("layer", "title"),
    [
        (Layer.STATE, "Score"),
        (Layer.SCORE, "Score"),
        (Layer.DOSE, "Electron dose"),
        (Layer.FOCUS, "Working distance"),
    ],
)
def test_the_curve_goes_with_the_layer(layer: Layer, title: str) -> None:
    card = card_of(wafer_map(section("S001"), tile=TILE), Hit("S001", 2), layer, HISTORY)
    assert card is not None
    assert card.title == "Section S001, tile 3"
    assert card.curve is not None
    assert title in card.curve.title
    assert card.curve.span == "cycles 1 to 2"
    assert "cycle\t" in card.text


def test_a_single_point_is_no_curve_and_a_section_unknown_has_no_card() -> None:
    shown = wafer_map(section("S001"), tile=TILE)
    card = card_of(shown, Hit("S001"), Layer.DEPTH, HISTORY)
    assert card is not None
    assert card.curve is None
    assert card_of(shown, Hit("S009"), Layer.STATE, None) is None


def test_the_card_is_a_ledger_of_ions_and_electrons() -> None:
    shown = wafer_map(section("S001"), tile=TILE)
    given = replace(shown.sections[0], ions_per_nm2=12.5, looks_per_nm2=4.5, milled_nm=49.6)
    card = card_of(WaferMap((given,)), Hit("S001"), Layer.STATE, None)
    assert card is not None
    text = card.text
    assert "Ion dose 12.5 ions/nm" in text
    assert "21.0" in text
    assert "4.5 where it was found again" in text


def off_plane() -> WaferMap:
    """Two sections on a slope, the second with one tile 3 um off it."""
    surface = Surface(4500.0, 0.001, 0.0)
    shown = wafer_map(section("S001"), section("S002", (2000.0, 0.0), 30.0))
    made = []
    for each in shown.sections:
        wds = [surface.wd_um(each.from_local(GRID.offset_um(n))) for n in range(6)]
        tiles = tuple(replace(TILE, wd_um=wd) for wd in wds)
        made.append(replace(each, tiles=tiles))
    bent = list(made[1].tiles)
    bent[4] = replace(bent[4], wd_um=(bent[4].wd_um or 0.0) - 3.0)
    stale = list(made[0].tiles)
    stale[0] = replace(stale[0], wd_um=4600.0, wd_cycle=0)
    sections = replace(made[0], tiles=tuple(stale)), replace(made[1], tiles=tuple(bent))
    return WaferMap(sections, plane=FocusPlane(1, surface, 2.0))


def test_what_lies_off_the_plane_is_told_by_sign_and_number() -> None:
    shown = off_plane()
    assert shown.plane is not None
    (off,) = outliers(shown.plane, shown.sections)
    assert (off.section, off.tile) == ("S002", 4)
    assert off.residual_um == pytest.approx(-3.0)
    assert off.text == "\N{BLACK DOWN-POINTING TRIANGLE} -3.0 \N{MICRO SIGN}m"
    notes = " ".join(legend_of(Layer.FOCUS, shown).notes)
    assert "slope x +1.00, y +0.00" in notes
    assert "1 section off it" in notes
    card = card_of(shown, Hit("S002", 4), Layer.FOCUS, None)
    assert card is not None
    assert any("-3.00" in line and "an outlier" in line for line in card.lines)


def test_a_fitted_plane_reaches_the_map() -> None:
    presenter = WaferPresenter(plan_of(Path("x.scopeacq"), section("S001")))
    assert presenter.shown().plane is None
    presenter.apply([r.SurfaceFitted(0, 4500.0, 1e-3, 0.0, 0.4, ("S001",))])
    plane = presenter.shown().plane
    assert plane is not None
    assert plane.limit_um == presenter.plan.project.focus.surface_residual_um


def test_a_cursor_that_rests_gets_a_card_and_then_its_curve(qtbot: QtBot) -> None:
    viewport = WaferViewport()
    qtbot.addWidget(viewport)
    viewport.resize(900, 700)
    viewport.show_map(wafer_map(section("S001"), tile=TILE))
    with qtbot.waitExposed(viewport):
        viewport.show()
    viewport.canvas.fit(frozenset({"S001"}))
    card = viewport._hovering.card
    at = QPointF(*viewport.canvas.camera.to_px((0.0, 35.0))).toPoint()
    with qtbot.waitSignal(viewport.history_wanted, timeout=SOON_MS) as wanted:
        move(viewport, at, Qt.KeyboardModifier.NoModifier, held=False)
    (hit,) = wanted.args
    assert hit == Hit("S001", 1)
    assert card.isVisible()
    assert card.card is not None
    assert card.card.curve is None
    before = card.height()
    viewport.show_history(hit, HISTORY)
    assert card.card.curve is not None
    assert card.height() > before
    assert viewport.canvas.rect().contains(card.geometry())
    card.grab()
    copy = next(a for a in viewport.menu_at((0.0, 35.0)).actions() if "numbers" in a.text())
    copy.trigger()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == card.card.text
    move(viewport, at, Qt.KeyboardModifier.NoModifier, held=False)
    assert not card.isVisible()
    viewport.show_history(hit, HISTORY)
    assert not card.isVisible()
    viewport.close_pictures()
