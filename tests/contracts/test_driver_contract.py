"""What every driver must keep, the twin included; see :mod:`tests.contracts.drivers`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite import *  # noqa: F403
from tests.contracts.drivers import DRIVERS


@pytest.fixture(params=DRIVERS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A freshly connected instrument, both beams blanked."""
    with DRIVERS[request.param](tmp_path) as connected:
        yield connected
