"""The main window: messages on top, below them the start page or the workspace of one run."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QByteArray, Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from scopeacq.telling.explain import Explained
from ui import theme
from ui.arrival import Arrival, Furnish, furnished, with_its_parts
from ui.help.assistance import Assistance
from ui.help.help_keys import set_page
from ui.memory import MemoryFile
from ui.messages.banner import Banner
from ui.messages.message_history import MessageHistory
from ui.parts.menus import menu
from ui.presenters.messages import Message, problem
from ui.presenters.start import told
from ui.start.choosers import BY_DIALOG, Choosers
from ui.start.dropping import Drops
from ui.start.opening import AFTER_NEW, new_plan, read_plan, simulated_plan, templates
from ui.start.recent_runs import RecentRuns
from ui.start.start_page import StartPage
from ui.tasks import Tasks
from ui.window_menus import run_entries, view_entries

if TYPE_CHECKING:  # brings shapely, which the first window does without
    from scopeacq.plan.runfolder import Plan
    from ui.connect.mounting import Connect
    from ui.workspace import Workspace


class MainWindow(QMainWindow):
    """Holds start page and workspace; emits ``opened`` with the workspace of a run that was opened."""

    opened = pyqtSignal(object)
    closed = pyqtSignal()

    def __init__(
        self,
        memory_file: MemoryFile,
        simulations: Path,
        choosers: Choosers = BY_DIALOG,
        furnish: Furnish = furnished,
    ) -> None:
        """``simulations``: the folder in which simulated runs are made."""
        super().__init__()
        self._memory_file, self._simulations = memory_file, simulations
        self._choosers, self._furnish = choosers, furnish
        self._memory, damage = memory_file.read()
        self.workspace: Workspace | None = None
        self._arrival: Arrival | None = None
        self._wizard: Connect | None = None
        self.banner, self.start_page, self.tasks = Banner(), StartPage(), Tasks(self)
        self._recent = RecentRuns(self.start_page, self.tasks, self._tell)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start_page)
        set_page(self.start_page, "start")
        self.assistance = Assistance(self, self._page_seen)
        self.messages = MessageHistory(self, lambda: self._memory.sound)
        self.banner.said.connect(self.messages.take)
        self._lay_out()
        self._connect()
        if damage is not None:
            self.banner.say(damage)

    # -- what the operator wants -----------------------------------------------------------

    def open_run(self, root: Path | None, simulated_only: bool = False) -> None:
        """Open a run folder, asking for it where ``None``. ``simulated_only``: refuse a real instrument."""
        root = root or self._choosers.existing(self)
        if root is not None:
            self._load(lambda: read_plan(root, simulated_only), f"Reading {told(root, Path.home())}")

    def choose_template(self) -> None:
        """Show on the start page what a new run can begin with."""
        self.show_start()
        if self.workspace is None:
            self.start_page.templates.show()
            recent = [Path(path) for path in self._memory.recent]
            self.tasks.run(lambda: templates(recent), self.start_page.templates.show_templates, self._tell)

    def new_run(self, template: str) -> None:
        """Make a run folder from a template, by its key, and open it."""
        if (root := self._choosers.new(self)) is not None:
            self._load(lambda: new_plan(root, template), f"Making {told(root, Path.home())}", AFTER_NEW)

    def simulate(self) -> None:
        """Open a prepared wafer on the physical twin."""
        self._load(lambda: simulated_plan(self._simulations), "Preparing a simulated wafer")

    def connect_instrument(self) -> None:
        """Close the run, and show the wizard that puts an instrument together: that of the run, if any."""
        if not self._may_leave():
            return
        from ui.connect.mounting import Connect
        from ui.start.opening import devices_file

        plan = self.workspace.plan if self.workspace is not None else None
        self._close_workspace()
        run = plan.folder.root if plan is not None else None
        file = devices_file(plan, Path.home())
        self._wizard = wizard = Connect(file, self._choosers.devices, run=run)
        wizard.left.connect(self.show_start)
        wizard.run_asked.connect(self.open_run)
        self._stack.addWidget(wizard)
        self._stack.setCurrentWidget(wizard)

    def show_start(self) -> None:
        """Close the run, or the wizard, and show the start page."""
        if not self._may_leave():
            return
        self._close_workspace()
        self._stack.setCurrentWidget(self.start_page)
        self._recent.read(self._memory.recent)

    def toggle_mode(self) -> None:
        """Dark or light."""
        self.use_mode(theme.Mode.LIGHT if self._memory.mode is theme.Mode.DARK else theme.Mode.DARK)

    def use_mode(self, mode: theme.Mode) -> None:
        """Look as ``mode`` says, now and at the next start."""
        self._memory = self._memory.model_copy(update={"mode": mode})
        self._apply_mode()

    # -- opening ---------------------------------------------------------------------------

    def _may_leave(self) -> bool:
        """Whether the open run may be closed; says why where it may not."""
        objection = self.workspace.objection() if self.workspace is not None else None
        if objection is not None:
            self.banner.say(objection)
        return objection is None and (self._wizard is None or self._wizard.may_leave())

    def _load(self, read: Callable[[], Plan], doing: str, then: Message | None = None) -> None:
        if not self._may_leave():
            return
        self._say_status(f"{doing} ...")
        self.start_page.setEnabled(False)

        def done(plan: Plan) -> None:
            self._settle()
            self._show(plan)
            if then is not None:
                self.banner.say(then)

        def failed(error: Explained) -> None:
            self._settle()
            self.banner.say(problem(error))

        self.tasks.run(lambda: with_its_parts(read), done, failed)

    def _settle(self) -> None:
        self._say_status("")
        self.start_page.setEnabled(True)

    def _show(self, plan: Plan) -> None:
        from ui.workspace import Workspace

        before = self.workspace
        same = before is not None and before.plan.folder == plan.folder and before.views
        seen = before.shown_view if before is not None and same else ""
        self._close_workspace()
        self._memory = memory = self._memory.with_recent(plan.folder.root)
        # at once: after a crash the start page is to offer this very run
        self.tasks.run(lambda: self._memory_file.write(memory), self._tell_of_memory, self._tell)
        workspace = Workspace(plan)
        workspace.reopening_wanted.connect(lambda: self.open_run(plan.folder.root))
        workspace.help_wanted.connect(self.assistance.show_page)
        self._stack.addWidget(workspace)
        self._arrival = Arrival(workspace, self._furnish(workspace, self.banner, self.tasks))
        self._arrival.complete.connect(lambda: self._arrive(workspace, seen))

    def _arrive(self, workspace: Workspace, seen: str) -> None:
        """Show a workspace that has all its parts, with the view that was ``seen`` before."""
        self.workspace, self._arrival = workspace, None
        if self._memory.docks:
            workspace.restore_layout(base64.b64decode(self._memory.docks), self._memory.without)
        if seen in workspace.views:
            workspace.show_view(seen)
        self._stack.setCurrentWidget(workspace)
        workspace.plan_changed.connect(lambda _: self._name_window(workspace))
        self._name_window(workspace)
        self.opened.emit(workspace)

    def _name_window(self, workspace: Workspace) -> None:
        mark = " \N{EM DASH} SIMULATION" if workspace.simulated else ""
        self.setWindowTitle(f"{workspace.plan.project.name}{mark} \N{EM DASH} scopeacq")

    def _close_wizard(self) -> None:
        if self._wizard is not None:
            wizard, self._wizard = self._wizard, None
            self._stack.removeWidget(wizard)
            wizard.end()
            wizard.deleteLater()

    def _close_workspace(self) -> None:
        self._close_wizard()
        if self._arrival is not None:
            arrival, self._arrival = self._arrival, None
            arrival.stop()
            self._remove(arrival.workspace)
        if self.workspace is None:
            return
        workspace, self.workspace = self.workspace, None
        self._keep_docks(workspace)
        self._remove(workspace)
        self.setWindowTitle("scopeacq")
        self.closed.emit()

    def _remove(self, workspace: Workspace) -> None:
        self._stack.removeWidget(workspace)
        workspace.leave()
        workspace.deleteLater()

    def _forget(self, root: Path) -> None:
        self._memory = self._memory.without_recent(root)
        self._recent.show(self._memory.recent)

    def _tell_of_memory(self, trouble: Message | None) -> None:
        if trouble is not None:
            self.banner.say(trouble)

    def _tell(self, error: Explained) -> None:
        self.banner.say(problem(error))

    # -- the window itself -----------------------------------------------------------------

    def _lay_out(self) -> None:
        self.setWindowTitle("scopeacq")
        self.resize(1280, 800)
        self.setMinimumSize(1100, 640)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self._stack, 1)
        self.setCentralWidget(middle)
        self._make_menus()
        self._apply_mode()
        if self._memory.geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(self._memory.geometry)))

    def _connect(self) -> None:
        page = self.start_page
        page.open_wanted.connect(lambda root: self.open_run(root))
        page.new_wanted.connect(self.choose_template)
        page.template_wanted.connect(self.new_run)
        page.simulation_wanted.connect(self.simulate)
        page.connection_wanted.connect(self.connect_instrument)
        page.forget_wanted.connect(self._forget)
        Drops(self).dropped.connect(self.open_run)

    def _make_menus(self) -> None:
        bar = self.menuBar()
        assert bar is not None
        panels = QMenu("&Panels", self)
        panels.aboutToShow.connect(lambda: self._fill_panels(panels))
        views = menu(self, "&View", view_entries(self, sound=self._memory.sound))
        views.addMenu(panels)
        for each in (menu(self, "&Run", run_entries(self)), views, self.assistance.menu):
            bar.addMenu(each)
        bar.setCornerWidget(self.messages.bell)

    def _fill_panels(self, menu: QMenu) -> None:
        menu.clear()
        for action in self.workspace.panel_actions() if self.workspace is not None else ():
            menu.addAction(action)

    def write_report(self) -> None:
        """Write the report of the run that is open, and show it."""
        if self.workspace is not None:
            self.workspace.report_wanted.emit()

    def _page_seen(self) -> str:
        if self._wizard is not None:
            return "connect"
        return self.workspace.shown_view if self.workspace is not None else "start"

    def toggle_full_screen(self) -> None:
        """All of the screen, or a window."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def toggle_sound(self) -> None:
        """Whether a message that calls for somebody is heard."""
        self._memory = self._memory.model_copy(update={"sound": not self._memory.sound})

    def _say_status(self, text: str) -> None:
        bar = self.statusBar()
        assert bar is not None
        bar.showMessage(text)

    def _apply_mode(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, self._memory.mode)

    def _keep_docks(self, workspace: Workspace) -> None:
        docks = base64.b64encode(workspace.layout_state()).decode()
        self._memory = self._memory.model_copy(update={"docks": docks, "without": workspace.without})

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Remember the layout. A run that goes on keeps the window open."""
        if not self._may_leave():
            if event is not None:
                event.ignore()
            return
        self._close_workspace()
        geometry = base64.b64encode(bytes(self.saveGeometry())).decode()
        self._memory = self._memory.model_copy(update={"geometry": geometry})
        self.tasks.close()
        self._memory_file.write(self._memory)
        super().closeEvent(event)
