"""Edits by numbers: where the chosen sections and their grids lie, and the grid that all have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from hardware.types import Range
from scopeacq.plan.project import MOST_TILES_ACROSS
from scopeacq.plan.wafer import SectionGrid
from scopeacq.telling.wording import counted
from ui.parts.quantity import QuantityField
from ui.presenters import edits
from ui.presenters.edits import Edit
from ui.presenters.sections import SectionShown
from ui.presenters.tile_edits import set_own_tiles, share_tiles
from ui.presenters.wafer_map import Selection, WaferMap
from ui.theme import Space, set_role

ANYWHERE = Range(-50_000.0, 50_000.0)
TURNS = Range(-360.0, 360.0)
TILES = Range(1.0, float(MOST_TILES_ACROSS))
PIXELS_NM, DWELLS_NS = Range(0.01, 10_000.0), Range(1.0, 1e6)
GRID = "Grid of every section"


class ArrangeForm(QWidget):
    """``proposed`` (Edit): what the operator wants of the chosen sections, or of the grid of all."""

    proposed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.may_edit = False
        self._shown, self._selection = WaferMap(), Selection()
        micrometres, degrees = "\N{MICRO SIGN}m", "\N{DEGREE SIGN}"
        self.dx, self.dy = QuantityField(micrometres, ANYWHERE), QuantityField(micrometres, ANYWHERE)
        self.turn = QuantityField(degrees, TURNS, 3)
        self.centre_x, self.centre_y = (QuantityField(micrometres, ANYWHERE, 2) for _ in range(2))
        self.angle = QuantityField(degrees, TURNS, 3)
        self.rows, self.columns = QuantityField("", TILES, 0), QuantityField("", TILES, 0)
        self.own_rows, self.own_columns = QuantityField("", TILES, 0), QuantityField("", TILES, 0)
        self.pixel_nm, self.dwell_ns = QuantityField("nm", PIXELS_NM), QuantityField("ns", DWELLS_NS)
        self.share = QPushButton("Tiles as all")
        self.what = QLabel()
        set_role(self.what, "strong")
        self.copy, self.give = QPushButton("Duplicate"), QPushButton("Grid to all")
        self.first, self.last = QPushButton("First"), QPushButton("Last")
        self.apply = QPushButton("Apply")
        self._own = QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.XS, 0, 0)
        column.setSpacing(Space.XS)
        column.addWidget(self.what)
        column.addWidget(self._own)
        self._lay_out(self._own)
        self._whole = QWidget()
        self._lay_out_grid(self._whole)
        column.addWidget(self._whole)
        self._connect()
        self._refresh()

    def show_map(self, shown: WaferMap, *, may_edit: bool) -> None:
        """Show where things lie now."""
        self._shown, self.may_edit = shown, may_edit
        self._refresh()

    def show_selection(self, selection: Selection) -> None:
        """Show, and edit from now on, what is chosen."""
        self._selection = selection
        self._refresh()

    # -- what is shown --------------------------------------------------------------------

    @property
    def _ids(self) -> frozenset[str]:
        return self._selection.sections

    @property
    def _only(self) -> SectionShown | None:
        """The section that is chosen alone."""
        return self._shown.section(next(iter(self._ids))) if len(self._ids) == 1 else None

    def _refresh(self) -> None:
        only = self._only
        self.setVisible(self.may_edit)
        self._own.setVisible(bool(self._ids))
        self._whole.setVisible(not self._ids)
        self.what.setText(
            f"Section {only.id}" if only else counted(len(self._ids), "section") if self._ids else GRID
        )
        for widget in (self.centre_x, self.centre_y, self.copy, self.give):
            widget.setEnabled(only is not None)
        if only is None:
            for field in (self.centre_x, self.centre_y, self.angle):
                _show(field, None)
        else:
            x, y = only.section.roi_centre_um
            for field, value in ((self.centre_x, x), (self.centre_y, y)):
                _show(field, value)
            _show(self.angle, only.section.rotation_deg)
        self._show_tiles(only)
        if self._shown.sections:
            grid = self._shown.sections[0].grid
            _show(self.rows, grid.rows)
            _show(self.columns, grid.columns)

    def _show_tiles(self, only: SectionShown | None) -> None:
        """What the tiles of one section are like; the dwell time only where it is its own."""
        own = only.section.grid if only else None
        chosen = [s for s in self._shown.sections if s.id in self._ids]
        self.share.setEnabled(any(s.section.grid is not None for s in chosen))
        _show(self.own_rows, only.grid.rows if only else None)
        _show(self.own_columns, only.grid.columns if only else None)
        _show(self.pixel_nm, only.grid.pixel_nm if only else None)
        _show(self.dwell_ns, own.dwell_ns if own else None)

    # -- what is asked --------------------------------------------------------------------

    def _move_and_turn(self) -> None:
        """By what was typed; each is a step to undo, and the fields are empty then."""
        dx_um, dy_um, angle_deg = (field.value or 0.0 for field in (self.dx, self.dy, self.turn))
        if (dx_um, dy_um) != (0.0, 0.0):
            self.proposed.emit(edits.move(self._ids, dx_um, dy_um))
        if angle_deg:
            self.proposed.emit(edits.rotate(self._ids, angle_deg))
        for field in (self.dx, self.dy, self.turn):
            field.show_value(None)

    def _move_grid(self) -> None:
        only, x, y = self._only, self.centre_x.value, self.centre_y.value
        if only is not None and x is not None and y is not None:
            self.proposed.emit(edits.move_roi(only.id, (x, y)))

    def _set_grid(self) -> None:
        rows, columns = self.rows.value, self.columns.value
        if rows is not None and columns is not None:
            self.proposed.emit(edits.set_grid(round(rows), round(columns)))

    def _set_own_grid(self) -> None:
        rows, columns = self.own_rows.value, self.own_columns.value
        if rows is not None and columns is not None:
            self.proposed.emit(
                set_own_tiles(self._ids, SectionGrid(rows=round(rows), columns=round(columns)))
            )

    def _of_only(self, edit: Callable[[str], Edit]) -> None:
        only = self._only
        if only is not None:
            self.proposed.emit(edit(only.id))

    def _others(self) -> Iterable[str]:
        return [s.id for s in self._shown.sections if s.id not in self._ids]

    def _connect(self) -> None:
        self.angle.committed.connect(lambda deg: self.proposed.emit(edits.turn_grid(self._ids, deg)))
        for field in (self.centre_x, self.centre_y):
            field.committed.connect(lambda _: self._move_grid())
        for field in (self.rows, self.columns):
            field.committed.connect(lambda _: self._set_grid())
        for field in (self.own_rows, self.own_columns):
            field.committed.connect(lambda _: self._set_own_grid())
        self.pixel_nm.committed.connect(
            lambda nm: self.proposed.emit(set_own_tiles(self._ids, SectionGrid(pixel_size_nm=nm)))
        )
        self.dwell_ns.committed.connect(
            lambda ns: self.proposed.emit(set_own_tiles(self._ids, SectionGrid(dwell_ns=ns)))
        )
        self.share.clicked.connect(lambda: self.proposed.emit(share_tiles(self._ids)))
        for field in (self.dx, self.dy, self.turn):
            field.returnPressed.connect(self._move_and_turn)
        self.apply.clicked.connect(lambda: self._move_and_turn())
        self.copy.clicked.connect(lambda: self._of_only(edits.duplicate))
        self.give.clicked.connect(lambda: self._of_only(lambda name: edits.propagate(name, self._others())))
        self.first.clicked.connect(
            lambda: self.proposed.emit(edits.reorder(self._ids, next(iter(self._others()), None)))
        )
        self.last.clicked.connect(lambda: self.proposed.emit(edits.reorder(self._ids, None)))

    # -- how it looks ---------------------------------------------------------------------

    def _lay_out(self, within: QWidget) -> None:
        grid = QGridLayout(within)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.S)
        grid.setVerticalSpacing(Space.XS)
        moved = "How far the chosen sections are moved with their grids, in the frame of the wafer"
        own = "Tiles of the chosen sections, instead of those that all have"
        placed = "Where the middle of the grid lies on the wafer; the outline stays"
        for row, (text, tip, fields) in enumerate(
            (
                ("Move by", f"{moved}: x right, y up", (self.dx, self.dy)),
                ("Turn by", "Counter-clockwise, each about the middle of its grid", (self.turn,)),
                ("Grid at", f"{placed}: x, y", (self.centre_x, self.centre_y)),
                ("Grid angle", "How the grid lies on the wafer; the outline stays", (self.angle,)),
                ("Rows, columns", f"{own}: rows and columns", (self.own_rows, self.own_columns)),
                ("Pixel, dwell", f"{own}: pixel size and dwell time", (self.pixel_nm, self.dwell_ns)),
            )
        ):
            _add_row(grid, row, text, tip, fields)
        grid.addWidget(self.apply, 1, 2)
        grid.addWidget(self.share, 3, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        for button, tip in (
            (self.apply, "Move and turn the chosen sections by these amounts (Enter)"),
            (self.share, "Image what is chosen with the tiles that all sections have"),
            (self.copy, "Put a copy of the section beside it, last in the route"),
            (self.give, "Put the grids of all others where this one lies on its section"),
            (self.first, "Image what is chosen before all others"),
            (self.last, "Image what is chosen after all others"),
        ):
            button.setToolTip(tip)
        grid.addLayout(_in_a_row(self.copy, self.give, self.first, self.last), 6, 0, 1, 3)

    def _lay_out_grid(self, within: QWidget) -> None:
        grid = QGridLayout(within)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.S)
        tip = "Rows and columns of tiles in the grid that every section has"
        _add_row(grid, 0, "Rows, columns", tip, (self.rows, self.columns))


def _add_row(grid: QGridLayout, row: int, text: str, tip: str, fields: tuple[QuantityField, ...]) -> None:
    label = QLabel(text)
    label.setToolTip(tip)
    set_role(label, "muted")
    grid.addWidget(label, row, 0)
    for column, field in enumerate(fields, 1):
        field.setToolTip(tip)
        field.setAccessibleName(f"{text} {'xy'[column - 1]}" if len(fields) > 1 else text)
        grid.addWidget(field, row, column)


def _in_a_row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(Space.XS)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row


def _show(field: QuantityField, value: float | None) -> None:
    """Leave alone what is being typed."""
    if not field.hasFocus() or field.value is None:
        field.show_value(value)
