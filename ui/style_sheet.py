"""The rules by which Qt draws widgets; :mod:`ui.theme` fills in colours, sizes and tones."""

from __future__ import annotations

from string import Template

SHEET = Template("""
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 6px; }
QLabel[role="display"] { font-size: ${display_pt}pt; font-weight: 300; }
QLabel[role="title"] { font-size: ${title_pt}pt; font-weight: 600; }
QLabel[role="lead"] { font-size: ${lead_pt}pt; }
QLabel[role="small"] { font-size: ${small_pt}pt; color: $muted; }
QLabel[role="remark"] { font-size: ${small_pt}pt; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="strong"] { font-weight: 600; }
QFrame[role="card"] { background: $panel; border: 1px solid $line; border-radius: ${radius}px; }
QFrame[role="card"][live="true"]:hover { background: $raised; border-color: $muted; }
QFrame[role="card"][live="true"]:focus { border-color: $accent; }
QFrame[role="step"] { background: transparent; border: 1px solid transparent; border-radius: ${radius}px; }
QFrame[role="step"]:hover { background: $raised; }
QFrame[role="step"][chosen="true"] { background: $raised; border-color: $line; }
QFrame[role="step"]:focus { border-color: $accent; }
QFrame[role="line"] { color: $line; }
QFrame[role="rail"] { background: $panel; border: none; border-right: 1px solid $line; }
QFrame[role="bar"] { background: $panel; border: none; border-bottom: 1px solid $line; }
QFrame[role="foot"] { background: $panel; border: none; border-top: 1px solid $line; }

QPushButton, QToolButton {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 6px;
    padding: 6px 14px; min-height: 20px;
}
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $panel; }
QPushButton[role="primary"] {
    background: $accent; color: $on_accent; border-color: $accent; font-weight: 600;
}
QPushButton[role="primary"]:hover { background: $text; border-color: $text; color: $window; }
QPushButton[role="primary"]:disabled { background: $raised; color: $muted; border-color: $line; }
QPushButton[role="danger"] { color: $alarm; border-color: $alarm; font-weight: 600; }
QPushButton[role="danger"]:disabled { color: $muted; border-color: $line; }
QToolButton[popupMode="1"] { padding-right: 32px; }
QToolButton::menu-button { border: none; border-left: 1px solid $line; width: 24px; margin: 6px 0; }
QPushButton[role="note"] {
    background: transparent; border: none; color: $muted; padding: 2px 4px; font-size: ${small_pt}pt;
}
QPushButton[role="note"]:hover, QPushButton[role="note"]:focus { color: $accent; }
QPushButton[role="quiet"], QToolButton[role="quiet"] {
    background: transparent; border-color: transparent; padding: 4px 8px;
}
QToolButton[role="quiet"] { padding: 4px 5px; }
QPushButton[role="quiet"]:hover, QToolButton[role="quiet"]:hover { background: $hover; }
QPushButton[role="quiet"]:focus, QToolButton[role="quiet"]:focus { border-color: $accent; }
QToolButton[role="sign"]::menu-indicator, QToolButton[role="fold"]::menu-indicator { image: none; }
QToolButton[role="fold"] {
    background: transparent; border-color: transparent; padding: 4px 5px; color: $accent; font-weight: 600;
}
QToolButton[role="fold"]:hover { background: $hover; }
QToolButton[role="fold"]:focus { border-color: $accent; }
QToolButton[role="sign"] {
    background: transparent; border-color: transparent; padding: 4px; min-height: 0; border-radius: 4px;
}
QToolButton[role="sign"]:hover { background: $hover; }
QToolButton[role="sign"]:focus { border-color: $accent; }

QToolButton:checked, QToolButton[role="quiet"]:checked {
    background: $hover; color: $accent; font-weight: 600;
}

QToolButton[role="rail"] {
    background: transparent; border-color: transparent; padding: 8px 2px;
    font-size: ${small_pt}pt; color: $muted;
}
QToolButton[role="rail"]:hover { background: $hover; }
QToolButton[role="rail"]:focus { border-color: $accent; }
QToolButton[role="rail"]:checked { background: $raised; color: $accent; }

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 6px; padding: 4px 8px;
    min-height: 20px; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border-color: $accent; }
*[wrong="true"], *[wrong="true"]:focus { border: 1px solid $alarm; color: $alarm; }
QTextBrowser[role="page"] { background: $panel; border: none; border-radius: 0; padding: 0; }
QLineEdit:disabled, QComboBox:disabled, QPlainTextEdit:disabled, *[locked="true"] {
    color: $muted; background: transparent;
}
QComboBox[role="calm"]::drop-down { border: none; width: 24px; }
QAbstractItemView { background: $panel; border: 1px solid $line; outline: none; }
QAbstractItemView[role="plain"] { border: none; }
QAbstractItemView::item:selected { background: $hover; color: $text; }
QHeaderView::section { background: $raised; color: $muted; border: none; padding: 4px 8px; }

QProgressBar { background: $line; border: none; border-radius: 4px; text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }

QScrollArea { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; min-height: 28px; margin: 1px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QDockWidget { color: $muted; titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: $panel; padding: 8px 12px; border-bottom: 1px solid $line; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; padding: 8px 14px; border: none; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:hover { color: $text; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QMenuBar { background: $panel; color: $text; border-bottom: 1px solid $line; }
QMenuBar::item { padding: 6px 10px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $panel; color: $text; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 16px; border-radius: 4px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QStatusBar { background: $panel; color: $muted; border-top: 1px solid $line; }
QStatusBar::item { border: none; }
QGroupBox { border: 1px solid $line; border-radius: ${radius}px; margin-top: 18px; padding: 8px; }
QGroupBox::title { subcontrol-origin: margin; left: 8px; color: $muted; }
$tones
""")
