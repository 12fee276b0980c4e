"""The workspace of one run: safety strip, rail of views, a view in the middle, panels around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PyQt5.QtCore import QByteArray, QRectF, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QPainter, QShowEvent
from PyQt5.QtWidgets import (
    QAction,
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from scopeacq.plan.runfolder import Plan
from ui import theme
from ui.help.help_keys import set_page
from ui.parts.dock_title import DockTitle
from ui.parts.rail import Rail
from ui.parts.strip import SafetyStrip, stripes
from ui.presenters.messages import Message
from ui.presenters.strip import Situation, strip_view
from ui.presenters.tone import Sign, Tone
from ui.rooms import Rooms

LEAST_VIEW_PX, LEAST_BELOW_PX = 400, 230
"""How narrow views, and panels below them, may become, so that there is room for help beside everything."""
LAYOUT_VERSION = 2
"""Raised when panels change so that older layouts make no sense."""


class Workspace(QWidget):
    """Takes the widgets of a run: views of which one is seen, and panels; both by keys that never change.

    It holds the run's plan; whoever needs it follows ``plan_changed``, so that saving closes nothing.

    ``plan_changed`` (Plan): the plan was edited and saved; ``plan`` is the new one by then.
    ``reopening_wanted``: the run's files have changed so that it is to be read and shown anew.
    ``view_shown`` (key): another view is seen now.
    ``help_wanted`` (key): the operator asks what a panel or a view is about.
    ``place_wanted`` (Hit): something names a section or a tile, which is to be shown on the wafer.
    ``report_wanted``: the run's report is to be written and opened.
    ``offer_followed`` (Offer): an operator goes where a message leads.
    """

    plan_changed = pyqtSignal(object)
    reopening_wanted = pyqtSignal()
    view_shown = pyqtSignal(str)
    help_wanted = pyqtSignal(str)
    place_wanted = pyqtSignal(object)
    report_wanted = pyqtSignal()
    offer_followed = pyqtSignal(object)

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.simulated = plan.instrument.simulated
        self.strip = SafetyStrip()
        self._docks: dict[str, QDockWidget] = {}
        self._beginnings: list[tuple[str, int, Qt.Orientation]] = []
        self._objections: list[Callable[[], Message | None]] = []
        self._farewells: list[Callable[[], None]] = []
        self._area = QMainWindow()
        self._area.setWindowFlags(Qt.WindowType.Widget)
        self._area.setDockNestingEnabled(True)
        # the panels at the sides hold what must be at hand: they get the whole height
        self._area.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self._area.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._area.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._views: dict[str, QWidget] = {}
        self._fronts: dict[str, str] = {}
        self.rooms = Rooms(self._docks)
        self._stack, self.rail = QStackedWidget(), Rail()
        self._stack.setMinimumWidth(LEAST_VIEW_PX)
        self._area.setCentralWidget(self._stack)
        self.rail.chosen.connect(self.show_view)
        self.rail.help_wanted.connect(lambda: self.help_wanted.emit(self.shown_view))
        set_page(self.strip, "strip")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        if self.simulated:
            column.addWidget(_SimulationLine())
        below = QHBoxLayout()
        below.setSpacing(0)
        below.addWidget(self.rail)
        below.addWidget(self._area, 1)
        column.addLayout(below, 1)
        self.show_situation(Situation())

    def take_plan(self, plan: Plan) -> None:
        """Go on with a plan that was saved. Another instrument's run is opened anew, with all its parts."""
        before, self.plan = self.plan, plan
        if plan.instrument.driver != before.instrument.driver:
            self.reopening_wanted.emit()
        elif plan != before:
            self.plan_changed.emit(plan)

    def show_situation(self, situation: Situation) -> None:
        """Show what the instrument does; that it is simulated is known from the plan."""
        self.strip.show_view(strip_view(situation, simulated=self.simulated))

    def mount_view(
        self,
        key: str,
        title: str,
        sign: Sign,
        hint: str,
        widget: QWidget,
        without: tuple[str, ...] = (),
    ) -> None:
        """Add a view and its button in the rail; the first one is seen at once.

        ``without``: keys of panels that leave their room to this view, until an operator shows them there.
        """
        self._views[key] = widget
        self.rooms.add_view(key, without)
        set_page(widget, key)
        self._stack.addWidget(widget)
        self.rail.add(key, title, sign, hint)
        if len(self._views) == 1:
            self.show_view(key)

    def show_view(self, key: str) -> None:
        """Show a view with the panels that it was last seen with. Raises ``KeyError``.

        It takes the keyboard: what is pressed next must not reach a button that comes after a hidden view.
        """
        view = self._views[key]
        self._stack.setCurrentWidget(view)
        focused = self.focusWidget()
        if focused is None or not view.isAncestorOf(focused):
            view.setFocus()
        self.rooms.enter(key)
        self.rail.mark(key)
        self.view_shown.emit(key)

    @property
    def shown_view(self) -> str:
        """The key of the view that is seen."""
        return next(key for key, view in self._views.items() if view is self._stack.currentWidget())

    @property
    def views(self) -> tuple[str, ...]:
        """The keys of all views, as they stand in the rail."""
        return tuple(self._views)

    @property
    def panels(self) -> tuple[str, ...]:
        """The keys of all panels."""
        return tuple(self._docks)

    def view(self, key: str) -> QWidget:
        """The widget of a view. Raises ``KeyError``."""
        return self._views[key]

    def mount_panel(
        self,
        key: str,
        title: str,
        widget: QWidget,
        area: Qt.DockWidgetArea = Qt.DockWidgetArea.RightDockWidgetArea,
        tab_with: str | None = None,
        home: str | None = None,
        in_place_of: tuple[str, ...] = (),
    ) -> QDockWidget:
        """Add a panel. ``key`` is its name in the remembered layout and never changes.

        ``tab_with``: the key of a panel whose place it shares, hidden behind it at first.
        ``home``: the one view that it belongs to. There it shows once the operator opens it, or it is
        offered; see :class:`ui.rooms.Rooms`.
        ``in_place_of``: keys of panels that leave their room to it for as long as it is shown.
        """
        dock = QDockWidget(title)
        dock.setObjectName(key)
        features = QDockWidget.DockWidgetFeature
        movable = QDockWidget.DockWidgetFeatures(features.DockWidgetMovable)
        dock.setFeatures(movable | features.DockWidgetClosable)
        dock.setWidget(widget)
        title = DockTitle(dock)
        title.help_wanted.connect(lambda: self.help_wanted.emit(key))
        dock.setTitleBarWidget(title)
        set_page(dock, key)
        if area == Qt.DockWidgetArea.BottomDockWidgetArea:
            widget.setMinimumWidth(LEAST_BELOW_PX)
        self._area.addDockWidget(area, dock)
        if tab_with is not None:
            self._area.tabifyDockWidget(self._docks[tab_with], dock)
            self._fronts[key] = self._fronts.get(tab_with, tab_with)
            self._docks[self._fronts[key]].raise_()
        self._docks[key] = dock
        self.rooms.settle(key, home, in_place_of)
        return dock

    def ask_before_leaving(self, objection: Callable[[], Message | None]) -> None:
        """Have ``objection`` asked before the run is closed; its message says why that must not be now."""
        self._objections.append(objection)

    def objection(self) -> Message | None:
        """Why the run must not be closed now, if so."""
        return next((message for ask in self._objections if (message := ask()) is not None), None)

    def before_closing(self, farewell: Callable[[], None]) -> None:
        """Have ``farewell`` called when the run is closed, before its widgets go."""
        self._farewells.append(farewell)

    def leave(self) -> None:
        """Let go of the run; the widgets go next."""
        for farewell in self._farewells:
            farewell()
        self.close()

    def set_height(self, key: str, height_px: int) -> None:
        """Begin with this height of a panel above or below the centre; an operator may drag it."""
        self._beginnings.append((key, height_px, Qt.Orientation.Vertical))

    def set_width(self, key: str, width_px: int) -> None:
        """Begin with this width of a panel beside the centre; an operator may drag it."""
        self._beginnings.append((key, width_px, Qt.Orientation.Horizontal))

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Sizes of panels count once there is room to be shared, which is after this event."""
        super().showEvent(event)
        QTimer.singleShot(0, self._share_room)

    def _share_room(self) -> None:
        for key, size_px, along in self._beginnings:
            self._area.resizeDocks([self._docks[key]], [size_px], along)
        self._beginnings.clear()

    def panel(self, key: str) -> QDockWidget:
        """The dock of a panel. Raises ``KeyError``."""
        return self._docks[key]

    def panel_actions(self) -> list[QAction]:
        """One for each panel, to show and hide it."""
        actions = (dock.toggleViewAction() for dock in self._docks.values())
        return [action for action in actions if action is not None]

    def layout_state(self) -> bytes:
        """Where the panels are, to be remembered."""
        return bytes(self._area.saveState(LAYOUT_VERSION))

    @property
    def without(self) -> Mapping[str, tuple[str, ...]]:
        """The keys of the panels that each view does without, to be remembered."""
        return self.rooms.without

    def restore_layout(self, state: bytes, without: Mapping[str, tuple[str, ...]]) -> bool:
        """Put the panels back; whether ``state`` could be used."""
        restored = self._area.restoreState(QByteArray(state), LAYOUT_VERSION)
        if restored:
            self._beginnings.clear()
            self.rooms.remember(without)
        self.rooms.arrange()
        return restored


class _SimulationLine(QWidget):
    """A striped line under the strip, over the whole width, for as long as nothing is real."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(theme.Space.XS)

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        stripes(painter, QRectF(self.rect()), theme.shades(self).of(Tone.SIMULATION))
        painter.end()
