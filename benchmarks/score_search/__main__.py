"""Searches for focus by single images, from +-10 um, +-1, +-1.

    python -m benchmarks.score_search --json FILE [--kinds KIND...] [--methods ours ...] [--dwells 100 ...]
    python -m benchmarks.score_search --from FILE [--page docs/score-search.md --plots FOLDER]

The first form adds to FILE what it does not hold yet, so that it may be stopped at any time. A trace
takes 1 to 5 s on a core. The second form tells and draws what was measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import torch
from pydantic import TypeAdapter

from benchmarks.score_search.page import markdown, write_page
from benchmarks.score_search.traces import Case, Field, Found, Method, Searches

_FOUND = TypeAdapter(list[Found])


def main() -> None:
    arguments = _arguments()
    found = read(arguments.stored or arguments.json)
    if arguments.json:
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        found = _measured(arguments, found)
    if arguments.page:
        write_page(arguments.page, found, arguments.plots)
    print(markdown(found))


def read(path: Path) -> list[Found]:
    """What was measured before, in any order."""
    return _FOUND.validate_json(path.read_bytes()) if path.exists() else []


def _measured(arguments: argparse.Namespace, found: list[Found]) -> list[Found]:
    field = Field.load()
    kinds = arguments.kinds or list(field.tissues)
    searches, known = Searches.on(field), {one.case for one in found}
    for index in range(arguments.traces):
        for kind in kinds:
            missing = _missing(arguments, kind, index, known)
            for dwell_ns, trial in field.trials(kind, index, sorted(missing)):
                found += [searches.run(case, trial) for case in missing[dwell_ns]]
        print(f"\r{index + 1} of {arguments.traces}   ", end="", file=sys.stderr, flush=True)
        write(arguments.json, found)
    print(file=sys.stderr)
    return found


def _missing(
    arguments: argparse.Namespace, kind: str, index: int, known: set[Case]
) -> dict[float, list[Case]]:
    """By dwell time, none that lacks nothing."""
    methods = [Method[name.upper()] for name in arguments.methods]
    wanted = {ns: [Case(kind, ns, method, index) for method in methods] for ns in arguments.dwells}
    missing = {ns: [case for case in cases if case not in known] for ns, cases in wanted.items()}
    return {ns: cases for ns, cases in missing.items() if cases}


def write(path: Path, found: Sequence[Found]) -> None:
    """All of it, whole or not at all."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(_FOUND.dump_python(list(found), mode="json"), indent=None) + "\n")
    beside.replace(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.score_search",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    methods = [method.name.lower() for method in Method]
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--json", type=Path, metavar="FILE", help="measure what this file does not hold")
    what.add_argument("--from", type=Path, dest="stored", metavar="FILE", help="run nothing, read this")
    parser.add_argument("--traces", type=int, default=100, help="of each kind, dwell time and method")
    parser.add_argument(
        "--kinds", nargs="+", metavar="KIND", help="of texture; the twin's tissue by default"
    )
    parser.add_argument("--methods", nargs="+", choices=methods, default=methods)
    parser.add_argument("--dwells", nargs="+", type=float, default=[50.0, 100.0, 200.0], metavar="NS")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a page with all of it")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw figures, as SVG")
    return parser.parse_args()


if __name__ == "__main__":
    main()
