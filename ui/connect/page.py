"""The page Connect: five steps from cables to an instrument that works."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QWidget

from ui import theme
from ui.connect.desk import ConnectDesk
from ui.connect.find_page import FindPage
from ui.connect.parts_page import PartsPage
from ui.connect.save_page import SavePage
from ui.connect.settings_page import SettingsPage
from ui.connect.test_page import TestPage
from ui.parts.label import label
from ui.parts.step_pages import StepPages
from ui.prepare.step_card import main_button, side_button
from ui.presenters.connection import ConnectionView
from ui.presenters.connection_state import Step

STEPS = tuple(Step)


class ConnectPage(StepPages[Step]):
    """Shows a ``ConnectionView``.

    Signals:
        step_asked (Step): the operator wants to see a step.
        left: the wizard is to be closed.
        file_asked: another file is to be chosen.
    """

    step_asked = pyqtSignal(object)
    left = pyqtSignal()
    file_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(Step)
        self.file = label(role="small")
        self.search, self.parts, self.settings = FindPage(), PartsPage(), SettingsPage()
        self.test, self.save = TestPage(), SavePage()
        self.choose = side_button("Other file ...", "Opens another instrument's file, or begins a new one")
        self.close_button = side_button("Close", "Back to the start page; what was not written is lost")
        self.back, self.next = side_button("Back", "The step before"), main_button("Next", "The next step")
        self.pages = dict(
            zip(STEPS, (self.search, self.parts, self.settings, self.test, self.save), strict=True)
        )
        self.choose.clicked.connect(lambda: self.file_asked.emit())
        self.close_button.clicked.connect(lambda: self.left.emit())
        self.back.clicked.connect(lambda: self._ask(-1))
        self.next.clicked.connect(lambda: self._ask(+1))
        self.put(self._title(), tuple(self.pages.values()), self._foot())
        # what has the focus may vanish: then it goes to what does no harm
        QWidget.setTabOrder(self.next, self.close_button)

    def show_view(self, view: ConnectionView) -> None:
        """Show the step it is at."""
        self.file.setText(view.file)
        self.choose.setEnabled(view.doing is None)
        for page in self.pages.values():
            page.show_view(view)
        self.show_step(view.step, view.trouble)
        self.back.setVisible(view.step is not STEPS[0])
        self.next.setVisible(view.step is not STEPS[-1])
        theme.set_role(self.next, "" if view.step is Step.TEST and not view.checks else "primary")

    def _ask(self, by: int) -> None:
        self.step_asked.emit(STEPS[STEPS.index(self.step) + by])

    def _title(self) -> QWidget:
        title = QWidget()
        row = QHBoxLayout(title)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.M)
        row.addWidget(label("Connect an instrument", "title", wrap=False))
        row.addWidget(self.file, 1)
        row.addWidget(self.choose)
        return title

    def _foot(self) -> QFrame:
        foot = QFrame()
        theme.set_role(foot, "foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
        row.setSpacing(theme.Space.S)
        row.addWidget(self.close_button)
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        return foot


def wire(page: ConnectPage, desk: ConnectDesk) -> None:
    """Have the desk do what the page asks for, and the page show what comes of it."""
    desk.viewed.connect(page.show_view)
    desk.opened.connect(page.parts.show_drivers)
    desk.form_shown.connect(page.settings.show_form)
    page.step_asked.connect(desk.go)
    page.search.ticked.connect(desk.tick)
    page.search.added.connect(desk.add_address)
    page.search.search_asked.connect(desk.search)
    page.search.stop_asked.connect(desk.stop)
    page.parts.device_asked.connect(desk.add_device)
    page.parts.player_chosen.connect(desk.let_play)
    page.parts.device_chosen.connect(desk.open_device)
    for devices in (page.parts, page.settings):
        devices.remove_asked.connect(desk.remove_device)
    page.settings.device_chosen.connect(desk.choose_device)
    page.settings.renamed.connect(desk.rename_device)
    page.settings.edited.connect(desk.set)
    page.test.test_asked.connect(desk.test)
    page.test.stop_asked.connect(desk.stop)
    page.test.report_asked.connect(desk.show_report)
    page.save.named.connect(desk.call)
    page.save.save_asked.connect(desk.save)
    page.save.put_back_asked.connect(desk.put_back)
    page.save.use_asked.connect(desk.use)
