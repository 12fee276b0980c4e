"""Legible in both modes, and tones that differ by more than their colour."""

from __future__ import annotations

import re

import pytest
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from scopeacq.engine.events import RunState
from ui.icons import icon
from ui.presenters.tone import Sign, Tone, badge_of
from ui.theme import SHADES, Mode, apply, shades, style_sheet

LEGIBLE = 4.5
"""Contrast of normal text by WCAG 2.1, level AA."""


def luminance(colour: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    return (
        0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())
    )


def contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("tone", Tone)
def test_every_tone_is_legible_where_it_is_written(mode: Mode, tone: Tone) -> None:
    colours = SHADES[mode]
    grounds = [QColor(colours.window), QColor(colours.panel), QColor(colours.raised), colours.tint(tone)]
    assert min(contrast(colours.of(tone), ground) for ground in grounds) >= LEGIBLE


@pytest.mark.parametrize("mode", Mode)
def test_text_is_legible(mode: Mode) -> None:
    colours = SHADES[mode]
    grounds = (colours.window, colours.panel, colours.raised, colours.hover)
    pairs = [
        *((colours.text, ground) for ground in grounds),
        *((colours.muted, ground) for ground in grounds),
        *((colours.accent, ground) for ground in grounds),
        (colours.text, colours.line),
        (colours.on_accent, colours.accent),
        (colours.window, colours.text),
    ]
    low = [pair for pair in pairs if contrast(QColor(pair[0]), QColor(pair[1])) < LEGIBLE]
    assert low == []


@pytest.mark.parametrize("mode", Mode)
def test_whatever_a_rule_of_the_style_sheet_writes_is_legible_on_its_ground(mode: Mode) -> None:
    rules = re.findall(r"([^{}]+){([^{}]*)}", style_sheet(SHADES[mode]))
    low = {}
    for selector, body in rules:
        ground = re.search(r"background(?:-color)?: (#\w{6})", body)
        ink = re.search(r"(?:^|[; ])color: (#\w{6})", body)
        if ground and ink and contrast(QColor(ink[1]), QColor(ground[1])) < LEGIBLE:
            low[selector.strip()] = ink[1], ground[1]
    assert low == {}


def test_states_of_a_run_differ_in_word_and_sign() -> None:
    badges = [badge_of(state) for state in RunState]
    assert len({badge.word for badge in badges}) == len({badge.sign for badge in badges}) == len(RunState)


def test_every_sign_draws_something_at_any_size(qapp: object) -> None:
    for sign in Sign:
        for size_px in (16, 48):
            image = icon(sign, QColor("#ffffff")).pixmap(size_px, size_px).toImage()
            lit = sum(image.pixelColor(x, y).alpha() > 100 for x in range(size_px) for y in range(size_px))
            assert 0.02 * size_px**2 < lit < 0.6 * size_px**2, sign


def test_a_widget_knows_in_which_mode_it_is(qtbot: QtBot, qapp: object) -> None:
    from PyQt5.QtWidgets import QApplication

    assert isinstance(qapp, QApplication)
    widget = QWidget()
    qtbot.addWidget(widget)
    for mode in Mode:
        apply(qapp, mode)
        assert shades(widget) is SHADES[mode]
