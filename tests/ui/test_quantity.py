"""The field for a number with a unit."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hardware.types import Range
from ui.parts.quantity import QuantityField


@pytest.fixture
def field(qtbot: QtBot) -> QuantityField:
    made = QuantityField("ns", Range(25.0, 10_000.0))
    qtbot.addWidget(made)
    made.setToolTip("How long the beam dwells.")
    made.show_value(200.0)
    return made


def test_each_valid_value_is_told_while_typing_and_the_last_one_on_enter(
    qtbot: QtBot, field: QuantityField
) -> None:
    edited: list[float] = []
    committed: list[float] = []
    field.edited.connect(edited.append)
    field.committed.connect(committed.append)
    field.selectAll()
    qtbot.keyClicks(field, "0,4us")
    assert edited[-1] == 400.0
    assert not committed
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert committed == [400.0]
    assert field.text() == "400"


def test_a_wrong_value_is_marked_with_its_reason_and_tells_nothing(
    qtbot: QtBot, field: QuantityField
) -> None:
    committed: list[float] = []
    field.committed.connect(committed.append)
    field.selectAll()
    qtbot.keyClicks(field, "5")
    assert field.value is None
    assert "at least 25" in field.problem
    assert field.toolTip().startswith(field.problem)
    assert "dwells" in field.toolTip()
    assert field.property("wrong") == "true"
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert not committed
    field.show_value(200.0)
    assert (field.problem, field.value, field.property("wrong")) == ("", 200.0, "false")


def test_a_reason_from_outside_marks_a_number_until_it_is_edited(
    qtbot: QtBot, field: QuantityField
) -> None:
    field.complain("The overlap is too large.")
    assert field.value == 200.0
    assert "overlap" in field.toolTip()
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert (field.problem, field.value) == ("", 210.0)


def test_keys_and_the_wheel_step_within_the_limits(qtbot: QtBot, field: QuantityField) -> None:
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert field.value == 190.0
    qtbot.keyClick(field, Qt.Key.Key_PageUp)
    assert field.value == 290.0
    field.show_value(9990.0)
    qtbot.keyClick(field, Qt.Key.Key_PageUp)
    assert field.value == 10_000.0
    _turn(field)
    assert field.value == 10_000.0, "without the focus the wheel scrolls the page instead"


def test_leaving_the_field_commits_only_what_was_edited(qtbot: QtBot, field: QuantityField) -> None:
    committed: list[float] = []
    field.committed.connect(committed.append)
    field.clearFocus()
    QApplication.sendEvent(field, _focus_out())
    assert not committed
    field.selectAll()
    qtbot.keyClicks(field, "300")
    QApplication.sendEvent(field, _focus_out())
    assert committed == [300.0]


def test_a_value_that_is_shown_rounded_is_kept_exactly(qtbot: QtBot) -> None:
    field = QuantityField("um", digits=2)
    qtbot.addWidget(field)
    field.show_value(4501.23456)
    assert (field.text(), field.value) == ("4501.23", 4501.23456)


def _focus_out() -> object:
    from PyQt5.QtCore import QEvent
    from PyQt5.QtGui import QFocusEvent

    return QFocusEvent(QEvent.FocusOut)


def _turn(field: QuantityField) -> None:
    place = QPointF(5, 5)
    wheel = QWheelEvent(
        place,
        place,
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(field, wheel)
