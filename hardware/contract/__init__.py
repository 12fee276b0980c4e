"""What every driver must keep, as tests that any laboratory can run on its own. Needs pytest.

A test file of a driver's author::

    from hardware.contract.suite import *

    pytestmark = pytest.mark.plays(Part.RASTER)

    @pytest.fixture
    def bench(tmp_path: Path) -> Iterator[Bench]:
        around = trial_twin()
        with closing(TcpPort(MyEmulator(around.link))) as wire:
            parts = DRIVER.connect(settings(wire.port), around.surroundings("my device", tmp_path))
            yield rehearsed(around, parts, wires=[wire])

and ``pytest_plugins = ["hardware.contract.plugin"]`` in the ``conftest.py`` at the root of the tests.
Tests about parts that the driver does not play are left out, and pytest says how many.
"""
