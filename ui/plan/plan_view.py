"""The view in which the plan is edited: what to do, what to do about errors, the instrument's profile."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import (
    QAction,
    QActionGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from ui import theme
from ui.forms.form import FormPage
from ui.plan.plan_costs import CostPanel
from ui.plan.policy_page import NUMBERS, PolicyPage
from ui.presenters.editing import Editor
from ui.presenters.form_rows import Filter, Locks, row_of
from ui.presenters.forms import Path, fields_of
from ui.presenters.messages import Message
from ui.presenters.plan_forms import PlanForms
from ui.presenters.plan_page import BASIC_INSTRUMENT, BASIC_PROJECT
from ui.presenters.policies import night_view
from ui.viewport.actions import action, bar, choice

SEARCH_PX = 184


class Page(Enum):
    """The pages; ``value`` is what their buttons say."""

    PLAN = "Plan"
    ERRORS = "Errors"
    INSTRUMENT = "Instrument"


HINTS = {
    Page.PLAN: "What the run is to do",
    Page.ERRORS: "What the run does about errors by itself, to be decided before the night",
    Page.INSTRUMENT: "The microscope as calibrated: its driver, scales, poses and limits",
}


class PlanView(QWidget):
    """Edits the plan of an ``Editor``, which it shares with the map.

    Signals:
        document_changed (Document): an edit was made, undone or done again here.
        save_requested: the edited plan is to be written.
        told (Message): why that is not possible.
        shown: the plan is seen for the first time, and what it costs is wanted.
    """

    document_changed = pyqtSignal(object)
    save_requested = pyqtSignal()
    told = pyqtSignal(object)
    shown = pyqtSignal()

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.forms = PlanForms(plan)
        self.costs, self.search = CostPanel(), QLineEdit()
        self._state, self._stack = QLabel(), QStackedWidget()
        self._page_widgets: dict[Page, QScrollArea] = {}
        self._showing: list[Callable[[bool, Locks], None]] = []
        self._make_actions()
        self._lay_out()

    # -- what is shown ---------------------------------------------------------------------

    def set_editor(self, editor: Editor | None) -> None:
        """Edit this plan, as it is now; without one it is only looked at."""
        self.forms.show(editor)
        self._refresh()

    def page(self, page: Page) -> QScrollArea:
        """The widget of a page that was shown. Raises ``KeyError``."""
        return self._page_widgets[page]

    def show_page(self, page: Page) -> None:
        """Show one of the pages."""
        if page not in self._page_widgets:
            self._make_page(page)
        self._pages[page].setChecked(True)
        self._stack.setCurrentWidget(self._page_widgets[page])
        for widget, seen in (
            (self._button_of[self._measured], page is Page.INSTRUMENT),
            (self._button_of[self._everything], page is not Page.ERRORS),
            (self.search, page is not Page.ERRORS),
        ):
            widget.setVisible(seen)

    def objection(self) -> Message | None:
        """Why the plan must not be left as it is, if so."""
        return self.forms.objection()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Fields are made when they are first seen: until then the window starts the sooner."""
        super().showEvent(event)
        if not self._page_widgets:
            self.show_page(Page.PLAN)
        self.shown.emit()

    def _refresh(self) -> None:
        editor = self.forms.editor
        self.forms.show(editor)
        locks = self.forms.locks(measured=not self._measured.isChecked())
        for show in self._showing:
            show(editor is not None, locks)
        for each, step in (
            (self._undo, editor.to_undo if editor else ""),
            (self._redo, editor.to_redo if editor else ""),
        ):
            each.setEnabled(bool(step))
            keys = each.shortcut().toString()
            each.setToolTip(f"{each.text()}: {step} ({keys})" if step else f"{each.text()} ({keys})")
        self._save_action.setEnabled(self.forms.unsaved)
        self._state.setText(self.forms.state.text)
        theme.set_tone(self._state, self.forms.state.tone)

    # -- editing -----------------------------------------------------------------------------

    def _enter(self, path: Path, value: object) -> None:
        self.forms.project.enter(path, value, partial(self.forms.accept_project, path))
        self._changed()

    def _spoil(self, path: Path, problem: str) -> None:
        self.forms.project.spoil(path, problem)
        self._changed()

    def _give_up(self, path: Path) -> None:
        self.forms.project.forget(path)
        self._changed()

    def _changed(self) -> None:
        self.forms.take_back_beginnings()
        self._refresh()
        if self.forms.editor is not None:
            self.document_changed.emit(self.forms.editor.document)

    def _step(self, take: Callable[[], None]) -> None:
        take()
        self._changed()

    def _save(self) -> None:
        if (objection := self.objection()) is not None:
            self.told.emit(objection)
        else:
            self.save_requested.emit()

    # -- the parts ---------------------------------------------------------------------------

    def _make_actions(self) -> None:
        group = QActionGroup(self)
        self._pages = {
            page: choice(self, group, page.value, f"Alt+{n}", HINTS[page], partial(self.show_page, page))
            for n, page in enumerate(Page, 1)
        }
        self._everything = _switch(
            self,
            "All settings",
            "Alt+A",
            "Show all settings, not only those that most runs need",
            self._filter,
        )
        self._measured = _switch(
            self,
            "Unlock measured",
            "Alt+U",
            "Change by hand what calibration measures",
            self._refresh,
        )
        self._undo = action(self, "Undo", "Ctrl+Z", partial(self._step, self.forms.undo))
        self._redo = action(self, "Redo", "Ctrl+Shift+Z", partial(self._step, self.forms.redo), "Ctrl+Y")
        self._save_action = action(self, "Save", "Ctrl+S", self._save)
        action(self, "Search settings", "Ctrl+F", self.search.setFocus)

    def _filter(self) -> None:
        for page in self._page_widgets.values():
            if isinstance(page, FormPage):
                page.set_filter(self._filtered)

    @property
    def _filtered(self) -> Filter:
        return Filter(self.search.text(), self._everything.isChecked())

    def _make_page(self, page: Page) -> None:
        forms = self.forms
        match page:
            case Page.PLAN:
                form = FormPage(forms.project, forms.accept_project, BASIC_PROJECT)
                self._add_form(page, form)
            case Page.INSTRUMENT:
                profile = FormPage(forms.instrument, forms.accept_instrument, BASIC_INSTRUMENT)
                self._add_form(page, profile)
            case Page.ERRORS:
                policies = PolicyPage()
                policies.entered.connect(self._enter)
                policies.spoiled.connect(self._spoil)
                policies.given_up.connect(self._give_up)
                policies.committed.connect(forms.end_step)
                self._add_page(page, policies, partial(self._show_policies, policies))

    def _add_form(self, page: Page, form: FormPage[Any]) -> None:
        form.set_filter(self._filtered)
        form.changed.connect(self._changed)
        form.step_ended.connect(self.forms.end_step)
        self._add_page(page, form, form.set_editable)

    def _add_page(self, page: Page, widget: QScrollArea, show: Callable[[bool, Locks], None]) -> None:
        widget.setFrameShape(QFrame.Shape.NoFrame)
        self._page_widgets[page] = widget
        self._showing.append(show)
        self._stack.addWidget(widget)
        self._refresh()

    def _show_policies(self, page: PolicyPage, editable: bool, locks: Locks) -> None:
        form = self.forms.project
        numbers = {path: row_of(form, fields_of(Project)[path], locks) for path in NUMBERS}
        page.show_night(night_view(form.settings), numbers, editable)

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search all settings")
        self.search.setToolTip("By name, unit, key or what it is for (Ctrl+F)")
        action(self.search, "Clear the search", "Esc", self.search.clear)
        self.search.setFixedWidth(SEARCH_PX)
        self.search.textChanged.connect(lambda _: self._filter())
        top = bar(
            [*self._pages.values()],
            [self._measured, self._everything, self._undo, self._redo, self._save_action],
        )
        self._button_of = {b.defaultAction(): b for b in top.findChildren(QToolButton)}
        self._button_of[self._measured].hide()
        layout = top.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.insertWidget(len(Page) + 1, self.search)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._stack, 1)
        middle.addWidget(self.costs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        column.addLayout(middle, 1)
        column.addWidget(self._foot())

    def _foot(self) -> QFrame:
        foot = QFrame()
        row = QHBoxLayout(foot)
        row.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
        self._state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self._state, 1)
        return foot


def _switch(owner: QWidget, text: str, key: str, hint: str, done: Callable[[], None]) -> QAction:
    made = action(owner, text, key, done)
    made.setCheckable(True)
    made.setToolTip(f"{hint} ({key})")
    return made
