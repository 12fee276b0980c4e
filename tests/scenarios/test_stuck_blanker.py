"""A blanker line that cannot be blanked, and lets ions through until somebody frees it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import pytest

from hardware.errors import BlankerUnknown
from hardware.simulator.truth import OpeningTruth
from scopeacq.journal.records import Incident, MillBegin, MillEnd, MillHeartbeat, RunEnd
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_policies import of_kind, on_record

LONG_S = 40.0
"""Instrument time that passes before somebody frees the line."""


def stick(until_freed: ExitStack) -> None:
    """Neither a command nor the end of the guard blanks the line any more."""
    for name in ("blank", "disconnect"):
        until_freed.enter_context(
            mock.patch(f"tests.scenarios.harness.LocalBlanker.{name}", lambda _: None)
        )


def test_a_beam_that_could_not_be_blanked_counts_as_open_until_the_line_read_as_blanked(
    tmp_path: Path,
) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    with ExitStack() as until_freed:
        on_record(run, MillHeartbeat, lambda: stick(until_freed), nth=3)
        with run.start() as program:
            assert program.engine.run() is RunEnd.PAUSED
        assert "press gun off" in of_kind(run, Incident)[-1].advice
        with pytest.raises(BlankerUnknown), run.start():
            pass
        run.nature.clock.sleep(LONG_S)
    assert not of_kind(run, MillEnd)
    run.on_commit = None
    with run.start() as program:
        program.engine.run()
    begun, ended = of_kind(run, MillBegin)[0], of_kind(run, MillEnd)[0]
    true_uc = next(record.delivered_uc for record in run.truth if isinstance(record, OpeningTruth))
    assert "not confirmed to be blanked before" in ended.reason
    assert ended.delivered_uc >= max(begun.current_na * LONG_S * 1e-3, true_uc)
    assert ended.delivered_uc - ended.uncertain_uc <= true_uc


def test_a_blanking_without_a_time_in_the_guards_log_is_left_to_the_operator(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    with ExitStack() as until_freed:
        on_record(run, MillHeartbeat, lambda: stick(until_freed), nth=3)
        with run.start() as program:
            program.engine.run()
    run.on_commit = None
    with run.start() as program:
        log = run.plan.guard_log
        blanked = [line for line in log.read_text().splitlines() if '"blanked"' not in line]
        log.write_text("\n".join(line for line in blanked if '"closed"' not in line))
        assert program.engine.run() is RunEnd.PAUSED
    assert "press gun off" in of_kind(run, Incident)[-1].text + of_kind(run, Incident)[-1].advice
    assert not of_kind(run, MillEnd)
    with run.start() as program:  # a new guard reads the line, and says when
        program.engine.run()
    assert "not confirmed to be blanked before" in of_kind(run, MillEnd)[0].reason
