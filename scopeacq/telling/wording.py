"""Numbers and sentences for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 cycle``, ``2 cycles``; of nouns whose plural takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(text: str) -> str:
    """``text`` with a capital at its beginning and a full stop at its end; nothing stays nothing."""
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
