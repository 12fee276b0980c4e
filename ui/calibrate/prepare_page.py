"""The first step: what a calibration does and needs, its settings, and what it will take."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from calibration.procedure import consents_of
from scopeacq.plan.settings import Settings
from ui import theme
from ui.forms.choice_form import ChoiceForm
from ui.forms.row import Widths
from ui.icons import SignLabel
from ui.parts.label import label
from ui.parts.tick_box import TickBox
from ui.parts.wizard_page import WizardPage
from ui.prepare.step_card import main_button, side_button
from ui.presenters.calibration import PrepareView, WizardView
from ui.presenters.tone import Badge, Tone

WIDTHS = Widths(220, 150)


class PreparePage(WizardPage):
    """Signals:

    begin_asked (bool): begin, or go on; anew where True.
    edited (Settings): other settings are wanted.
    """

    begin_asked = pyqtSignal(bool)
    edited = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.about, self.unfinished = label(role="lead"), label()
        self.estimate, self.held_back = label(), label(role="remark")
        self.warning = label(role="strong")
        self.confirm = TickBox("")
        self.form: ChoiceForm[Any] | None = None
        self.begin = main_button("Begin", "Connects the instrument where it is not in hand yet")
        self.anew = side_button(
            "Begin anew", "Measure all of it again; what was measured before stays in its folder"
        )
        self._signs, self._forms = QHBoxLayout(), QVBoxLayout()
        self._needs: tuple[Badge, ...] = ()
        self._may_act = False
        tones = {self.held_back: Tone.CAUTION, self.unfinished: Tone.ACTIVE, self.warning: Tone.ALARM}
        for text, tone in tones.items():
            theme.set_tone(text, tone)
        self._connect()
        self._lay_out()

    def show_settings(self, settings: Settings | None) -> None:
        """Let these settings be edited; None: there are none yet."""
        if self.form is not None:
            self._forms.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        self.confirm.setChecked(False)
        if settings is not None:
            consents = {(key,) for key in consents_of(type(settings))}  # asked for beside the button
            self.form = form = ChoiceForm(settings, WIDTHS, consents)
            form.changed.connect(lambda: self.edited.emit(form.chosen))
            self._forms.addWidget(form)

    def show_view(self, view: WizardView) -> None:
        """Show how it stands now."""
        prepare = view.prepare
        self.about.setText(prepare.about)
        self._show_needs(prepare)
        self.estimate.setText("\n".join(prepare.estimate))
        self.confirm.setText(prepare.confirm)
        self.confirm.setVisible(bool(prepare.confirm))
        told = {
            self.unfinished: prepare.unfinished,
            self.warning: prepare.warning,
            self.held_back: view.held_back,
        }
        for text, words in told.items():
            text.setText(words)
            text.setVisible(bool(words))
        self.begin.setText(prepare.begin)
        self.anew.setVisible(bool(prepare.anew))
        self._may_act = view.may_act
        self._allow()

    def _allow(self) -> None:
        confirmed = self.confirm.isChecked() or not self.confirm.text()
        for button in (self.begin, self.anew):
            button.setEnabled(self._may_act and confirmed)

    def _show_needs(self, prepare: PrepareView) -> None:
        if prepare.needs == self._needs:
            return
        self._needs = prepare.needs
        while (item := self._signs.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for need in prepare.needs:
            self._signs.addWidget(_Need(need))
        self._signs.addStretch(1)

    def _connect(self) -> None:
        self.confirm.toggled.connect(lambda _: self._allow())
        self.begin.clicked.connect(lambda: self.begin_asked.emit(False))
        self.anew.clicked.connect(lambda: self.begin_asked.emit(True))

    def _lay_out(self) -> None:
        signs, forms = QWidget(), QWidget()
        self._signs.setContentsMargins(0, 0, 0, 0)
        self._signs.setSpacing(theme.Space.L)
        signs.setLayout(self._signs)
        self._forms.setContentsMargins(0, theme.Space.S, 0, theme.Space.S)
        forms.setLayout(self._forms)
        told = (self.estimate, self.unfinished, self.warning, self.confirm, self.held_back)
        self.put((self.about, signs, forms), told, (), (self.anew, self.begin))


class _Need(QWidget):
    """A sign with its words."""

    def __init__(self, badge: Badge) -> None:
        super().__init__()
        words = label(badge.word, wrap=False)
        theme.set_tone(words, badge.tone)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.S)
        row.addWidget(SignLabel(badge.sign, badge.tone), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(words)
