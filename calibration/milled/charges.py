"""How much ion charge fell before each slice of a run, as its journal says; with what is uncertain."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from scopeacq.journal import records as r
from scopeacq.journal.records import Record
from scopeacq.journal.tallies import Charge, MillTally
from scopeacq.plan.instrument import MillSettings
from scopeacq.plan.mill_rate import raster_area_um2


@dataclass(frozen=True, slots=True)
class Fallen:
    """What has fallen on an area of the beam's cross-section up to some slice.

    ``uc_per_um2``: the likeliest charge; ``sd_uc_per_um2``: how well it is known, current and raster apart.
    ``uc``, ``open_s``: charge and time with the beam open, whatever the raster.
    """

    uc_per_um2: float = 0.0
    sd_uc_per_um2: float = 0.0
    uc: float = 0.0
    open_s: float = 0.0

    def __add__(self, other: Fallen) -> Fallen:
        # what is uncertain counts as delivered in each opening: such errors go one way and add up
        return Fallen(
            self.uc_per_um2 + other.uc_per_um2,
            self.sd_uc_per_um2 + other.sd_uc_per_um2,
            self.uc + other.uc,
            self.open_s + other.open_s,
        )

    @property
    def mean_current_na(self) -> float:
        return self.uc * 1e3 / self.open_s if self.open_s > 0 else 0.0


@dataclass
class MillHistory:
    """A fold over a journal: what every cycle was milled by, and from where."""

    mill: MillSettings
    _tally: MillTally = field(init=False)
    _open_s: dict[int, float] = field(default_factory=dict)
    _current_na: float = math.inf

    def __post_init__(self) -> None:
        self._tally = MillTally(self.mill.heartbeat_timeout_s + self.mill.guard_latency_s)

    @classmethod
    def of(cls, records: Iterable[Record], mill: MillSettings) -> MillHistory:
        history = cls(mill)
        for record in records:
            history.apply(record)
        return history

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        self._tally.apply(record)
        match record:
            case r.MillBegin(current_na=current_na):
                self._current_na = current_na
            case r.MillEnd(key, _, delivered_uc, uncertain_uc):
                open_s = (delivered_uc - uncertain_uc / 2) * 1e3 / self._current_na
                self._open_s[key.cycle] = self._open_s.get(key.cycle, 0.0) + open_s
            case _:
                pass

    def by_azimuth(self, until_cycle: int) -> dict[float, float]:
        """Likeliest charges [uC] per azimuth [deg] of all cycles before one."""
        sums: dict[float, float] = {}
        for (cycle, number), charge in self._tally.charges().items():
            if cycle < until_cycle:
                azimuth = self._tally.plans[cycle].azimuths_deg[number]
                sums[azimuth] = sums.get(azimuth, 0.0) + _likeliest_uc(charge)
        return sums

    def before_slices(self, count: int) -> list[Fallen]:
        """What had fallen before each of the first slices."""
        of_cycles = [Fallen()] * max(count, 1)
        for (cycle, _), charge in self._tally.charges().items():
            if cycle < count:
                of_cycles[cycle] += self._of(cycle, charge)
        for cycle, open_s in self._open_s.items():
            if cycle < count:
                of_cycles[cycle] += Fallen(open_s=open_s)
        sums = [Fallen()]
        for fallen in of_cycles[:-1]:
            sums.append(sums[-1] + fallen)
        return sums[:count]

    def _of(self, cycle: int, charge: Charge) -> Fallen:
        area_um2 = raster_area_um2(self.mill, self._tally.plans[cycle].raster_vpp)
        sd_uc = charge.uncertain_uc / math.sqrt(12)
        return Fallen(_likeliest_uc(charge) / area_um2, sd_uc / area_um2, _likeliest_uc(charge))


def _likeliest_uc(charge: Charge) -> float:
    """What was delivered includes all that is uncertain; half of that was, as far as anybody knows."""
    return charge.delivered_uc - charge.uncertain_uc / 2
