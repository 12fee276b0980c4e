"""What a run has ahead of it: true at every step of whole runs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from scopeacq.engine.events import MillProgressed
from scopeacq.engine.outlook import GateState, Kind, Outlook
from scopeacq.plan.briefing import read_standpoint
from tests.scenarios.harness import AZIMUTHS_DEG, CHARGE_UC, Scores, TinyRun, tiny_project

E = TypeVar("E", Outlook, MillProgressed)


def told(run: TinyRun, kind: type[E]) -> list[E]:
    """All events of a kind of one start."""
    said: list[E] = []
    publish = run.events.publish

    def listening(event: object) -> None:
        if isinstance(event, kind):
            said.append(event)
        publish(event)  # type: ignore[arg-type]

    run.events.publish = listening  # type: ignore[assignment, method-assign]
    with run.start() as program:
        program.engine.run()
    return said


def outlooks_of(run: TinyRun) -> list[Outlook]:
    """What was said before each step of one start."""
    return told(run, Outlook)


def test_a_mill_pass_grows_to_its_charge_and_says_which_it_is(tmp_path: Path) -> None:
    said = told(TinyRun.make(tmp_path, tiny_project(cycles=1)), MillProgressed)
    for number, azimuth_deg in enumerate(AZIMUTHS_DEG, start=1):
        of_pass = [m for m in said if m.azimuth_deg == azimuth_deg]
        assert {(m.number, m.passes) for m in of_pass} == {(number, len(AZIMUTHS_DEG))}
        delivered_uc = [m.delivered_uc for m in of_pass]
        assert delivered_uc[0] == 0 and delivered_uc == sorted(delivered_uc) and len(of_pass) > 5
        assert delivered_uc[-1] == pytest.approx(CHARGE_UC, abs=0.04)  # whole slow frames
        assert of_pass[0].left_s > of_pass[-1].left_s


def test_the_gate_waits_for_what_is_missing_then_passes_then_waits_again(tmp_path: Path) -> None:
    said = outlooks_of(TinyRun.make(tmp_path, tiny_project(cycles=2, tiles=2)))
    changes = [a.gate.state for a, b in pairwise(said) if a.gate.state is not b.gate.state]
    assert changes == [GateState.CLOSED, GateState.PASSED, GateState.CLOSED, GateState.PASSED]
    assert said[0].gate.text == "Milling waits for section S001, tile 1 and 1 other of cycle 1."
    assert said[0].gate.missing == 2


def test_what_lies_ahead_shrinks_to_nothing(tmp_path: Path) -> None:
    said = outlooks_of(TinyRun.make(tmp_path, tiny_project(cycles=1, tiles=2)))
    kinds = [entry.kind for entry in said[0].ahead]
    assert kinds == [
        Kind.NOW, Kind.LOOK, Kind.IMAGE, Kind.GATE, Kind.MILL, Kind.MILL, Kind.END,
    ]  # fmt: skip
    lengths = [len(outlook.ahead) for outlook in said]
    assert lengths == sorted(lengths, reverse=True)
    assert [entry.text for entry in said[-1].ahead] == ["Nothing more: 1 cycle done"]


def test_a_gate_that_an_operator_has_to_open_says_so_also_from_the_files(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    run.scorer = Scores(at_last=9.0)
    said = outlooks_of(run)
    assert said[-1].gate.state is GateState.SHUT
    assert "is missing or not sharp" in said[-1].gate.text
    assert read_standpoint(run.plan).outlook.gate.missing == said[-1].gate.missing


def test_a_run_that_has_not_begun_has_everything_ahead(tmp_path: Path) -> None:
    outlook = read_standpoint(TinyRun.make(tmp_path).plan).outlook
    assert (outlook.cycle, outlook.cycles) == (0, 2)
    assert [e.kind for e in outlook.ahead][-2:] == [Kind.CYCLE, Kind.END]
