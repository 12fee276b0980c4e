"""What cases end in: figures of all contenders, and what plots need beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.focus.figures import (
    BoundFigures,
    LineFigures,
    LoopFigures,
    ScoreFigures,
    SearchFigures,
    loop_figures,
)
from benchmarks.focus.machine import Doubles
from benchmarks.focus.trials import Answer, Trace


@dataclass(frozen=True)
class Mark:
    """A mean error of the working distance that is known or wanted, after so many corrections."""

    who: str
    corrections: int
    wd_um: float


WANTED = "to reach"


@dataclass(frozen=True)
class Promise:
    """A row of the table: what others reach, as published or measured before, and what is to be reached.

    ``marks``: what of it a plot can show.
    """

    case: str
    others: str
    target: str
    marks: tuple[Mark, ...] = ()

    @property
    def wanted(self) -> Mark | None:
        """What is to be reached in the end."""
        return next((mark for mark in reversed(self.marks) if mark.who == WANTED), None)


@dataclass(frozen=True)
class LoopResult:
    """``by_kind``: figures of ours for each kind of texture."""

    promise: Promise
    figures: Mapping[str, LoopFigures]
    by_kind: Mapping[str, LoopFigures]
    traces: Mapping[str, Sequence[Trace]]

    @classmethod
    def of(cls, promise: Promise, traces: Mapping[str, Sequence[Trace]], corrections: int) -> LoopResult:
        first = next(iter(traces.values()))
        kinds = {trace.kind: [t for t in first if t.kind == trace.kind] for trace in first}
        return cls(
            promise,
            {name: loop_figures(found, corrections) for name, found in traces.items()},
            {kind: loop_figures(found, corrections) for kind, found in kinds.items()},
            traces,
        )


@dataclass(frozen=True)
class SearchResult:
    promise: Promise
    figures: Mapping[str, SearchFigures]
    traces: Mapping[str, Sequence[Trace]]


@dataclass(frozen=True)
class LineResult:
    promise: Promise
    figures: Mapping[str, LineFigures]
    answers: Mapping[str, Sequence[Answer]]


@dataclass(frozen=True)
class BoundResult:
    promise: Promise
    figures: Mapping[str, BoundFigures]


@dataclass(frozen=True)
class ScoreResult:
    """``blurs`` (n, 3): the aberrations (um, a.u., a.u.) that were scored, ``kinds`` (n,) of what."""

    promise: Promise
    figures: Mapping[str, ScoreFigures]
    scores: Mapping[str, Doubles]
    blurs: Doubles
    kinds: tuple[str, ...]


class Outcome(Protocol):
    """Any of the results, and whatever else a case ends in."""

    @property
    def promise(self) -> Promise: ...

    @property
    def figures(self) -> Mapping[str, Any]: ...
