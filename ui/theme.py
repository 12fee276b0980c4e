"""How everything looks, in one place: colours, spacing, fonts and the style sheet made of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor, QFont, QPalette
from PyQt5.QtWidgets import QApplication, QStyleFactory, QWidget

from ui.presenters.tone import Tone
from ui.style_sheet import SHEET


class Mode(Enum):
    """Dark for the microscope's room, light for daylight."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Shades:
    """The colours of one mode, as ``#rrggbb``. Text on ``window``, ``panel`` or ``raised`` is legible."""

    window: str
    panel: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    good: str
    caution: str
    alarm: str
    unknown: str
    simulation: str

    def of(self, tone: Tone) -> QColor:
        """The colour of a tone."""
        names = {Tone.QUIET: self.muted, Tone.ACTIVE: self.accent}
        return QColor(names[tone] if tone in names else getattr(self, tone.value))

    def tint(self, tone: Tone) -> QColor:
        """The tone's colour mixed into the panel's: a background on which the tone's text is legible."""
        return mixed(QColor(self.panel), self.of(tone), 0.12)


DARK = Shades(
    window="#14171c",
    panel="#1b1f26",
    raised="#262c35",
    hover="#303844",
    line="#343d49",
    text="#e2e7ed",
    muted="#9eabb9",
    accent="#7cb4f0",
    on_accent="#0d1420",
    good="#76c893",
    caution="#e5b84f",
    alarm="#ff8a86",
    unknown="#ffa05c",
    simulation="#c39cf5",
)
LIGHT = Shades(
    window="#eef0f3",
    panel="#ffffff",
    raised="#f1f3f6",
    hover="#e4e8ee",
    line="#d2d8e0",
    text="#1b2330",
    muted="#525e6d",
    accent="#1f5fa8",
    on_accent="#ffffff",
    good="#1e6b41",
    caution="#7a5600",
    alarm="#ad1f1a",
    unknown="#97400a",
    simulation="#6a3da6",
)
SHADES = {Mode.DARK: DARK, Mode.LIGHT: LIGHT}

SERIES = {
    Mode.DARK: ("#74c0fc", "#ffa94d", "#8ce99a", "#e599f7", "#faa2c1", "#66d9e8", "#ffe066", "#ced4da"),
    Mode.LIGHT: ("#1971c2", "#e8590c", "#2f9e44", "#9c36b5", "#c2255c", "#0c8599", "#a07800", "#495057"),
}
"""Colours of series in plots, as in reports."""


class Space:
    """Distances in device-independent pixels: multiples of 4."""

    XS, S, M, L, XL = 4, 8, 12, 20, 32
    RADIUS = 8
    ICON = 18


class FontPt:
    """Sizes of type in points."""

    SMALL, BODY, LEAD, TITLE, DISPLAY = 9.0, 10.0, 12.0, 15.0, 24.0


FAMILIES = ("Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "Cantarell", "Ubuntu", "DejaVu Sans")


def mixed(base: QColor, other: QColor, share: float) -> QColor:
    """``base`` with a share (0 to 1) of ``other``."""

    def part(of_base: int, of_other: int) -> int:
        return round(of_base + (of_other - of_base) * share)

    return QColor(
        part(base.red(), other.red()), part(base.green(), other.green()), part(base.blue(), other.blue())
    )


def shades(widget: QWidget) -> Shades:
    """The colours that hold where ``widget`` is: Qt's palette says whether it is dark there.

    Whoever paints by itself asks in ``paintEvent``; Qt repaints when the mode changes.
    """
    return SHADES[mode_of(widget)]


def mode_of(widget: QWidget) -> Mode:
    """Whether it is dark where ``widget`` is."""
    return Mode.DARK if widget.palette().color(QPalette.Window).lightness() < 128 else Mode.LIGHT


def series_colour(widget: QWidget, number: int) -> QColor:
    """The colour of a series in plots; there are eight."""
    colours = SERIES[mode_of(widget)]
    return QColor(colours[number % len(colours)])


def apply(app: QApplication, mode: Mode) -> None:
    """Give the whole application the look of ``mode``."""
    chosen = SHADES[mode]
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setFont(font())
    app.setPalette(_qt_palette(chosen))
    app.setStyleSheet(style_sheet(chosen))


def font(size_pt: float = FontPt.BODY, weight: int = QFont.Normal) -> QFont:
    """The application's typeface."""
    made = QFont()
    made.setFamilies(list(FAMILIES))
    made.setPointSizeF(size_pt)
    made.setWeight(weight)
    return made


def set_tone(widget: QWidget, tone: Tone) -> None:
    """Give a widget the tone's colour by the style sheet."""
    _set_property(widget, "tone", tone.value)


def clear_tone(widget: QWidget) -> None:
    """Give a widget the colour of plain text again."""
    _set_property(widget, "tone", "")


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget one of the style sheet's roles: display, title, lead, small, card, primary, quiet."""
    _set_property(widget, "role", role)


def set_wrong(widget: QWidget, wrong: bool) -> None:
    """Mark a field whose value cannot be used, or take the mark away."""
    _set_property(widget, "wrong", str(wrong).lower())


def set_chosen(widget: QWidget, chosen: bool) -> None:
    """Mark the one of several that is chosen, or take the mark away."""
    _set_property(widget, "chosen", str(chosen).lower())


def set_locked(widget: QWidget, locked: bool) -> None:
    """Show a field as one whose value can be read and copied, but not changed; or as any other."""
    _set_property(widget, "locked", str(locked).lower())


def _set_property(widget: QWidget, name: str, value: str) -> None:
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    if not widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        return  # Qt will, when it is first shown
    if (style := widget.style()) is not None:
        style.unpolish(widget)
        style.polish(widget)


def _qt_palette(s: Shades) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.Window: s.window,
        QPalette.WindowText: s.text,
        QPalette.Base: s.panel,
        QPalette.AlternateBase: s.raised,
        QPalette.Text: s.text,
        QPalette.Button: s.raised,
        QPalette.ButtonText: s.text,
        QPalette.BrightText: s.alarm,
        QPalette.Highlight: s.accent,
        QPalette.HighlightedText: s.on_accent,
        QPalette.ToolTipBase: s.raised,
        QPalette.ToolTipText: s.text,
        QPalette.Link: s.accent,
        QPalette.Mid: s.line,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.Text, QPalette.WindowText, QPalette.ButtonText):
        palette.setColor(QPalette.Disabled, role, mixed(QColor(s.panel), QColor(s.muted), 0.6))
    palette.setColor(QPalette.PlaceholderText, QColor(s.muted))
    return palette


def style_sheet(s: Shades) -> str:
    """All rules of one mode, as Qt reads them."""
    tones = "\n".join(f'*[tone="{tone.value}"] {{ color: {s.of(tone).name()}; }}' for tone in Tone)
    names = {field: getattr(s, field) for field in Shades.__slots__}
    sizes = {"small": FontPt.SMALL, "lead": FontPt.LEAD, "title": FontPt.TITLE, "display": FontPt.DISPLAY}
    return SHEET.substitute(
        names, tones=tones, radius=Space.RADIUS, **{f"{k}_pt": v for k, v in sizes.items()}
    )
