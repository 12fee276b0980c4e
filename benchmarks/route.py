"""How short the way through the sections is, and how long it takes to find.

    python -m benchmarks.route [--quick] [--page docs/route.md --plots docs/pictures/route]

*Best known* is the shortest of what three long annealings of python-tsp (alpha 0.99), fast-tsp (another
library, near the optimum at these sizes) and our own search with another seed find together.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fast_tsp
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from python_tsp.heuristics import solve_tsp_simulated_annealing

from benchmarks.focus.panels import COLOURS, FAINT, STYLE, panels_of
from scopeacq.plan.instrument import StageSettings
from scopeacq.route.annealing import annealed
from scopeacq.route.stage_time import HOME, Nodes, Places, Stops
from scopeacq.route.starts import nearest_neighbour
from scopeacq.route.tour import MOST_ANNEALED, MOST_AT_ONCE, Tour, find_tour

Rng = np.random.Generator

ALLOWED = 0.05
"""Above the best known, for as many sections as the source had."""
SOURCE_SECTIONS, SOURCE_LIMIT_S = 87, 5.0
THOUSAND, THOUSAND_LIMIT_S = 1000, 60.0
FEW_LIMIT_S = 5.0
HURRY = 0.9
"""Of what is allowed, as the limit of a search: what it has begun it finishes."""
ANNEALINGS, ANNEALING_LIMIT_S = 3, 30.0


@dataclass(frozen=True, slots=True)
class Layout:
    """``places_um``: of the sections as they were found, (n, 2). ``limit_s``: promised."""

    name: str
    places_um: Places
    limit_s: float

    @property
    def stops(self) -> Stops:
        return Stops(StageSettings(), self.places_um, self.places_um)


@dataclass(frozen=True, slots=True)
class Result:
    """Travel per cycle [s] of tours through one layout, and the real time of the search.

    ``annealing_s``: of python-tsp's annealing alone, as in the source; ``None`` where it takes too long.
    """

    layout: Layout
    tour: Tour
    search_s: float
    present_s: float
    nearest_s: float
    annealing_s: float | None
    best_s: float

    @property
    def above(self) -> float:
        return self.tour.seconds / self.best_s - 1 if self.best_s else 0.0

    def problems(self) -> Iterator[str]:
        """What of the promises is broken."""
        if self.tour.seconds > self.nearest_s + 1e-9:
            yield f"{self.layout.name}: longer than nearest neighbours"
        if self.search_s > self.layout.limit_s:
            yield f"{self.layout.name}: took {self.search_s:.1f} s of {self.layout.limit_s:g} s"
        if len(self.layout.places_um) <= SOURCE_SECTIONS and self.above > ALLOWED:
            yield f"{self.layout.name}: {self.above:.1%} above the best known"


def rows(count: int, rng: Rng) -> Places:
    """Sections in rows on a round wafer, as in the source, a little off; found in any order."""
    pitch_um = np.array([700.0, 900.0]) * np.sqrt(SOURCE_SECTIONS / count)
    steps = np.stack(np.meshgrid(np.arange(-60, 61), np.arange(-60, 61)), axis=-1).reshape(-1, 2)
    places_um = steps * pitch_um
    inside = places_um[np.argsort(np.hypot(*places_um.T), kind="stable")[:count]]
    return rng.permutation(inside + rng.normal(0, 0.08, inside.shape) * pitch_um)


def scattered(count: int, rng: Rng) -> Places:
    """Anywhere on a square in the wafer."""
    return rng.uniform(-8_000, 8_000, (count, 2))


def clustered(count: int, rng: Rng) -> Places:
    """In eight heaps."""
    heaps = rng.uniform(-7_000, 7_000, (8, 2))
    return heaps[rng.integers(8, size=count)] + rng.normal(0, 500, (count, 2))


def ribbons(count: int, rng: Rng) -> Places:
    """In ribbons of about ten sections that touch, each turned as it came to lie."""
    ribbon, place = np.divmod(np.arange(count), 10)
    angle = rng.uniform(0, np.pi, ribbon.max() + 1)[ribbon]
    start = rng.uniform(-7_000, 7_000, (ribbon.max() + 1, 2))[ribbon]
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return rng.permutation(start + along * (260.0 * place[:, None]))


def on_one_line(count: int, rng: Rng) -> Places:
    """One behind the other, found in any order."""
    return np.stack([rng.permutation(count) * min(240.0, 2e4 / count), np.zeros(count)], axis=1)


def on_one_spot(count: int, rng: Rng) -> Places:
    """Each place given several times."""
    return scattered(12, rng)[rng.integers(12, size=count)]


KINDS: dict[str, Callable[[int, Rng], Places]] = {
    "rows": rows,
    "scattered": scattered,
    "clustered": clustered,
    "ribbons": ribbons,
    "on one line": on_one_line,
    "several on each spot": on_one_spot,
}


def layouts(quick: bool) -> Iterator[Layout]:
    """All that is judged; quick: a few sections of each kind."""
    for number, (name, kind) in enumerate(KINDS.items()):
        count = 12 if quick else SOURCE_SECTIONS
        yield Layout(name, kind(count, np.random.default_rng(number)), SOURCE_LIMIT_S)
    for count in (2, 3):
        yield Layout("few", scattered(count, np.random.default_rng(count)), FEW_LIMIT_S)
    if not quick:
        for number, name in enumerate(("rows", "scattered", "ribbons")):
            places_um = KINDS[name](THOUSAND, np.random.default_rng(number))
            yield Layout(name, places_um, THOUSAND_LIMIT_S)


def judged(layout: Layout) -> Result:
    """Search, and search for the best known."""
    stops = layout.stops
    nearest = nearest_neighbour(stops)
    began_s = time.perf_counter()
    tour = find_tour(stops, 0, HURRY * layout.limit_s)
    search_s = time.perf_counter() - began_s
    again = find_tour(stops, 1, layout.limit_s)
    return Result(
        layout,
        tour,
        search_s,
        stops.tour_s(stops.as_given),
        stops.tour_s(nearest),
        source_annealing_s(stops, nearest),
        min(tour.seconds, again.seconds, by_fast_tsp_s(stops), *long_annealings_s(stops)),
    )


def source_annealing_s(stops: Stops, order: Nodes) -> float | None:
    """What the source's annealing finds alone, without our exchanges."""
    if stops.count > MOST_ANNEALED:
        return None
    return stops.tour_s(annealed(stops, order, 0, ANNEALING_LIMIT_S, lambda: None))


