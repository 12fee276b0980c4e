"""Results as JSON, and back: what was measured once is drawn and told from its file.

Numbers that are not finite are null; what there is none of is left out.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from pydantic import TypeAdapter

from benchmarks.focus.figures import BoundFigures, LineFigures, LoopFigures, ScoreFigures, SearchFigures
from benchmarks.focus.landscape import LandscapeFigures, LandscapeResult
from benchmarks.focus.machine import Doubles
from benchmarks.focus.results import (
    BoundResult,
    LineResult,
    LoopResult,
    Outcome,
    Promise,
    ScoreResult,
    SearchResult,
)
from benchmarks.focus.speed import SpeedFigures, SpeedResult
from benchmarks.focus.trials import Answer, Trace
from models.estimate import AberrationEstimate
from scopeacq.journal.records import FocusEnd

FORMAT = 2

Json = dict[str, Any]
Figures = TypeVar("Figures")


@dataclass(frozen=True)
class Stored:
    """Results, the seed that they follow from, and where they were made."""

    seed: int
    machine: Mapping[str, Any]
    results: Mapping[str, Outcome]

    def with_case(self, name: str, result: Outcome) -> Stored:
        """These and one more."""
        return Stored(self.seed, self.machine, {**self.results, name: result})

    def ordered(self, names: Iterable[str]) -> Stored:
        """In the order of ``names``, which name all of them."""
        results = {name: self.results[name] for name in names if name in self.results}
        return Stored(self.seed, self.machine, results)


def this_machine() -> dict[str, Any]:
    """What figures may depend on."""
    return {
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def write_json(path: Path, stored: Stored) -> None:
    """All figures, where they were made, and the states of all traces."""
    document = {
        "format": FORMAT,
        "seed": stored.seed,
        "machine": stored.machine,
        "cases": {name: _content(result) for name, result in stored.results.items()},
    }
    path.write_text(json.dumps(_plain(document), indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Stored:
    """What :func:`write_json` wrote. Raises ``ValueError`` when it is of another format."""
    document = _known(json.loads(path.read_text()))
    if document.get("format") != FORMAT:
        raise ValueError(f"{path} is not of format {FORMAT}; run the benchmark anew")
    results = {name: _READERS[case["sort"]](case) for name, case in document["cases"].items()}
    return Stored(document["seed"], document["machine"], results)


# -- writing -----------------------------------------------------------------------------


def _content(result: Outcome) -> Json:
    content: Json = {
        "sort": type(result).__name__,
        "promise": result.promise,
        "figures": result.figures,
    }
    match result:
        case LoopResult():
            content |= {"by_kind": result.by_kind, "traces": _traces(result.traces)}
        case SearchResult():
            content["traces"] = _traces(result.traces)
        case LineResult():
            content["answers"] = {name: [_said(a) for a in each] for name, each in result.answers.items()}
        case ScoreResult():
            content |= {"blurs": result.blurs, "kinds": result.kinds, "scores": result.scores}
        case LandscapeResult():
            content["scores"] = result.scores
    return content


def _traces(traces: Mapping[str, Any]) -> Json:
    """Without answers: figures hold what is wanted of them."""
    kept = [field.name for field in dataclasses.fields(Trace) if field.name not in ("answers", "end")]
    return {
        name: [{"end": trace.end.value} | {key: getattr(trace, key) for key in kept} for trace in each]
        for name, each in traces.items()
    }


def _said(answer: Answer) -> Json:
    estimate = answer.estimate
    return {"truth_um": answer.truth_um, "mean_um": estimate.mean, "sd_um": estimate.sd}


def _plain(value: Any) -> Any:
    """As JSON knows it: numbers to five digits."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value


# -- reading -----------------------------------------------------------------------------


def _known(value: Any) -> Any:
    """With nan for null."""
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return math.nan if value is None else value


def _promise(case: Json) -> Promise:
    return TypeAdapter(Promise).validate_python(case["promise"])


def _figures(kind: type[Figures], figures: Json) -> dict[str, Figures]:
    return {name: TypeAdapter(kind).validate_python(entry) for name, entry in figures.items()}


def _read_traces(case: Json) -> dict[str, list[Trace]]:
    return {name: [_trace(entry) for entry in each] for name, each in case["traces"].items()}


def _trace(entry: Json) -> Trace:
    known = {"states": np.array(entry["states"]), "end": FocusEnd(entry["end"]), "answers": ()}
    return Trace(**(entry | known))


def _answer(entry: Json) -> Answer:
    covariance = np.diag(np.square(entry["sd_um"]))
    return Answer(
        np.array(entry["truth_um"]), AberrationEstimate(np.array(entry["mean_um"]), covariance), math.nan
    )


def _scores(case: Json) -> dict[str, Doubles]:
    """Infinite where nothing was scored."""
    return {name: np.nan_to_num(np.array(each), nan=math.inf) for name, each in case["scores"].items()}


def _loop(case: Json) -> LoopResult:
    figures, by_kind = (_figures(LoopFigures, case[key]) for key in ("figures", "by_kind"))
    return LoopResult(_promise(case), figures, by_kind, _read_traces(case))


def _search(case: Json) -> SearchResult:
    return SearchResult(_promise(case), _figures(SearchFigures, case["figures"]), _read_traces(case))


def _line(case: Json) -> LineResult:
    answers = {name: [_answer(entry) for entry in each] for name, each in case["answers"].items()}
    return LineResult(_promise(case), _figures(LineFigures, case["figures"]), answers)


def _bound(case: Json) -> BoundResult:
    return BoundResult(_promise(case), _figures(BoundFigures, case["figures"]))


def _score(case: Json) -> ScoreResult:
    figures, blurs = _figures(ScoreFigures, case["figures"]), np.array(case["blurs"])
    return ScoreResult(_promise(case), figures, _scores(case), blurs, tuple(case["kinds"]))


def _landscape(case: Json) -> LandscapeResult:
    return LandscapeResult(_promise(case), _figures(LandscapeFigures, case["figures"]), _scores(case))


def _speed(case: Json) -> SpeedResult:
    return SpeedResult(_promise(case), _figures(SpeedFigures, case["figures"]))


_READERS: Mapping[str, Callable[[Json], Outcome]] = {
    "LoopResult": _loop,
    "SearchResult": _search,
    "LineResult": _line,
    "BoundResult": _bound,
    "ScoreResult": _score,
    "LandscapeResult": _landscape,
    "SpeedResult": _speed,
}
