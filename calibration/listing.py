"""What is calibrated in a run and what was measured, as plain values and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from calibration.folders import PROFILE, Sitting, finished, sitting_folders
from scopeacq.plan.calibrations import CalibrationKind, Fit, Profile
from scopeacq.plan.profiles import conditions_of, differences
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError, attempt


@dataclass(frozen=True, slots=True)
class Listed:
    """One kind. ``in_use`` names profiles; ``unfit``: in what these differ from the run's conditions.

    ``measured``: paths of finished profiles, oldest first; ``unfinished``: folders that wait to go on.
    """

    kind: CalibrationKind
    in_use: tuple[str, ...]
    fit: Fit | None
    measured_at: str
    unfit: tuple[str, ...]
    measured: tuple[str, ...]
    unfinished: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """All kinds, and what of their files cannot be read, a sentence each."""

    kinds: tuple[Listed, ...]
    unreadable: tuple[str, ...] = ()


def listed(plan: Plan) -> Listing:
    """What is calibrated. A damaged file is a sentence, and no reason to say nothing of the others."""
    errors: list[SettingsError] = []
    kinds = tuple(_listed(plan, kind, errors) for kind in CalibrationKind)
    return Listing(kinds, tuple(map(str, errors)))


def _listed(plan: Plan, kind: CalibrationKind, errors: list[SettingsError]) -> Listed:
    folders = sitting_folders(plan.folder, kind)
    done = [f / PROFILE for f in folders if finished(f)]
    whole = [file for file in done if attempt(Profile.read, file, errors) is not None]
    begun = [f for f in folders if not finished(f)]
    waiting = [f for f in begun if attempt(Sitting.read, f, errors) is not None]
    used = plan.instrument.calibrations_in_use.get(kind)
    return Listed(
        kind,
        in_use=used.profiles if used else (),
        fit=used.fit if used else None,
        measured_at=used.measured_at.isoformat() if used else "",
        unfit=differences(used.conditions, conditions_of(plan.instrument)) if used else (),
        measured=tuple(map(str, whole)),
        unfinished=tuple(map(str, waiting)),
    )


def profile_named(plan: Plan, text: str) -> Path:
    """The newest profile of a kind, or the one at a path. Raises ``SettingsError``."""
    if text not in {kind.value for kind in CalibrationKind}:
        path = Path(text)
        return existing(path / PROFILE if path.is_dir() else path)
    done = [f for f in sitting_folders(plan.folder, CalibrationKind(text)) if finished(f)]
    if not done:
        what = f"no calibration {text} was measured in this run"
        raise SettingsError(plan.folder.calibrations, [what], "Measure it, or name a profile.toml.")
    return done[-1] / PROFILE


def existing(path: Path) -> Path:
    """A profile that was named. Raises ``SettingsError`` where there is none."""
    if path.exists():
        return path
    kinds = ", ".join(kind.value for kind in CalibrationKind)
    raise SettingsError(
        path,
        ["there is no such profile"],
        f"Name a profile.toml that was measured, or a calibration: {kinds}.",
    )


def show_list(found: Listing) -> None:
    """Print it as a table, with what cannot be read below."""
    table = Table("Calibration", "In use", "Measured", "Unfinished")
    for one in found.kinds:
        state = "never" if not one.in_use else one.measured_at[:16].replace("T", " ")
        if one.fit is Fit.INTERPOLATED:
            state += ", interpolated"
        if one.unfit:
            state += f", does not fit: {', '.join(one.unfit)}"
        table.add_row(one.kind.value, state, str(len(one.measured)), str(len(one.unfinished)))
    console = Console()
    console.print(table)
    for sentence in found.unreadable:
        console.print(sentence, soft_wrap=True, markup=False, highlight=False)
