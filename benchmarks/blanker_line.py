"""How soon ions are blanked, by what befalls the guard or its line: ``python -m benchmarks.blanker_line``.

Real guard process, real time, a pseudo-terminal; the module is emulated, its watchdog set to 0.5 s.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from hardware.errors import BlankerUnknown
from hardware.guard.client import GuardClient
from hardware.guard.core import GuardTiming
from hardware.interlocks import MillLimits
from tests.hardware.drivers.test_dcon_relay import Rig, rig
from tests.hardware.fakes import good_proof

OPEN_S = 0.3
MS = 1e3


def _process() -> psutil.Process:
    """The guard's, the only child."""
    (guard,) = psutil.Process().children()
    return guard


def _disobeyed(relay: Rig, guard: GuardClient) -> None:
    relay.module.deaf = True
    with suppress(BlankerUnknown):
        guard.close()


EVENTS: Mapping[str, Callable[[Rig, GuardClient], object]] = {
    "the program closes it": lambda _relay, guard: guard.close(),
    "the guard is killed": lambda _relay, _guard: _process().kill(),
    "the guard hangs": lambda _relay, _guard: _process().suspend(),
    "the cable is out": lambda relay, _guard: relay.wire.unplug(),
    "the module loses power": lambda relay, _guard: relay.module.power_off(),
    "the module does not obey": _disobeyed,
}


def blanked_after_s(event: Callable[[Rig, GuardClient], object]) -> float:
    """Real time from the event until the twin's beam is blanked."""
    timing = GuardTiming(give_up_s=0.2, reply_s=2.0)
    with tempfile.TemporaryDirectory() as name, rig(Path(name)) as relay:
        guard = GuardClient.start(relay.line, MillLimits(), Path(name) / "log", timing)
        guard.open(good_proof(), "pass", 60.0, 100.0)
        time.sleep(OPEN_S)
        begin_s = time.monotonic()
        event(relay, guard)
        while relay.open:
            time.sleep(0.001)
        lasted_s = time.monotonic() - begin_s
        with suppress(ValueError):
            _process().kill()
        with suppress(BlankerUnknown):
            guard.stop()
    return lasted_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    trials = parser.parse_args().trials
    print("| what happens | median [ms] | longest [ms] |\n|---|---|---|")
    for name, event in EVENTS.items():
        lasted_s = [blanked_after_s(event) for _ in range(trials)]
        print(f"| {name} | {MS * statistics.median(lasted_s):.0f} | {MS * max(lasted_s):.0f} |")


if __name__ == "__main__":
    main()
