"""All readings of a sitting, each durable before the next one is taken.

They lie in parts of some minutes, so that a reading that is added rewrites one small file however long the
irradiation lasts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from calibration.measurements import ANEW
from hardware.types import VoltReading
from scopeacq.plan.settings import SettingsError, read_text
from scopeacq.storage.files import FileLayer

PER_PART = 300
_LINE = TypeAdapter(VoltReading)


@dataclass
class ReadingLog:
    """Readings in the order of their times, in ``folder``."""

    folder: Path
    files: FileLayer
    _times_s: list[float] = field(default_factory=list)
    _volts: list[float] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path, files: FileLayer) -> ReadingLog:
        """What was logged before, if anything. Raises ``SettingsError``, ``OSError``."""
        files.make_folder(folder)
        log = cls(folder, files)
        while (path := log._part(len(log))).exists():
            found = _parsed(path, log.last_s)
            log._times_s += [reading.at_s for reading in found]
            log._volts += [reading.volts for reading in found]
            if len(found) != PER_PART:
                break
        return log

    def __len__(self) -> int:
        return len(self._times_s)

    @property
    def last_s(self) -> float:
        """When the newest reading was taken [s]."""
        return self._times_s[-1] if self._times_s else -math.inf

    @property
    def parts(self) -> tuple[Path, ...]:
        return tuple(self._part(n) for n in range(0, len(self), PER_PART))

    def add(self, reading: VoltReading) -> None:
        """Keep a reading durably; one that is no newer than the last tells nothing. Raises ``OSError``."""
        if not reading.at_s > self.last_s:
            return
        first = len(self) // PER_PART * PER_PART
        part = [*map(VoltReading, self._volts[first:], self._times_s[first:]), reading]
        lines = [_LINE.dump_json(r) for r in part]
        self.files.write_durable(self._part(first), b"\n".join([*lines, b""]), replace=True)
        self._times_s.append(reading.at_s)
        self._volts.append(reading.volts)

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times [s] and volts, float64 (n,) each."""
        return np.array(self._times_s, np.float64), np.array(self._volts, np.float64)

    def _part(self, number: int) -> Path:
        return self.folder / f"readings-{number // PER_PART:04d}.jsonl"


def _parsed(path: Path, after_s: float) -> list[VoltReading]:
    """The readings of a part, which begins after an instant. Raises ``SettingsError``."""
    readings: list[VoltReading] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            reading = _LINE.validate_json(line)
        except ValidationError as error:
            raise SettingsError(path, [f"line {number} is damaged"], ANEW) from error
        if not (math.isfinite(reading.volts) and after_s < reading.at_s < math.inf):
            raise SettingsError(path, [f"line {number} cannot be true"], ANEW)
        readings.append(reading)
        after_s = reading.at_s
    return readings
