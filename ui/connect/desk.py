"""What the page Connect does: one long thing at a time, told as it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from PyQt5.QtCore import QObject, pyqtSignal

from hardware.addresses import address
from hardware.discovery import Found
from hardware.instruments_file import Draft, Problem
from hardware.parts import Part
from hardware.self_test import Checked
from scopeacq.telling.explain import Explained
from ui.connect.services import Connections, Opened
from ui.parts.soon import Soon
from ui.presenters import connection_draft as edits
from ui.presenters.connection import NOBODY, connection_view
from ui.presenters.connection_state import Connecting, Doing, Step
from ui.presenters.table_form import TableForm
from ui.tasks import Tasks

T = TypeVar("T")

CHECK_MS = 150
UNSAVED = "The instrument was not written yet: do so in the last step, or do the same once more to lose it."
NO_VALUE = "What was typed into a field of {} is no value: what stood there before holds."


class ConnectDesk(QObject):
    """Lives in the GUI's thread; no call blocks it.

    Signals:
        viewed (ConnectionView): what is to be shown has changed.
        opened (tuple): the installed drivers, as names and titles.
        form_shown (TableForm or None): the settings of the device that is chosen.
        report_asked (Path): show this file.
        run_asked (Path): open this run, which goes by the instrument from now on.
    """

    viewed = pyqtSignal(object)
    opened = pyqtSignal(object)
    form_shown = pyqtSignal(object)
    report_asked = pyqtSignal(object)
    run_asked = pyqtSignal(object)

    def __init__(
        self, file: Path, core: Connections, run: Path | None = None, parent: QObject | None = None
    ) -> None:
        """``run``: the folder of a run that may go by the instrument."""
        super().__init__(parent)
        self._core, self._now, self._edited = core, Connecting(file, run), False
        self._tasks, self._ended = Tasks(self), Event()
        self._check_due = Soon(self, CHECK_MS, self._check)

    @property
    def now(self) -> Connecting:
        """All that is known."""
        return self._now

    # -- what an operator wants --------------------------------------------------------------

    def open(self, file: Path | None = None) -> None:
        """Read the file, and look where devices may be."""
        self._open(Connecting(file or self._now.file, self._now.run))

    def go(self, step: Step) -> None:
        """Show a step."""
        self._note(step=step)

    def tick(self, text: str, on: bool) -> None:
        """An address is to be asked, or not."""
        chosen = self._now.chosen
        self._note(chosen=chosen | {text} if on else chosen - {text})

    def add_address(self, text: str) -> None:
        """Ask at one more address, too."""
        if text and text not in {at.text for at in self._now.addresses}:
            self._note(addresses=(*self._now.addresses, address(text)))
        if text:
            self.tick(text, True)

    def search(self) -> None:
        """Ask at all addresses that are ticked."""
        asked = [address(at.text) for at in self._now.addresses if at.text in self._now.chosen]
        self._note(found={})
        hear = partial(self._hear, self._take_found)
        search = partial(self._core.find, asked, self._now.drivers, hear, self._ended)
        self._do(Doing.SEARCHING, search, lambda _: self._take_in())

    def add_device(self, driver: str) -> None:
        """One device more, of a driver."""
        self._edit(edits.with_device(self._now.draft, driver, self._now.drivers[driver], {}))

    def remove_device(self, name: str) -> None:
        """The instrument is without a device."""
        self._edit(edits.without_device(self._now.draft, name))

    def rename_device(self, new: str) -> None:
        """The chosen device is called otherwise; a name that cannot be is refused in a sentence."""
        try:
            draft = edits.renamed(self._now.draft, self._now.device, new)
        except ValueError as refusal:
            self._note(trouble=_first_line(refusal))
        else:
            self._note(device=new)
            self._edit(draft)

    def call(self, name: str) -> None:
        """The instrument is called otherwise."""
        try:
            self._edit(edits.called(self._now.draft, name))
        except ValueError as refusal:
            self._note(trouble=_first_line(refusal))

    def let_play(self, part: Part, name: str) -> None:
        """A part is played by another device."""
        self._edit(edits.played_by(self._now.draft, part, None if name == NOBODY else name))

    def choose_device(self, name: str) -> None:
        """Show the settings of a device."""
        device = self._now.draft.devices.get(name)
        driver = self._now.drivers.get(device.driver) if device is not None else None
        form = TableForm(driver.settings, device.settings) if device is not None and driver else None
        left = self._now.device if self._now.spoilt else ""
        self._note(device=name, spoilt=False)
        if left in self._now.draft.devices:
            self._note(trouble=NO_VALUE.format(left))
        self.form_shown.emit(form)

    def open_device(self, name: str) -> None:
        """Go to the settings of a device."""
        self.choose_device(name)
        self.go(Step.SETTINGS)

    def set(self, form: TableForm) -> None:
        """The settings of the chosen device are those of its form."""
        self._edit(edits.with_settings(self._now.draft, self._now.device, form.table))
        self._note(spoilt=bool(form.spoilt))

    def test(self, with_beam: bool) -> None:
        """Connect all devices, and try what is safe."""
        self._note(checked=(), report=None)
        file, draft = self._now.file, self._now.draft
        tell = partial(self._hear, self._take_waiting)
        hear = partial(self._hear, partial(self._take_checked, draft))
        test = partial(self._core.test, file, draft, with_beam, tell, hear, self._ended)
        self._do(Doing.TESTING, test, partial(self._take_report, draft))

    def show_report(self) -> None:
        """Show the report of the last test."""
        if self._now.report is not None:
            self.report_asked.emit(self._now.report)

    def save(self) -> None:
        """Write the file; the former one is kept beside it."""
        draft = self._now.draft

        def done(kept: Path | None) -> None:
            self._note(kept=kept, exists=True, saved=self._now.draft is draft)

        self._do(Doing.SAVING, partial(self._core.save, self._now.file, draft), done)

    def put_back(self) -> None:
        """Have the former file be the file again; what it replaces is kept in its place."""
        now = self._now

        def done(newer: Path | None) -> None:
            self._open(Connecting(now.file, now.run, Step.SAVE, kept=newer, saved=True))

        if now.kept is not None:
            self._do(Doing.SAVING, partial(self._core.put_back, now.file, now.kept), done)

    def use(self) -> None:
        """Have the run that was open go by the file, and open it."""
        if (run := self._now.run) is not None:
            use = partial(self._core.use, run, self._now.file)
            self._do(Doing.SAVING, use, lambda _: self.run_asked.emit(run))

    def may_leave(self) -> bool:
        """Whether another file may be opened or none; of edits that were not written it says so, once."""
        unsaved = self._edited and not self._now.saved
        if unsaved and self._now.trouble != UNSAVED:
            self._note(trouble=UNSAVED)
            return False
        return True

    def stop(self) -> None:
        """End what is under way as soon as that can be."""
        self._ended.set()
        self._note(ending=self._now.doing is not None)

    def close(self) -> None:
        """Tell nothing more; before the widgets go. What is under way ends by itself."""
        self._ended.set()
        self._check_due.stop()
        self._tasks.close(wait=False)

    # -- what comes of it --------------------------------------------------------------------

    def _open(self, now: Connecting) -> None:
        self._now, self._edited = now, False
        self._do(Doing.OPENING, partial(self._core.open, now.file), self._begin)

    def _begin(self, opened: Opened) -> None:
        known = frozenset(at.text for at in opened.addresses if at.known)
        self._note(
            drivers=opened.drivers,
            addresses=opened.addresses,
            chosen=known,
            exists=opened.exists,
            draft=opened.draft,
            trouble=" ".join(opened.troubles),
        )
        self._choose_one()
        self.opened.emit(tuple((name, driver.title) for name, driver in opened.drivers.items()))
        self._check()

    def _hear(self, take: Callable[[T], None], heard: T) -> None:
        """On the thread of long work: have what came of it taken here, while the work goes on."""
        self._tasks.tell(partial(take, heard))

    def _take_found(self, found: Found) -> None:
        self._note(found={**self._now.found, found.address.text: found})

    def _take_waiting(self, line: str) -> None:
        self._note(waits_for=line)

    def _take_checked(self, draft: Draft, checked: Checked) -> None:
        """What was edited meanwhile was not tried."""
        self._note(waits_for="")
        if draft is self._now.draft:
            self._note(checked=(*self._now.checked, checked))

    def _take_report(self, draft: Draft, report: Path) -> None:
        if draft is self._now.draft:
            self._note(report=report)

    def _take_in(self) -> None:
        """What was found becomes part of the instrument."""
        found = [self._now.found[at.text] for at in self._now.addresses if at.text in self._now.found]
        self._edit(edits.with_found(self._now.draft, found, self._now.drivers))

    def _edit(self, draft: Draft) -> None:
        if draft != self._now.draft:
            self._edited = True
            self._note(draft=draft, saved=False, checked=(), report=None, trouble="")
            self._check_due.ask()
        self._choose_one()

    def _choose_one(self) -> None:
        """The first device is chosen where the one that was is gone."""
        devices = self._now.draft.devices
        if self._now.device not in devices:
            self.choose_device(next(iter(devices), ""))

    def _check(self) -> None:
        """Ask what is wrong with the instrument as it is now."""
        draft = self._now.draft

        def done(problems: list[Problem]) -> None:
            if draft is self._now.draft:
                self._note(problems=tuple(problems))

        self._tasks.run(
            partial(self._core.check, draft), done, lambda error: self._note(trouble=str(error))
        )

    def _do(self, doing: Doing, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        if self._now.doing is not None:
            return
        self._ended.clear()
        self._note(doing=doing, waits_for="", ending=False, trouble="")

        def ended(outcome: Any) -> None:
            self._note(doing=None, ending=False)
            done(outcome)

        self._tasks.run(work, ended, self._fail)

    def _fail(self, error: Explained) -> None:
        self._note(doing=None, ending=False, trouble=str(error))

    def _note(self, **news: Any) -> None:
        self._now = replace(self._now, **news)
        self.viewed.emit(connection_view(self._now))


def _first_line(refusal: ValueError) -> str:
    """Of pydantic's refusals the reason alone."""
    lines = str(refusal).splitlines()
    return lines[0] if len(lines) == 1 else "A name has 1 to 80 printable characters."
