"""Text logs of a run."""

from __future__ import annotations

import logging
from pathlib import Path

from scopeacq.telling.logs import overheard, text_logs

LOG = logging.getLogger("scopeacq.somewhere")


def test_steps_go_to_one_file_and_what_went_wrong_to_two(tmp_path: Path) -> None:
    with text_logs(tmp_path):
        LOG.info("Imaging section S001, tile 1")
        LOG.warning("stage: x wanted 1.0, is 2.0")
    LOG.info("after the run")
    steps = (tmp_path / "run.log").read_text().splitlines()
    assert [line.split(maxsplit=3)[3] for line in steps] == [
        "Imaging section S001, tile 1",
        "stage: x wanted 1.0, is 2.0",
    ]
    (incident,) = (tmp_path / "incidents.log").read_text().splitlines()
    assert incident.endswith("x wanted 1.0, is 2.0")


def test_drivers_are_heard_ours_with_each_step_and_others_where_they_warn(tmp_path: Path) -> None:
    ours, theirs = logging.getLogger("hardware.drivers.sr570"), logging.getLogger("laboratory.microscope")
    with text_logs(tmp_path):
        ours.info("Connecting the preamplifier")
        ours.warning("preamplifier: nothing reads back")
        theirs.info("asked for its pose")
        theirs.warning("the stage creaks")
    incidents = (tmp_path / "incidents.log").read_text()
    assert "nothing reads back" in incidents and "creaks" in incidents
    steps = (tmp_path / "run.log").read_text()
    assert "Connecting the preamplifier" in steps and "asked for its pose" not in steps


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.log").mkdir()
    with text_logs(tmp_path):
        LOG.warning("goes on")
    assert "goes on" in (tmp_path / "incidents.log").read_text()


def test_what_a_logger_says_is_overheard_for_a_while_though_it_was_silent_before() -> None:
    said: list[str] = []
    LOG.info("Connecting the pump")
    with overheard(LOG, said.append):
        LOG.info("Connecting the %s", "sem")
    LOG.info("Connecting the gun")
    assert said == ["Connecting the sem"]


def test_a_step_is_logged_though_one_before_the_run_was_not(tmp_path: Path) -> None:
    LOG.info("before the run")
    with text_logs(tmp_path):
        LOG.info("Imaging")
    assert (tmp_path / "run.log").read_text().endswith("Imaging\n")
