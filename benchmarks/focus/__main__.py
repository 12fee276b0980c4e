"""Command line of the focus benchmark.

    python -m benchmarks.focus [--only CASE...] [--trials N] [--workers N] [--json FILE]
    python -m benchmarks.focus --from FILE [--plots FOLDER] [--page FILE] [--card FILE]

Prints Markdown, progress on stderr. Hours with all trials of the table (``--trials 500``), some
minutes a case as it is, two minutes with ``--quick``. Timings count only on a machine that does
nothing else. With ``--json`` the file grows case by case; with ``--go-on`` cases that it holds
are not run again. The second form draws and tells what was measured before.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.focus.cases import Plan
from benchmarks.focus.catalogue import QUICK, Kinds, catalogue
from benchmarks.focus.crew import Order, crew_of
from benchmarks.focus.report import markdown
from benchmarks.focus.store import Stored, read_json, this_machine, write_json
from benchmarks.focus.textures import missing


def main() -> None:
    arguments = _arguments()
    try:
        stored = read_json(arguments.stored) if arguments.stored else _measured(arguments)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    _publish(stored, arguments)


def _measured(arguments: argparse.Namespace) -> Stored:
    """Run what was asked for, printing and writing as it goes: all of it takes hours."""
    for path in missing():
        print(f"{path} is not there: nothing is tried on it.", file=sys.stderr)
    cases = {case.name: case for case in catalogue(Kinds.load())}
    quick: bool = arguments.quick
    names = arguments.only or list(QUICK if quick else cases)
    if unknown := [name for name in names if name not in cases]:
        raise SystemExit(f"There is no case {unknown[0]}; choose from {', '.join(cases)}.")
    order = Order(
        arguments.seed,
        arguments.deepfocus,
        arguments.deepscore,
        tuple(arguments.source),
        arguments.alone or quick,
    )
    stored = _before(arguments.json if arguments.go_on else None, arguments.seed)
    contenders = order.contenders()
    with crew_of(arguments.workers, order) as crew:
        for name in names:
            if name not in stored.results:
                trials = arguments.trials or (QUICK.get(name) if quick else None)
                result = cases[name].run(Plan(contenders, order.seed, trials, crew))
                stored = stored.with_case(name, result).ordered(cases)
                if arguments.json:
                    write_json(arguments.json, stored)
            print(markdown(name, stored.results[name]), flush=True)
    return stored


def _before(path: Path | None, seed: int) -> Stored:
    """What an interrupted run has left. Raises ``ValueError`` where that was another seed."""
    if path is None or not path.exists():
        return Stored(seed, this_machine(), {})
    stored = read_json(path)
    if stored.seed != seed:
        raise ValueError(f"{path} holds figures of seed {stored.seed}; go on with that")
    return stored


def _publish(stored: Stored, arguments: argparse.Namespace) -> None:
    # imported here: matplotlib takes a second
    from benchmarks.focus.page import write_card, write_page
    from benchmarks.focus.plots import draw

    if arguments.plots:
        draw(stored.results, arguments.plots)
    if arguments.page:
        write_page(arguments.page, stored, arguments.plots)
    if arguments.card:
        write_card(arguments.card, stored)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.focus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="CASE", help="these cases, in this order")
    parser.add_argument("--trials", type=int, help="of each case, instead of its own number")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=1, help="processes that share the trials")
    parser.add_argument("--quick", action="store_true", help="a few trials of a few cases, only ours")
    parser.add_argument("--alone", action="store_true", help="leave out MAPFoSt and classical sharpness")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and traces")
    parser.add_argument("--go-on", action="store_true", help="keep the cases that --json FILE holds")
    parser.add_argument("--from", type=Path, dest="stored", metavar="FILE", help="run nothing, read this")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw figures, as SVG")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a page with all of it")
    parser.add_argument("--card", type=Path, metavar="FILE", help="renew a model card's closed loop")
    parser.add_argument("--deepfocus", type=Path, metavar="FILE", help="other weights")
    parser.add_argument("--deepscore", type=Path, metavar="FILE", help="other weights")
    parser.add_argument(
        "--source",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE",
        help="weights of the source's networks, to run beside",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
