"""Forms as widgets: every kind of value is shown, entered by hand, offered back, and locked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from scopeacq.plan.demo import example
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.project import EstimatorName, FocusPolicy, Project
from scopeacq.plan.settings import Settings
from ui.forms.fields import ChainField, ChoiceField, LinesField, SwitchField
from ui.forms.form import FormPage
from ui.presenters.form_rows import Filter, Locks
from ui.presenters.form_state import SettingsForm
from ui.presenters.forms import Kind, Path, fields_of, value_at
from ui.presenters.quantities import unit_shown

PROJECT, _, INSTRUMENT = example("forms")
ALL = Filter(everything=True)
SOON_MS = 20_000
UNITS = ("_nm", "_um", "_s", "_ns", "_deg", "_kv", "_na", "_hz", "_mbar", "_bar", "_px", "_gb", "_w")
Pages = Callable[[Settings], FormPage[Any]]


@pytest.fixture
def page_of(qtbot: QtBot) -> Pages:
    """A page of all values that accepts whatever is valid."""

    def make(settings: Settings) -> FormPage[Any]:
        page = FormPage(SettingsForm(settings, settings), lambda *_: None, frozenset())
        qtbot.addWidget(page)
        page.set_filter(ALL)
        page.set_editable(True, Locks({}, measured=False))
        page.show()
        return page

    return make


@pytest.mark.parametrize("settings", [PROJECT, INSTRUMENT], ids=["project", "instrument"])
def test_showing_a_form_changes_nothing(page_of: Pages, settings: Settings) -> None:
    page = page_of(settings)
    changes: list[bool] = []
    page.changed.connect(lambda: changes.append(True))
    page.refresh()
    assert not changes
    assert page.form.settings == settings
    for path in fields_of(type(settings)):
        assert page.row(path).isVisible()
        assert page.row(path)._label.toolTip()


@pytest.mark.parametrize(
    ("settings", "path", "typed", "value"),
    [
        (PROJECT, ("imaging", "dwell_ns"), "0,1us", 100.0),
        (PROJECT, ("cycles",), "12", 12),
        (PROJECT, ("name",), "Third, again", "Third, again"),
        (PROJECT, ("milling", "azimuths_deg"), "0; 90; 180; 270", (0.0, 90.0, 180.0, 270.0)),
        (PROJECT, ("gate", "accept_sections"), "S001, S002", ("S001", "S002")),
        (PROJECT, ("milling", "depth_nm"), "12,5", 12.5),
        (INSTRUMENT, ("mill", "interlocks", "current_na"), "25 to 50", (25.0, 50.0)),
    ],
    ids=lambda v: ".".join(v) if isinstance(v, tuple) and v and isinstance(v[0], str) else None,
)
def test_what_is_typed_becomes_the_value(
    qtbot: QtBot,
    page_of: Pages,
    settings: Settings,
    path: Path,
    typed: str,
    value: object,
) -> None:
    page = page_of(settings)
    field = page.row(path).input
    assert isinstance(field, QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, typed)
    assert value_at(page.form.settings, path) == value
    assert field.text() == typed, "what is being typed is left alone"


def test_lists_switches_chains_and_lines_are_entered(qtbot: QtBot, page_of: Pages) -> None:
    page = page_of(PROJECT)
    policy = page.row(("focus", "policy")).input
    assert isinstance(policy, ChoiceField)
    policy.setCurrentText("by score")
    policy.activated.emit(policy.currentIndex())
    assert page.form.settings.focus.policy is FocusPolicy.BY_SCORE
    chain = page.row(("focus", "estimators")).input
    assert isinstance(chain, ChainField)
    assert [place.isVisible() for place in chain._places] == [True, True, True, False]
    chain._places[1].setCurrentText("mapfost")
    chain._places[1].activated.emit(chain._places[1].currentIndex())
    assert page.form.settings.focus.estimators == (EstimatorName.DEEPFOCUS, EstimatorName.MAPFOST)
    chain._places[0].setCurrentText("mapfost")
    chain._places[0].activated.emit(chain._places[0].currentIndex())
    assert "each once" in page.row(("focus", "estimators"))._problem.text()

    page = page_of(INSTRUMENT)
    confirmed = page.row(("mill", "fails_closed_confirmed")).input
    assert isinstance(confirmed, SwitchField)
    qtbot.mouseClick(confirmed, Qt.MouseButton.LeftButton)
    assert page.form.settings.mill.fails_closed_confirmed
    assert confirmed.text() == "Yes"
    rates = page.row(("mill", "rates")).input
    assert isinstance(rates, LinesField)
    rates.setPlainText("0; 5,5\n1; 1,5")
    assert [r.rate_1e_8_m3_per_c for r in page.form.settings.mill.rates] == [5.5, 1.5]
    rates.setPlainText("0; 5,5; 7")
    assert "Line 1" in page.row(("mill", "rates"))._problem.text()
    settings = page.row(("driver", "settings")).input
    assert isinstance(settings, QPlainTextEdit)
    settings.setPlainText("seed = 3")
    assert page.form.settings.driver.settings == {"seed": 3}


def test_earlier_and_usual_values_are_offered_in_the_row(qtbot: QtBot, page_of: Pages) -> None:
    page = page_of(PROJECT)
    row = page.row(("imaging", "tile_width_px"))
    assert isinstance(row.input, QLineEdit)
    row.input.selectAll()
    qtbot.keyClicks(row.input, "2048")

    def offered() -> list[str]:
        return [button.text() for button in row.findChildren(QPushButton) if button.isVisible()]

    qtbot.waitUntil(lambda: offered() == ["was 1024 px", "default 6000 px"], timeout=SOON_MS)
    next(b for b in row.findChildren(QPushButton) if b.text() == "default 6000 px").click()
    assert page.form.settings.imaging.tile_width_px == 6000
    assert row.input.text() == "6000"


def test_the_wheel_scrolls_the_page_and_changes_nothing(
    page_of: Pages,
) -> None:
    page = page_of(PROJECT)
    for path in (("focus", "policy"), ("cycles",)):
        _turn_over(page.row(path).input)
    assert page.form.settings == PROJECT


def test_locked_values_say_why(page_of: Pages) -> None:
    page = page_of(INSTRUMENT)
    page.set_editable(True, Locks({("electron", "eht_kv"): "Fixed by the run."}, measured=True))
    locked = page.row(("electron", "eht_kv"))
    assert not locked.editable
    assert locked._problem.text() == "Fixed by the run."
    assert not page.row(("mill", "rates")).editable
    assert page.row(("stage", "tolerance_um")).editable
    page.set_editable(False, Locks({}, measured=False))
    assert not page.row(("stage", "tolerance_um")).editable


def test_every_unit_of_the_files_is_known_to_the_forms() -> None:
    for model in (Project, Instrument):
        for field in fields_of(model).values():
            key = field.path[-1]
            assert field.unit or not key.endswith(
                ("_nm", "_um", "_s", "_ns", "_deg", "_kv", "_na", "_hz")
            ), key


@pytest.mark.parametrize("settings", [PROJECT, INSTRUMENT], ids=["project", "instrument"])
def test_every_line_of_numbers_shows_its_unit_and_has_room_for_both(
    page_of: Pages, settings: Settings
) -> None:
    page, filled = page_of(settings), 0
    for path, field in fields_of(type(settings)).items():
        line = page.row(path).input
        if not isinstance(line, QLineEdit) or not field.unit:
            continue
        assert line.accessibleDescription() == unit_shown(field.unit), path
        unit_px = line.fontMetrics().horizontalAdvance(unit_shown(field.unit))
        text_px = line.fontMetrics().horizontalAdvance(line.text() or line.placeholderText())
        assert line.textMargins().right() >= unit_px
        assert text_px <= line.contentsRect().width() - line.textMargins().right(), path
        filled += field.kind is Kind.LINE and bool(line.text())
    assert filled


def _turn_over(widget: Any) -> None:
    place = QPointF(widget.rect().center())
    buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    phase = Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(
        widget, QWheelEvent(place, place, QPoint(0, 0), QPoint(0, 120), buttons, keys, phase, False)
    )