def by_fast_tsp_s(stops: Stops) -> float:
    """What fast-tsp finds in 10 s, in whole milliseconds."""
    nodes = np.append(HOME, stops.as_given)
    ms = np.rint(1e3 * stops.matrix(nodes, nodes)).astype(int)
    tour = fast_tsp.find_tour(ms, duration_seconds=10.0, stop_when_converged=True)
    return stops.tour_s(_from_home(tour))


def long_annealings_s(stops: Stops) -> Iterator[float]:
    """python-tsp alone, cooling slowly; a thousand sections would take it hours."""
    if not 3 < stops.count <= MOST_ANNEALED:
        return
    nodes = np.append(HOME, stops.as_given)
    seconds = stops.matrix(nodes, nodes)
    for _ in range(ANNEALINGS):
        tour, _ = solve_tsp_simulated_annealing(seconds, alpha=0.99, max_processing_time=ANNEALING_LIMIT_S)
        yield stops.tour_s(_from_home(tour))


def _from_home(tour: Sequence[int]) -> Nodes:
    home = tour.index(HOME)
    return np.array([*tour[home + 1 :], *tour[:home]], np.intp)


def broken(results: Sequence[Result]) -> list[str]:
    """What of the promises is not kept, a sentence each."""
    return [problem for result in results for problem in result.problems()]


def table(results: Sequence[Result]) -> str:
    return "\n".join((HEAD, *map(_row, results)))


