"""Command line of the focus benchmark.

    python -m benchmarks.focus [--only CASE...] [--trials N] [--json FILE] [--plots FOLDER]

Prints Markdown, progress on stderr. Hours with all trials of the table (``--trials 500``), some
minutes a case as it is, two minutes with ``--quick``. Timings count only on a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.focus.cases import Plan
from benchmarks.focus.catalogue import QUICK, Kinds, catalogue
from benchmarks.focus.contenders import Contenders
from benchmarks.focus.report import markdown, write_json
from benchmarks.focus.results import Outcome
from benchmarks.focus.textures import missing


def main() -> None:
    arguments = _arguments()
    quick: bool = arguments.quick
    contenders = Contenders.load(
        arguments.deepfocus, arguments.deepscore, arguments.source, alone=arguments.alone or quick
    )
    for path in missing():
        print(f"{path} is not there: nothing is tried on it.", file=sys.stderr)
    cases = {case.name: case for case in catalogue(Kinds.load())}
    names = arguments.only or (QUICK if quick else cases)
    results: dict[str, Outcome] = {}
    for name in names:
        if name not in cases:
            raise SystemExit(f"There is no case {name}; choose from {', '.join(cases)}.")
        trials = arguments.trials or (QUICK.get(name) if quick else None)
        results[name] = cases[name].run(Plan(contenders, arguments.seed, trials))
        print(markdown(name, results[name]), flush=True)
        if arguments.json:  # as it goes: all of them take hours
            write_json(arguments.json, results, arguments.seed)
    if arguments.plots:
        from benchmarks.focus.plots import draw

        draw(results, arguments.plots)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.focus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="CASE", help="these cases, in this order")
    parser.add_argument("--trials", type=int, help="of each case, instead of its own number")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="a few trials of a few cases, only ours")
    parser.add_argument("--alone", action="store_true", help="leave out MAPFoSt and classical sharpness")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and traces")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw figures, as SVG")
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
