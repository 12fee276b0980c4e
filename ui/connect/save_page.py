"""The last step: the instrument's name and file, written, and the former one kept."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QLineEdit, QWidget

from ui import theme
from ui.parts.label import label
from ui.parts.wizard_page import WizardPage
from ui.prepare.step_card import main_button, side_button
from ui.presenters.connection import ConnectionView

NAME_PX = 360


class SavePage(WizardPage):
    """Signals:

    named (str): the instrument is called otherwise.
    save_asked, put_back_asked: write the file; have the former one be the file again.
    use_asked: have the run that was open go by it.
    """

    named = pyqtSignal(str)
    save_asked = pyqtSignal()
    put_back_asked = pyqtSignal()
    use_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.sentence, self.file, self.how_to_use = label(role="lead"), label(), label(role="small")
        self.name = QLineEdit()
        self.name.setFixedWidth(NAME_PX)
        self.name.setAccessibleName("Name of the instrument")
        self.save = main_button("Write the file", "The former file is kept beside it")
        self.put_back = side_button("Put the former back", "What the file said before is in it again")
        self.use = main_button("", "The run's instrument.toml names this file; then the run is opened")
        self.use.clicked.connect(lambda: self.use_asked.emit())
        self.name.editingFinished.connect(lambda: self.named.emit(self.name.text().strip()))
        self.save.clicked.connect(lambda: self.save_asked.emit())
        self.put_back.clicked.connect(lambda: self.put_back_asked.emit())
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.Space.M)
        grid.setVerticalSpacing(theme.Space.S)
        grid.addWidget(label("Name of the instrument", wrap=False), 0, 0)
        grid.addWidget(self.name, 0, 1, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(label("File", wrap=False), 1, 0)
        grid.addWidget(self.file, 1, 1)
        grid.setColumnStretch(1, 1)
        self.put((self.sentence, holder, self.how_to_use), (), (self.put_back,), (self.save, self.use))

    def show_view(self, view: ConnectionView) -> None:
        """Show what will be written, and where."""
        self.sentence.setText(view.sentence)
        self.file.setText(view.file)
        self.how_to_use.setText(view.how_to_use)
        if not self.name.hasFocus():
            self.name.setText(view.name)
        self.save.setEnabled(view.may_save)
        self.put_back.setVisible(view.kept)
        self.use.setText(view.use)
        self.use.setVisible(bool(view.use))