def _row(r: Result) -> str:
    annealing = "-" if r.annealing_s is None else f"{r.annealing_s:.1f}"
    return (
        f"| {r.layout.name} | {len(r.layout.places_um)} | {r.present_s:.1f} | {r.nearest_s:.1f} "
        f"| {annealing} | {r.tour.seconds:.1f} | {r.best_s:.1f} | {100 * r.above:.1f} | {r.search_s:.1f} "
        f"| {r.tour.found_by.value} |"
    )


def plot(results: Sequence[Result], path: Path) -> None:
    """Before and after, of the source's number of sections in rows and scattered."""
    shown = [r for r in results if r.layout.name in ("rows", "scattered")][:2]
    with mpl.rc_context(STYLE):
        figure, axes = panels_of(*([2.2] * 2 * len(shown)), height=2.5)
        for result, before, after in zip(shown, axes[::2], axes[1::2], strict=True):
            given = range(len(result.layout.places_um))
            _draw(before, result.layout.places_um[given], f"as found: {result.present_s:.0f} s", FAINT)
            places_um = result.layout.places_um[list(result.tour.order)]
            _draw(after, places_um, f"routed: {result.tour.seconds:.0f} s", COLOURS[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def _draw(axes: Axes, places_um: Places, title: str, colour: str) -> None:
    x_mm, y_mm = places_um.T * 1e-3
    axes.plot(x_mm, y_mm, lw=0.8, color=colour)
    axes.plot(x_mm, y_mm, ".", ms=2.5, color="#333333")
    axes.set(title=title, aspect="equal", xlabel="x [mm]")


HEAD = (
    "| layout | sections | as found [s] | nearest neighbours [s] | annealing alone [s] | route [s] "
    "| best known [s] | above [%] | search [s] | made of |\n" + "|---" * 10 + "|"
)
PAGE = """# How short the route is

Travel of the stage from section to section in one cycle, in seconds of the default profile: 2 mm/s along
each axis, 0.5 s for each move beside its travel. Made by `python -m benchmarks.route --page docs/route.md
--plots docs/pictures/route`. *As found* is the order before. *Annealing alone* is that of the source:
python-tsp, alpha 0.9, 2-opt. *Best known* is the shortest of three long annealings (alpha 0.99), fast-tsp,
and our own search with another seed. Real times are those of a machine with two cores that had other work,
too. Promised are {allowed:.0%} above the best known for {source} sections in {source_s:g} s, {thousand}
sections in {thousand_s:g} s, and never more than nearest neighbours.

![Before and after](pictures/route/route.svg)

{table}

{verdict}

## How it is found

The present order, nearest neighbours, strips and simulated annealing by python-tsp (up to {annealed}
sections) are improved by 2-opt and Or-opt; the best of them is kicked and improved again until that brings
nothing more. Beyond {whole} sections that happens piece by piece. Annealing alone ends some per cent above
the best known, and is too slow for a thousand sections: python-tsp adds up the whole tour for each exchange
that it tries. So 2-opt and Or-opt are ours: NumPy weighs all exchanges at once. fast-tsp is quicker still,
but takes no order to begin with, no seed and no end from outside, only whole numbers, and ways that take as
long there as back; so it only judges.
"""


def page(results: Sequence[Result]) -> str:
    problems = broken(results)
    return PAGE.format(
        allowed=ALLOWED,
        source=SOURCE_SECTIONS,
        source_s=SOURCE_LIMIT_S,
        thousand=THOUSAND,
        thousand_s=THOUSAND_LIMIT_S,
        table=table(results),
        verdict="; ".join(problems) + "." if problems else "All promises are kept.",
        annealed=MOST_ANNEALED,
        whole=MOST_AT_ONCE,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.route", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few sections of each kind")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page of results")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw before and after, as SVG")
    arguments = parser.parse_args()
    results: list[Result] = []
    print(HEAD)
    for layout in layouts(arguments.quick):
        results.append(judged(layout))
        print(_row(results[-1]), flush=True)
    if arguments.plots:
        plot(results, arguments.plots / "route.svg")
    if arguments.page:
        arguments.page.write_text(page(results), encoding="utf-8")
    sys.exit("; ".join(broken(results)) or 0)


if __name__ == "__main__":
    main()
