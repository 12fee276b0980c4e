"""Which section, which tile, which take: three lists in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QWidget

from ui import theme
from ui.parts.combo_box import CalmComboBox

WHOLE = "Whole section"


class Choosers(QWidget):
    """Says what the operator wants to look at.

    Signals:
        section_chosen (str), tile_chosen (int | None for all of them), take_chosen (int).
    """

    section_chosen = pyqtSignal(str)
    tile_chosen = pyqtSignal(object)
    take_chosen = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.sections = _chooser("The section whose slices are shown")
        self.tiles = _chooser("One tile as it was recorded, or all tiles at their places")
        self.takes = _chooser(
            "The scans of this plane in this cycle; the accepted one is shown at first (T)"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.XS)
        for chooser in (self.sections, self.tiles, self.takes):
            row.addWidget(chooser)
        self.sections.activated.connect(lambda n: self.section_chosen.emit(self.sections.itemData(n)))
        self.tiles.activated.connect(lambda n: self.tile_chosen.emit(self.tiles.itemData(n)))
        self.takes.activated.connect(lambda n: self.take_chosen.emit(self.takes.itemData(n)))

    def show_place(self, tiles: Mapping[str, Sequence[int]], section: str, tile: int | None) -> None:
        """Offer all sections and the tiles of one."""
        _fill(self.sections, [(name, name) for name in tiles], section)
        _fill(self.tiles, [(WHOLE, None), *((f"Tile {n + 1}", n) for n in tiles.get(section, ()))], tile)

    def show_takes(self, takes: Sequence[int], shown: int | None) -> None:
        """Offer the takes of the plane, where there are several."""
        _fill(self.takes, [(f"Take {take + 1}", take) for take in takes], shown)
        self.takes.setVisible(len(takes) > 1)


def _chooser(tip: str) -> QComboBox:
    chooser = CalmComboBox()
    chooser.setToolTip(tip)
    chooser.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return chooser


def _fill(chooser: QComboBox, entries: Sequence[tuple[str, object]], current: object) -> None:
    """Offer these, of which ``current`` is chosen; what is there already stays."""
    with QSignalBlocker(chooser):
        if [chooser.itemText(n) for n in range(chooser.count())] != [text for text, _ in entries]:
            chooser.clear()
            for text, value in entries:
                chooser.addItem(text, value)
        values = [value for _, value in entries]
        chooser.setCurrentIndex(values.index(current) if current in values else 0)
