"""Text logs of a run."""

from __future__ import annotations

import logging
from pathlib import Path

from scopeacq.telling.logs import text_logs

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


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.log").mkdir()
    with text_logs(tmp_path):
        LOG.warning("goes on")
    assert "goes on" in (tmp_path / "incidents.log").read_text()
