"""A bench for tests: what is told and shown is kept, what is measured lies in a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from calibration.bench import Bench
from calibration.figures import Figure
from calibration.measurements import Measurements
from scopeacq.manual import Manual
from scopeacq.plan.runfolder import Plan


@dataclass
class Listener:
    """An audience that only remembers."""

    said: list[tuple[float, str]] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def told(self, share: float, saying: str) -> None:
        self.said.append((share, saying))

    def shown(self, key: str, figure: Figure) -> None:
        self.figures[key] = figure

    def called(self, what: str) -> None:
        self.calls.append(what)


def bench_on(
    manual: Manual | None, plan: Plan, folder: Path, seed: int = 0, audience: Listener | None = None
) -> Bench:
    """A bench as a sitting makes it. The same folder a second time is the same sitting, gone on with."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    return Bench(plan, Measurements.read(folder), audience or Listener(), rng, manual)
