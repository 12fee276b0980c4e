"""What each tile was given and what was seen of it last: a fold over the journal, bounded by the tiles."""

from __future__ import annotations

from dataclasses import dataclass, field

from scopeacq.journal import records as r
from scopeacq.journal.records import PlaneKey, Record, Verdict

TilePlace = tuple[str, int]
"""Section id and index of the tile in its grid."""


@dataclass(slots=True)
class TileAccount:
    """One tile over the whole run. The dose is of its scans and its focus images, all cycles together.

    ``cycle``: of its score; ``wd_cycle``: of its working distance.
    """

    electron_dose_per_nm2: float = 0.0
    score_um: float | None = None
    verdict: Verdict | None = None
    wd_um: float | None = None
    cycle: int | None = None
    wd_cycle: int | None = None


@dataclass(slots=True)
class TileLedger:
    """Accounts of all tiles that were ever scanned or focused on."""

    tiles: dict[TilePlace, TileAccount] = field(default_factory=dict)

    def account(self, section: str, tile: int) -> TileAccount:
        """The account of a tile; an empty one when nothing was done there."""
        return self.tiles.get((section, tile)) or TileAccount()

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        match record:
            case r.PlaneExposing(key):
                self._of(key).electron_dose_per_nm2 += record.electron_dose_per_nm2
            case r.FocusDone(key):
                self._of(key).electron_dose_per_nm2 += record.electron_dose_per_nm2
                if record.applied:
                    self._focused(key, record.after.wd_um)
            case r.PlaneExposed(key, _, optics):
                self._focused(key, optics.wd_um)
            case r.PlaneJudged(key, _, verdict, score_um):
                account = self._of(key)
                account.verdict, account.score_um, account.cycle = verdict, score_um, key.cycle
            case _:
                pass

    def _focused(self, key: PlaneKey, wd_um: float) -> None:
        account = self._of(key)
        account.wd_um, account.wd_cycle = wd_um, key.cycle

    def _of(self, key: PlaneKey) -> TileAccount:
        return self.tiles.setdefault((key.section, key.tile), TileAccount())
