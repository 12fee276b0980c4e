"""Fixtures of the contract suite; ``pytest_plugins = ["hardware.contract.plugin"]`` brings them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("hardware.contract.suite")

from hardware.contract.bench import Bench  # noqa: E402  (after pytest knows whose assertions to explain)
from hardware.microscope import Devices  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    for marker in (
        "about(*parts): the test is of use where a driver plays one of these",
        "plays(*parts): the driver under trial plays these; tests that are about others are left out",
    ):
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about parts that the driver does not play; pytest tells how many were."""
    left_out = [item for item in items if _of_no_use(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _of_no_use(item: pytest.Item) -> bool:
    about, plays = item.get_closest_marker("about"), item.get_closest_marker("plays")
    return about is not None and plays is not None and set(about.args).isdisjoint(plays.args)


@pytest.fixture
def bench() -> Bench:
    """The driver under trial. An author overrides it; see :mod:`hardware.contract`."""
    raise pytest.UsageError("write a fixture `bench` that returns a hardware.contract.bench.Bench")


@pytest.fixture
def devices(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Devices]:
    """The instrument, closed at the end; skips a test about parts that nobody tries here."""
    try:
        about = request.node.get_closest_marker("about")
        if about is not None and bench.plays.isdisjoint(about.args):
            pytest.skip("parts that this driver does not play")
        yield bench.devices
    finally:
        bench.devices.close()
