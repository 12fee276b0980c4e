"""The pages of the manual: one Markdown file for each view and panel, read and searched without Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

CONTENTS = "index"
"""The key of the page that leads to all others."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKUP = re.compile(r"!\[[^]]*\]\([^)]*\)|\]\([^)]*\)|[*`#>|\[]|^\s*[-+]\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page; ``text`` is Markdown and begins with the title."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that holds all words that were looked for, and the line that holds most of them."""

    page: Page
    line: str


def manual_folder() -> Path:
    """Where the pages lie: within an installed package, or in the documentation of a checkout."""
    packaged = Path(__file__).parents[1] / "help" / "manual"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "docs" / "manual"


def read_pages(folder: Path) -> dict[str, Page]:
    """All pages by their keys; none where the folder is missing."""
    files = sorted(folder.glob("*.md"))
    return {file.stem: page_of(file.stem, file.read_text(encoding="utf-8")) for file in files}


def page_of(key: str, text: str) -> Page:
    """A page from its text."""
    first = next((line for line in text.splitlines() if line.startswith("# ")), f"# {key}")
    return Page(key, first.removeprefix("# ").strip(), text)


def missing_page(key: str) -> Page:
    """What is shown for a page that is not there."""
    return page_of(
        key,
        f"# No page about \N{LEFT DOUBLE QUOTATION MARK}{key}\N{RIGHT DOUBLE QUOTATION MARK} yet\n\n"
        f"Hold the pointer over a button or a number to read what it means, or look into the "
        f"[contents]({CONTENTS}.md).",
    )


def search(pages: Mapping[str, Page], text: str) -> tuple[Hit, ...]:
    """Pages that hold every word of ``text``, those with the words in their titles first."""
    words = text.casefold().split()
    if not words:
        return ()
    hits = [
        (_rank(page, words), Hit(page, _best_line(page, words)))
        for page in pages.values()
        if all(word in page.text.casefold() for word in words)
    ]
    return tuple(hit for _, hit in sorted(hits, key=lambda ranked: (ranked[0], ranked[1].page.title)))


def hits_page(text: str, hits: tuple[Hit, ...]) -> Page:
    """The result of a search as a page with links."""
    if not hits:
        return Page("", "Search", f"# Nothing found\n\nNo page holds all of: {plain(text)}")
    found = "\n\n".join(f"**[{hit.page.title}]({hit.page.key}.md)**\n\n{hit.line}" for hit in hits)
    return Page("", "Search", f"# Found\n\n{found}")


def html(markdown: str, picture: Callable[[str], tuple[str, int]]) -> str:
    """A text as HTML, its headings named as links name them.

    Args:
        picture: the file that is shown for a picture's name, and its width there [px].
    """
    tokens = _MARKDOWN.parse(markdown)
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(following.content))
        if token.type == "paragraph_open" and all(c.type == "image" for c in following.children or ()):
            token.attrSet("class", "picture")
        for image in following.children or ():
            if image.type == "image":
                file, width_px = picture(str(image.attrGet("src")))
                image.attrSet("src", file)
                image.attrSet("width", str(width_px))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def plain(markdown: str) -> str:
    """A line without its markup."""
    return _MARKUP.sub("", markdown).strip()


def slug(heading: str) -> str:
    """How a link names a heading: small letters, digits and hyphens, as on code forges."""
    return re.sub(r"[^\w\- ]", "", heading.casefold()).strip().replace(" ", "-")


def _rank(page: Page, words: list[str]) -> tuple[int, int]:
    title, body = page.title.casefold(), page.text.casefold()
    return -sum(word in title for word in words), -sum(body.count(word) for word in words)


def _best_line(page: Page, words: list[str]) -> str:
    lines = [plain(line) for line in page.text.splitlines()[1:]]
    return max(lines, key=lambda line: sum(word in line.casefold() for word in words), default="")
