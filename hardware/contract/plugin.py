"""Fixtures of the contract suite; ``pytest_plugins = ["hardware.contract.plugin"]`` brings them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("hardware.contract.suite")

from hardware.contract.bench import Bench  # noqa: E402  (after pytest knows whose assertions to explain)
from hardware.microscope import Devices  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "about(*parts): the test is of use where one of these is tried")


@pytest.fixture
def bench() -> Bench:
    """The driver under trial. An author overrides it; see :mod:`hardware.contract`."""
    raise pytest.UsageError("write a fixture `bench` that returns a hardware.contract.bench.Bench")


@pytest.fixture
def devices(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Devices]:
    """The instrument, closed at the end; skips a test about parts that nobody tries here."""
    try:
        if (mark := request.node.get_closest_marker("about")) and bench.plays.isdisjoint(mark.args):
            pytest.skip("parts that this driver does not play")
        yield bench.devices
    finally:
        bench.devices.close()
