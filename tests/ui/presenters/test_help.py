"""The manual: a page for every view and panel, links that lead somewhere, a search that finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scopeacq.journal.records import ErrorKind
from scopeacq.telling.meaning import explanations
from ui.presenters.help import (
    CONTENTS,
    hits_page,
    html,
    manual_folder,
    missing_page,
    page_of,
    read_pages,
    search,
    slug,
)

PAGES = read_pages(manual_folder())
LINK = re.compile(r"\]\(([\w-]+)\.md(?:#([\w-]+))?\)")
PICTURE = re.compile(r"!\[[^]]+\]\(([^)]+)\)")


@pytest.mark.parametrize("key", PAGES)
def test_links_and_pictures_of_a_page_lead_somewhere(key: str) -> None:
    for target, heading in LINK.findall(PAGES[key].text):
        assert target in PAGES, target
        headings = re.findall(r"^#+ (.*)$", PAGES[target].text, re.MULTILINE)
        assert not heading or heading in map(slug, headings), heading
    for picture in PICTURE.findall(PAGES[key].text):
        assert (manual_folder() / picture).is_file(), picture


def test_the_contents_lead_to_every_page() -> None:
    linked = {target for target, _ in LINK.findall(PAGES[CONTENTS].text)}
    assert linked | {CONTENTS} == set(PAGES)


@pytest.mark.parametrize("kind", ErrorKind)
def test_trouble_is_explained_in_the_words_that_the_window_uses(kind: ErrorKind) -> None:
    means, advice = explanations()[kind]
    text = " ".join(PAGES["troubleshooting"].text.split())
    assert means in text
    assert advice in text


def test_a_search_finds_pages_with_all_words_titles_first() -> None:
    pages = {
        page.key: page
        for page in (
            page_of("a", "# Focus\n\nThe beam."),
            page_of("b", "# Stage\n\nMoves, and *focus* stays.\n"),
            page_of("c", "# Gun\n\nIons."),
        )
    }
    assert [hit.page.key for hit in search(pages, "FOCUS")] == ["a", "b"]
    (hit,) = search(pages, "focus moves")
    assert hit.line == "Moves, and focus stays."
    assert search(pages, "  ") == search(pages, "nothing such") == ()
    assert "Nothing found" in hits_page("x", ()).text


def test_a_page_that_is_not_there_leads_to_the_contents() -> None:
    assert f"({CONTENTS}.md)" in missing_page("elsewhere").text


def test_headings_are_named_as_links_name_them_and_pictures_have_a_width(tmp_path: Path) -> None:
    text = "## The mill gate: why?\n\n![what](x-dark.png)\n\n<b>no markup</b>"
    made = html(text, lambda name: (f"/there/{name}", 321))
    assert '<h2 id="the-mill-gate-why">' in made
    assert 'src="/there/x-dark.png"' in made
    assert 'width="321"' in made
    assert "<b>" not in made
