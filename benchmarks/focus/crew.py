"""Trials shared among processes. What one comes to follows from seed, case and number, whoever runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import torch

from benchmarks.focus.cases import Case, Plan, Tried
from benchmarks.focus.catalogue import Kinds, catalogue
from benchmarks.focus.contenders import Contenders


@dataclass(frozen=True)
class Order:
    """All that a process must know to run any trial by itself.

    ``deepfocus``, ``deepscore``: files of weights, those that are shipped where None; ``source``: of the
    source's networks; ``alone``: without MAPFoSt and classical sharpness.
    """

    seed: int = 7
    deepfocus: Path | None = None
    deepscore: Path | None = None
    source: tuple[Path, ...] = ()
    alone: bool = False

    def contenders(self) -> Contenders:
        """Raises ``WeightsError`` when a file cannot be used."""
        return Contenders.load(self.deepfocus, self.deepscore, self.source, self.alone)


@dataclass(frozen=True)
class Processes:
    """A :class:`~benchmarks.focus.cases.Crew` of processes, one thread each."""

    order: Order
    pool: ProcessPoolExecutor

    def pieces(self, case: Tried[Any], indices: range) -> Iterable[Any]:
        return self.pool.map(partial(_piece, self.order, case.name), indices)


@contextmanager
def crew_of(workers: int, order: Order) -> Iterator[Processes | None]:
    """So many processes; None for one, which is this one."""
    if workers <= 1:
        yield None
        return
    # forked ones would inherit torch's threads in an unknown state
    with ProcessPoolExecutor(workers, get_context("spawn"), _use_one_thread) as pool:
        yield Processes(order, pool)


def _use_one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@cache
def _bench(order: Order) -> tuple[Plan, dict[str, Case]]:
    return Plan(order.contenders(), order.seed), {case.name: case for case in catalogue(Kinds.load())}


def _piece(order: Order, name: str, index: int) -> object:
    plan, cases = _bench(order)
    case = cases[name]
    if not isinstance(case, Tried):
        raise TypeError(f"{name} has no trials of its own")
    return case.piece(plan, index)
