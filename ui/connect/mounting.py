"""The page Connect with its desk, as the window shows it: loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QUrl, pyqtSignal
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from ui.connect.desk import ConnectDesk
from ui.connect.page import ConnectPage, wire
from ui.connect.services import CONNECTIONS, Connections
from ui.help.help_keys import set_page


class Connect(QWidget):
    """The wizard on one instrument's file.

    Signals:
        left: it is to be closed.
        run_asked (Path): this run is to be opened.
    """

    left = pyqtSignal()
    run_asked = pyqtSignal(object)

    def __init__(
        self,
        file: Path,
        choose: Callable[[QWidget], Path | None],
        core: Connections = CONNECTIONS,
        run: Path | None = None,
    ) -> None:
        """``choose``: how an operator names another file. ``run``: a run that may go by it."""
        super().__init__()
        self.page, self._choose = ConnectPage(), choose
        self.desk = ConnectDesk(file.absolute(), core, run, self)
        wire(self.page, self.desk)
        set_page(self, "connect")
        self.page.left.connect(self.left)
        self.page.file_asked.connect(self._choose_file)
        self.desk.report_asked.connect(_show)
        self.desk.run_asked.connect(self.run_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.page)
        self.desk.open()

    def may_leave(self) -> bool:
        """Whether it may be closed; of edits that were not written it says so, once."""
        return self.desk.may_leave()

    def end(self) -> None:
        """Let go of everything; the widget goes next."""
        self.desk.close()

    def _choose_file(self) -> None:
        if self.may_leave() and (file := self._choose(self)) is not None:
            self.desk.open(file.absolute())


def _show(file: Path) -> None:
    """Have the system show a file."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(file)))
