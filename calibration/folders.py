"""A folder for each sitting of a calibration: settings, measurements and, at its end, the profile."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import xxhash
from pydantic import Field

from calibration.procedure import Procedure
from scopeacq.plan.calibrations import CalibrationKind, Conditions
from scopeacq.plan.profiles import conditions_of, differences
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.settings import Name, Settings, SettingsError, attempt, read_toml
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import FileLayer

FORMAT = "scopeacq.sitting/1"
SETTINGS = "settings.toml"
PROFILE = "profile.toml"
REPORT = "report.html"


class Sitting(Settings):
    """What a calibration was begun with. ``plan_xxh3``: digest of instrument and wafer as they were."""

    format: str = FORMAT
    kind: CalibrationKind
    began_at: datetime
    machine: Name
    software: str
    seed: int = Field(0, description="What is drawn by chance is drawn by it.")
    plan_xxh3: str = Field("", description="Digest of instrument and wafer.")
    conditions: Conditions = Conditions()
    settings: dict[str, object] = Field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Sitting:
        """Raises ``SettingsError``."""
        return read_toml(folder / SETTINGS, cls, FORMAT)

    @classmethod
    def of(cls, plan: Plan, procedure: Procedure[Any], settings: Settings) -> Sitting:
        """A sitting that begins now."""
        now = datetime.now(UTC).replace(microsecond=0)
        files = to_toml(plan.instrument) + plan.wafer.to_geojson()
        return cls(
            kind=procedure.kind,
            began_at=now,
            machine=plan.instrument.name,
            software=version("scopeacq"),
            seed=plan.project.seed + int(now.timestamp()),
            plan_xxh3=xxhash.xxh3_128_hexdigest(files.encode()),
            conditions=conditions_of(plan.instrument),
            settings=settings.model_dump(mode="json", exclude_none=True),
        )

    def unlike(self, other: Sitting) -> str:
        """Why ``other`` cannot go on with what this one measured, a clause; empty where it can."""
        if self.settings != other.settings:
            return "it was begun with other settings"
        if differ := differences(self.conditions, other.conditions):
            return f"it was begun at {', '.join(differ)}"
        if (self.machine, self.plan_xxh3) != (other.machine, other.plan_xxh3):
            return "the instrument's or the wafer's file was changed since"
        if self.software != other.software:
            return f"it was begun with version {self.software} of scopeacq"
        return ""


def finished(folder: Path) -> bool:
    """Whether a sitting has come to a profile; then it is never changed."""
    return (folder / PROFILE).exists()


def sitting_folders(run: RunFolder, kind: CalibrationKind | None = None) -> list[Path]:
    """The folders of all sittings of a run, or of those of one kind; oldest first."""
    kinds = list(CalibrationKind) if kind is None else [kind]
    tops = [top for k in kinds if (top := run.calibrations / k.value).is_dir()]
    return sorted((f for top in tops for f in top.iterdir() if f.is_dir()), key=lambda f: f.name)


def last_unfinished(run: RunFolder, kind: CalibrationKind) -> tuple[Path, Sitting] | None:
    """The newest sitting that was not ended and can be read."""
    errors: list[SettingsError] = []
    for folder in reversed(sitting_folders(run, kind)):
        sitting = None if finished(folder) else attempt(Sitting.read, folder, errors)
        if sitting is not None and sitting.kind is kind:
            return folder, sitting
    return None


def begin(run: RunFolder, sitting: Sitting, files: FileLayer) -> Path:
    """Make the folder of a sitting that begins. Raises ``OSError``."""
    top = run.calibrations / sitting.kind.value
    name = sitting.began_at.strftime("%Y%m%d-%H%M%S")
    names = (name if n == 1 else f"{name}-{n}" for n in count(1))
    folder = next(folder for folder in map(top.joinpath, names) if not folder.exists())
    files.make_folder(folder)
    files.write_durable(folder / SETTINGS, to_toml(sitting).encode())
    return folder
