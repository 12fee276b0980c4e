"""Which page of the manual speaks of a widget: the nearest one that was said of it or of what holds it."""

from __future__ import annotations

from PyQt5.QtWidgets import QWidget

_PROPERTY = "help_page"


def set_page(widget: QWidget, key: str) -> None:
    """Say which page is about ``widget`` and all within it."""
    widget.setProperty(_PROPERTY, key)


def page_about(widget: QWidget | None, otherwise: str) -> str:
    """The key of the page about ``widget``."""
    while widget is not None:
        key = widget.property(_PROPERTY)
        if isinstance(key, str):
            return key
        widget = widget.parentWidget()
    return otherwise
