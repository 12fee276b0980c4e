"""The page of figures, and its plots."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from benchmarks.focus.panels import COLOURS, STYLE, panels_of
from benchmarks.score_search.figures import is_inside, table
from benchmarks.score_search.traces import Found, Method

TISSUES = ("procedural tissue", "medulla stack")
PLOT = "images.svg"

INTRODUCTION = """# How single images lead to focus

Measured by `python -m benchmarks.score_search`: from uniform starts within +-10 um, +-1 and +-1 a.u., on
frames of 1024 x 768 pixels of 10 nm, with at most 60 images. *Inside* means within 1 um, 0.25 and 0.25 a.u.
of the optical truth; a search that is refused, with the optics as they were, is not. *Away* was applied and
is not inside. All methods meet the same places and starts. Nelder-Mead is the source's (Schubert 2022,
section 3.4): kicks after five idle steps, an end at 1.05 times what the same microscope scores at another
place that was focused by hand; after 60 images the best counts. Plain measures of sharpness have no zero,
so that nothing is refused for them. The resin is nearly bare: there is nothing to focus on, and each search
says so.
"""


def markdown(found: Sequence[Found]) -> str:
    """All tables."""
    return "\n\n".join(text for pair in _sections(found) for text in pair)


def _sections(found: Sequence[Found]) -> Iterator[tuple[str, str]]:
    dwells = sorted({one.case.dwell_ns for one in found}, reverse=True)
    tissue = [one for one in found if one.case.kind in TISSUES]
    for dwell_ns in dwells:
        at = [one for one in tissue if one.case.dwell_ns == dwell_ns]
        rows = [(method.value, [one for one in at if one.case.method is method]) for method in Method]
        yield f"## Tissue of the twin, {dwell_ns:g} ns", table(rows)
    ours = [one for one in found if one.case.method is Method.OURS]
    kinds = list(dict.fromkeys(one.case.kind for one in ours))
    for dwell_ns in dwells:
        at = [one for one in ours if one.case.dwell_ns == dwell_ns]
        yield (
            f"## The program on each kind of texture, {dwell_ns:g} ns",
            table([(kind, [one for one in at if one.case.kind == kind]) for kind in kinds]),
        )


def write_page(page: Path, found: Sequence[Found], plots: Path | None) -> None:
    """Tables and, where ``plots`` is named, figures."""
    parts = [INTRODUCTION, markdown(found)]
    if plots:
        draw(plots / PLOT, found)
        link = Path(os.path.relpath(plots, page.parent)) / PLOT
        parts.append(
            f"## Figure\n\n![images]({link.as_posix()})\n\n*Share of searches on tissue inside by then.*"
        )
    page.write_text("\n\n".join(part.rstrip() for part in parts) + "\n")


def draw(path: Path, found: Sequence[Found]) -> None:
    """How many searches on tissue are inside after how many images, a panel for each dwell time."""
    mpl.rcParams.update(STYLE)
    dwells = sorted({one.case.dwell_ns for one in found}, reverse=True)
    figure, panels = panels_of(*[2.4] * len(dwells))
    for axes, dwell_ns in zip(panels, dwells, strict=True):
        for method, colour in zip(Method, COLOURS, strict=False):
            own = [
                one
                for one in found
                if one.case.method is method and one.case.dwell_ns == dwell_ns and one.case.kind in TISSUES
            ]
            if own:
                ends = np.sort([one.images if is_inside(one) else np.inf for one in own])
                axes.step(
                    ends,
                    np.arange(1, len(own) + 1) / len(own),
                    where="post",
                    color=colour,
                    label=method.value,
                )
        axes.set(title=f"{dwell_ns:g} ns", xlabel="images", ylim=(0, 1.02), xlim=(0, 62))
    panels[0].set_ylabel("share inside")
    panels[-1].legend(loc="lower right", fontsize=5)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
