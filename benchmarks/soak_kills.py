"""Kill a small run at random, again and again, while nature goes on; then ask nature what became of it.

    python -m benchmarks.soak_kills [--count 200] [--seed 0] [--json]

One run with a real clock is started and killed ``count`` times: the program, its guard, or both. It
then finishes its last cycle in peace. Nature, a process of its own, says what charge truly fell.
Exit code 0 when all holds, 1 with a sentence for each thing that does not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np
import psutil

from scopeacq.journal.records import MillBegin, RunClosed
from scopeacq.telling.exit_codes import ExitCode
from tests.scenarios.audit import Pass
from tests.scenarios.real_run import IDLE_EXIT_S, RealRun, gone_within, guard_of, late_s, make_real_run

CYCLES_PER_KILL = 2
PASS_S = 1.5
LIFE_S = (0.5, 9.0)
"""A program lives so long before it is killed: somewhere between its start and a whole cycle."""
GUARD_ENDS_S = 5.0
PAUSES_S = 60.0
"""A program whose guard was killed notices when it mills next, and pauses by itself."""
FINISH_S = 120.0


class Victim(Enum):
    """Who is killed."""

    PROGRAM = "program"
    GUARD = "guard"
    BOTH = "both"


@dataclass
class Tally:
    """What was found so far. ``latencies_s``: how long the beam was open after a kill [real s]."""

    killed: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def kill(program: subprocess.Popen[str], guard: psutil.Process | None, victim: Victim) -> float:
    """Kill, and give the instant of it (real monotonic time)."""
    if guard is not None and victim is not Victim.PROGRAM:
        guard.kill()
    if guard is None or victim is not Victim.GUARD:
        program.kill()
    return time.monotonic()


def kill_once(run: RealRun, victim: Victim, life_s: float, tally: Tally) -> float:
    """Start, let it work for a while, kill; for how long the beam stayed open after that [real s]."""
    program = run.start(run.cycles_done + CYCLES_PER_KILL)
    time.sleep(life_s)
    guard = guard_of(program)
    dead_s = kill(program, guard, victim)
    try:
        said, _ = program.communicate(timeout=PAUSES_S)
    except subprocess.TimeoutExpired:
        program.kill()
        said, _ = program.communicate()
        tally.broken.append(f"The program went on for {PAUSES_S:g} s without its guard.")
    if guard is not None and not gone_within(guard, GUARD_ENDS_S):
        tally.broken.append(f"The guard {guard.pid} outlives its program.")
    if program.returncode == ExitCode.FAILED and not _says_guard_is_lost(said, victim):
        tally.broken.append(f"The program failed: {said.strip()}")
    tally.killed[victim.value] += 1
    late = late_s(run.openings, dead_s, time.monotonic())
    if late > 0:
        tally.latencies_s.append(late)
    return late


def _says_guard_is_lost(said: str, victim: Victim) -> bool:
    """Whether a program whose guard was killed, while it started perhaps, ended saying just that."""
    return victim is Victim.GUARD and said.startswith("ion blanker: ")


def finish(run: RealRun, tally: Tally) -> int:
    """Let the cycle under way come to its end; how many cycles are done then."""
    cycles = run.cycles_done + 1
    program = run.start(cycles)
    said, _ = program.communicate(timeout=FINISH_S)
    if program.returncode != ExitCode.FINISHED:
        tally.broken.append(f"Not finished: {said.strip()}")
    return cycles


def nature_ends(run: RealRun) -> bool:
    """Whether nature ends by itself when nobody is connected any more."""
    pid = run.nature_pid
    return pid is None or gone_within(psutil.Process(pid), IDLE_EXIT_S + 10)


def summary(run: RealRun, passes: list[Pass], tally: Tally) -> dict[str, object]:
    """The figures, the worst ones above all."""
    records = run.records()
    latency_s = run.plan.instrument.mill.guard_latency_s
    return {
        "kills": dict(tally.killed),
        "kills_while_open": len(tally.latencies_s),
        "starts_that_ended_in_order": sum(isinstance(r, RunClosed) for r in records),
        "passes": len(passes),
        "openings": sum(isinstance(r, MillBegin) for r in records),
        "requested_uc": passes[0].requested_uc if passes else 0.0,
        "worst_outside_interval_uc": max((p.outside_uc for p in passes), default=0.0),
        "worst_excess_uc": max((p.excess_uc for p in passes), default=0.0),
        "worst_excess_beyond_interval_uc": max((p.excess_uc - p.uncertain_uc for p in passes), default=0.0),
        "worst_shortfall_uc": max((-p.excess_uc for p in passes), default=0.0),
        "widest_interval_uc": max((p.uncertain_uc for p in passes), default=0.0),
        "longest_open_after_kill_s": max(tally.latencies_s, default=0.0),
        "median_open_after_kill_s": float(np.median(tally.latencies_s)) if tally.latencies_s else 0.0,
        "guard_latency_s": latency_s,
        "broken": tally.broken,
    }


def soak(folder: Path, count: int, seed: int, say: Callable[[str], None]) -> dict[str, object]:
    """Kill ``count`` times and hold the outcome against nature."""
    rng = np.random.default_rng([seed, 200])
    run, tally = make_real_run(folder, count * CYCLES_PER_KILL + 2, PASS_S), Tally()
    for n in range(1, count + 1):
        victim, life_s = rng.choice(np.array(list(Victim)), p=[0.6, 0.2, 0.2]), rng.uniform(*LIFE_S)
        late = kill_once(run, victim, life_s, tally)
        say(f"{n}/{count}: {victim.value} killed after {life_s:.1f} s, beam open {late:.3f} s more")
        run.bring_up_gun()
    cycles = finish(run, tally)
    tally.broken += run.troubles(cycles)
    latency_s = run.plan.instrument.mill.guard_latency_s
    tally.broken += [f"Open for {s:.3f} s after a kill." for s in tally.latencies_s if s > latency_s]
    if not nature_ends(run):
        tally.broken.append("Nature goes on though nobody is connected.")
    return summary(run, run.passes(), tally)


def main() -> int:
    arguments = argparse.ArgumentParser(description="Kill a small run at random while nature goes on.")
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-kills-") as folder:
        found = soak(Path(folder), asked.count, asked.seed, lambda line: print(line, file=sys.stderr))
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name}: {value:.6f}" if isinstance(value, float) else f"{name}: {value}")
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
