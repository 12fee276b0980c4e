"""A page of the manual as it is read: text in the window's colours, pictures as wide as there is room."""

from __future__ import annotations

from pathlib import Path
from string import Template

from PyQt5.QtCore import QEvent, Qt, QUrl
from PyQt5.QtGui import QImage, QImageReader, QResizeEvent, QTextDocument
from PyQt5.QtWidgets import QFrame, QTextBrowser

from ui import theme
from ui.presenters.help import html


class HelpView(QTextBrowser):
    """Shows Markdown; its ``anchorClicked`` says which link was pressed, and nothing follows it here.

    A picture of the window exists in dark and in light (``name-dark.png``): that of the mode is shown.
    """

    def __init__(self, folder: Path) -> None:
        """``folder``: what the pictures' paths are relative to."""
        super().__init__()
        self._folder, self._text = folder, ""
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        theme.set_role(self, "page")

    def show_markdown(self, text: str) -> None:
        """Show a text from its top."""
        self._text = text
        self._write()
        self._scroll(0)

    def loadResource(self, kind: int, name: QUrl) -> object:  # noqa: N802 (Qt's name)
        """Pictures as finely as the screen shows them: scaled once, smoothly."""
        if kind != QTextDocument.ResourceType.ImageResource:
            return None
        picture = QImage(name.toLocalFile() or name.toString())
        width_px = round(min(self._room_px(), picture.width()) * self.devicePixelRatioF())
        if width_px < picture.width():
            picture = picture.scaledToWidth(width_px, Qt.TransformationMode.SmoothTransformation)
            picture.setDevicePixelRatio(self.devicePixelRatioF())
        return picture

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        if event is not None and event.size().width() != event.oldSize().width():
            self._write()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._write()

    def _write(self) -> None:
        """Set the text anew, as after a change of width or mode; it stays scrolled where it was."""
        bar, paper = self.verticalScrollBar(), self.document()
        if not self._text or bar is None or paper is None:
            return
        at = bar.value()
        paper.setDocumentMargin(theme.Space.L)
        paper.setDefaultStyleSheet(_SHEET.substitute(_style(theme.shades(self))))
        self.setHtml(html(self._text, self._picture))
        self._scroll(at)

    def _scroll(self, value: int) -> None:
        if (bar := self.verticalScrollBar()) is not None:
            bar.setValue(value)

    def _picture(self, name: str) -> tuple[str, int]:
        dark, light = "-dark.png", "-light.png"
        ours, others = (dark, light) if theme.shades(self) is theme.DARK else (light, dark)
        file = self._folder / name.replace(others, ours)
        return str(file), min(self._room_px(), QImageReader(str(file)).size().width())

    def _room_px(self) -> int:
        viewport = self.viewport()
        return (viewport.width() if viewport is not None else self.width()) - 2 * theme.Space.L


def _style(shades: theme.Shades) -> dict[str, object]:
    return {
        "text": shades.text,
        "muted": shades.muted,
        "accent": shades.accent,
        "line": shades.line,
        "raised": shades.raised,
        "title_pt": theme.FontPt.TITLE,
        "lead_pt": theme.FontPt.LEAD,
        "gap": theme.Space.L,
        "small_gap": theme.Space.S,
    }


_SHEET = Template("""
h1 { font-size: ${title_pt}pt; font-weight: 600; margin-top: 0px; margin-bottom: ${small_gap}px; }
h2 { font-size: ${lead_pt}pt; font-weight: 600; margin-top: ${gap}px; margin-bottom: ${small_gap}px; }
h3 { font-size: ${lead_pt}pt; font-weight: 400; color: $muted; margin-top: ${gap}px; }
p, li, td, th { line-height: 130%; }
p { margin-top: 0px; margin-bottom: ${small_gap}px; }
p.picture { line-height: 100%; }
li { margin-bottom: 4px; }
a { color: $accent; text-decoration: none; }
code { background-color: $raised; }
table { border-collapse: collapse; border-color: $line; margin: ${small_gap}px 0px; }
td, th { padding: 4px 8px; text-align: left; }
th { color: $muted; font-weight: 400; }
""")
