"""The view in which the plan is edited: what to do, what to do about errors, the instrument's profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from functools import partial

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

from scopeacq.instrument import Instrument
from scopeacq.plan_changes import fixed
from scopeacq.project import Project
from scopeacq.runfolder import Plan
from ui import theme
from ui.forms.form import FormPage
from ui.plan_costs import CostPanel
from ui.policy_page import NUMBERS, PolicyPage
from ui.presenters.editing import Edit, Editor, Refused
from ui.presenters.form_rows import Filter, Locks, row_of
from ui.presenters.form_state import SettingsForm, Unacceptable
from ui.presenters.forms import Path, fields_of
from ui.presenters.messages import Message
from ui.presenters.plan_page import (
    BASIC_INSTRUMENT,
    BASIC_PROJECT,
    edit_state,
    wrong_message,
    wrong_values,
)
from ui.presenters.policies import night_view
from ui.viewport.actions import action, bar, choice

SEARCH_PX = 220


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
        self._editor: Editor | None = None
        self.project_form = SettingsForm(plan.project, plan.project)
        self.instrument_form = SettingsForm(plan.instrument, plan.instrument)
        self.costs, self.search = CostPanel(), QLineEdit()
        self._state, self._stack = QLabel(), QStackedWidget()
        self._page_widgets: dict[Page, QScrollArea] = {}
        self._shown_pages: dict[Page, Callable[[bool, Locks], None]] = {}
        self._make_actions()
        self._lay_out()

    # -- what is shown ---------------------------------------------------------------------

    def set_editor(self, editor: Editor | None) -> None:
        """Edit this plan, as it is now; without one it is only looked at."""
        self._editor = editor
        self.refresh()

    def page(self, page: Page) -> QScrollArea:
        """The widget of a page that was shown. Raises ``KeyError``."""
        return self._page_widgets[page]

    def show_page(self, page: Page) -> None:
        """Show one of the pages."""
        if page not in self._shown_pages:
            self._make_page(page)
        self._pages[page].setChecked(True)
        self._stack.setCurrentWidget(self._page_widgets[page])
        for widget, seen in (
            (self._button_of[self._measured], page is Page.INSTRUMENT),
            (self._button_of[self._everything], page is not Page.ERRORS),
            (self.search, page is not Page.ERRORS),
        ):
            widget.setVisible(seen)

    def refresh(self) -> None:
        """Show the document as it is now."""
        if (editor := self._editor) is not None:
            document, saved = editor.document, editor.saved
            self.project_form.show(document.project, saved.project)
            self.instrument_form.show(document.instrument, saved.instrument)
        begun = editor.begun if editor is not None else None
        locks = Locks(fixed(begun) if begun is not None else {}, measured=not self._measured.isChecked())
        for show in self._shown_pages.values():
            show(editor is not None, locks)
        self._refresh_actions()

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of values that are wrong and so no part of the plan."""
        return wrong_values(self.project_form, self.instrument_form)

    def objection(self) -> Message | None:
        """Why the plan must not be left as it is, if so."""
        return wrong_message(self.wrong) if self.wrong else None

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Fields are made when they are first seen: until then the window starts the sooner."""
        super().showEvent(event)
        if not self._shown_pages:
            self.show_page(Page.PLAN)
        self.shown.emit()

    # -- editing -----------------------------------------------------------------------------

    def _accept_project(self, path: Path, project: Project) -> None:
        name = f"Set {_name(Project, path)}"
        self._do(Edit(name, lambda document: replace(document, project=project), topic=path))

    def _accept_instrument(self, path: Path, instrument: Instrument) -> None:
        name = f"Set {_name(Instrument, path)}"
        topic = ("instrument", *path)
        self._do(Edit(name, lambda document: replace(document, instrument=instrument), topic=topic))

    def _do(self, edit: Edit) -> None:
        if self._editor is None:
            raise Unacceptable("The plan is only shown now.")
        try:
            self._editor.do(edit)
        except Refused as refusal:
            raise Unacceptable(str(refusal)) from None

    def _enter(self, path: Path, value: object) -> None:
        self.project_form.enter(path, value, partial(self._accept_project, path))
        self._changed()

    def _spoil(self, path: Path, problem: str) -> None:
        self.project_form.spoil(path, problem)
        self._changed()

    def _give_up(self, path: Path) -> None:
        self.project_form.forget(path)
        self._changed()

    def _changed(self) -> None:
        self.refresh()
        if self._editor is not None:
            self.document_changed.emit(self._editor.document)

    def _end_step(self) -> None:
        if self._editor is not None:
            self._editor.end_step()

    def _step_back(self, step: Callable[[Editor], None]) -> None:
        if self._editor is not None:
            for form in (self.project_form, self.instrument_form):
                form.forget_all()
            step(self._editor)
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
            "Unlock measured values",
            "Alt+U",
            "Change by hand what calibration measures",
            self.refresh,
        )
        self._undo = action(self, "Undo", "Ctrl+Z", partial(self._step_back, Editor.undo))
        self._redo = action(self, "Redo", "Ctrl+Shift+Z", partial(self._step_back, Editor.redo), "Ctrl+Y")
        self._save_action = action(self, "Save", "Ctrl+S", self._save)
        action(self, "Search settings", "Ctrl+F", self.search.setFocus)

    def _refresh_actions(self) -> None:
        editor = self._editor
        for each, step in (
            (self._undo, editor.to_undo if editor else ""),
            (self._redo, editor.to_redo if editor else ""),
        ):
            each.setEnabled(bool(step))
            keys = each.shortcut().toString()
            each.setToolTip(f"{each.text()}: {step} ({keys})" if step else f"{each.text()} ({keys})")
        unsaved = editor is not None and editor.unsaved
        self._save_action.setEnabled(unsaved)
        state = edit_state(editor is not None, unsaved, self.wrong)
        self._state.setText(state.text)
        theme.set_tone(self._state, state.tone)

    def _filter(self) -> None:
        for page in self._page_widgets.values():
            if isinstance(page, FormPage):
                page.set_filter(self._filtered)

    @property
    def _filtered(self) -> Filter:
        return Filter(self.search.text(), self._everything.isChecked())

    def _make_page(self, page: Page) -> None:
        match page:
            case Page.PLAN:
                form = FormPage(self.project_form, self._accept_project, BASIC_PROJECT)
                self._add_page(page, form, form.set_editable)
            case Page.INSTRUMENT:
                profile = FormPage(self.instrument_form, self._accept_instrument, BASIC_INSTRUMENT)
                self._add_page(page, profile, profile.set_editable)
            case Page.ERRORS:
                self._add_page(page, self._make_policies(), self._show_policies)

    def _add_page(self, page: Page, widget: QScrollArea, show: Callable[[bool, Locks], None]) -> None:
        if isinstance(widget, FormPage):
            widget.set_filter(self._filtered)
            widget.changed.connect(self._changed)
            widget.step_ended.connect(self._end_step)
        widget.setFrameShape(QFrame.Shape.NoFrame)
        self._page_widgets[page], self._shown_pages[page] = widget, show
        self._stack.addWidget(widget)
        self.refresh()

    def _make_policies(self) -> PolicyPage:
        self._policies = PolicyPage()
        self._policies.entered.connect(self._enter)
        self._policies.spoiled.connect(self._spoil)
        self._policies.given_up.connect(self._give_up)
        self._policies.committed.connect(self._end_step)
        return self._policies

    def _show_policies(self, editable: bool, locks: Locks) -> None:
        numbers = {path: row_of(self.project_form, fields_of(Project)[path], locks) for path in NUMBERS}
        self._policies.show_night(night_view(self.project_form.settings), numbers, editable)

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
        row.setContentsMargins(theme.Space.L, theme.Space.XS, theme.Space.L, theme.Space.XS)
        self._state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self._state, 1)
        return foot


def _switch(owner: QWidget, text: str, key: str, hint: str, done: Callable[[], None]) -> QAction:
    made = action(owner, text, key, done)
    made.setCheckable(True)
    made.setToolTip(f"{hint} ({key})")
    return made


def _name(model: type[Project] | type[Instrument], path: Path) -> str:
    field = fields_of(model).get(path)
    return field.label.lower() if field is not None else path[-1]
