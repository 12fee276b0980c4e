"""What every driver must keep, the twin included; see :mod:`tests.contracts.drivers`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite import *  # noqa: F403
from tests.contracts.drivers import DRIVERS, Trial


@pytest.fixture(
    params=[
        pytest.param(trial, id=trial.name, marks=[pytest.mark.plays(*trial.plays)] if trial.plays else [])
        for trial in DRIVERS
    ]
)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A freshly connected instrument, both beams blanked."""
    trial: Trial = request.param
    with trial.bench(tmp_path) as connected:
        yield connected
