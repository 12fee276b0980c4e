"""Writes the report of a run while the window goes on, says how far it is, and opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QObject, QUrl, pyqtSignal
from PyQt5.QtGui import QDesktopServices

from scopeacq.plan.runfolder import Plan
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained
from ui.messages.banner import Banner
from ui.presenters.messages import Message, problem
from ui.presenters.tone import Tone
from ui.tasks import Tasks


def open_outside(path: Path) -> bool:
    """Show a file with the program that the system has for it; whether there is one."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


class ReportWriting(QObject):
    """One report at a time. ``written`` (Path): it is there."""

    written = pyqtSignal(object)
    _doing = pyqtSignal(str)

    def __init__(
        self,
        plan: Plan,
        banner: Banner,
        parent: QObject | None = None,
        show: Callable[[Path], bool] = open_outside,
    ) -> None:
        super().__init__(parent)
        self._plan, self._banner, self._show = plan, banner, show
        self._tasks = Tasks(self)
        self._said: Message | None = None
        self._over = False
        self._doing.connect(self._say)

    def take_plan(self, plan: Plan) -> None:
        """Report on the run by this plan, from the next report on."""
        self._plan = plan

    def write(self) -> None:
        """Write it, unless that is under way."""
        if self._said is None:
            self._say("beginning")
            self._tasks.run(self._written, self._done, self._failed)

    def stop(self) -> None:
        """End without a report; before the run is closed."""
        self._over = True
        self._tasks.close()

    def _written(self) -> Path:
        # brings the templates' library, which a run that is opened does without
        from scopeacq.telling.report import write_report

        return write_report(self._plan, told=self._tell)

    def _tell(self, doing: str) -> None:
        """On the thread that writes."""
        if self._over:
            raise Explained(ExitCode.FAILED, "The run was closed while its report was being made.")
        self._doing.emit(doing)

    def _say(self, doing: str) -> None:
        self._withdraw()
        self._said = Message(Tone.QUIET, f"The report is being made: {doing}.")
        self._banner.say(self._said)

    def _done(self, path: Path) -> None:
        self._withdraw()
        opened = self._show(path)
        advice = "" if opened else "Open it with a browser; this system did not say which."
        self._banner.say(Message(Tone.GOOD, f"The report is {path}", advice=advice))
        self.written.emit(path)

    def _failed(self, error: Explained) -> None:
        self._withdraw()
        self._banner.say(problem(error))

    def _withdraw(self) -> None:
        if self._said is not None:
            self._banner.withdraw(self._said)
            self._said = None
