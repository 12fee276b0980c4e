"""One folder is one acquisition: where everything of it lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hardware.microscope import GUARD_LOG
from scopeacq.journal import journal_format
from scopeacq.plan.geometry import Point, inside
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.project import ImagingSettings, Project
from scopeacq.plan.settings import SettingsError, SeveralFilesError, attempt
from scopeacq.plan.wafer import Section, Wafer


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of a run. ``root`` ends in ``.scopeacq`` by custom, not by rule."""

    root: Path

    @property
    def project_file(self) -> Path:
        return self.root / "project.toml"

    @property
    def wafer_file(self) -> Path:
        return self.root / "wafer.geojson"

    @property
    def candidates_file(self) -> Path:
        """Sections that were found or drawn; see :mod:`scopeacq.sections.candidates`."""
        return self.root / "sections.geojson"

    @property
    def section_weights(self) -> Path:
        """Weights of the section network that were tuned on this wafer, if any."""
        return self.root / "models" / "sections.safetensors"

    @property
    def instrument_file(self) -> Path:
        return self.root / "instrument.toml"

    @property
    def journal_file(self) -> Path:
        return self.root / "journal.sqlite"

    @property
    def without_journal(self) -> bool:
        """The folder is there and nothing was ever journalled in it; false where it is gone."""
        return self.root.is_dir() and not self.journal_file.exists()

    @property
    def journal_copy(self) -> Path:
        """The copy that is synced beside the journal before each mill."""
        return self.root / journal_format.COPY

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def focus_images(self) -> Path:
        """Pairs of refused corrections."""
        return self.root / "focus"

    @property
    def registration_images(self) -> Path:
        """Reference images of fiducials and sections."""
        return self.root / "registration"

    @property
    def overviews(self) -> Path:
        """Pictures of the wafer and where they lie; see :mod:`scopeacq.plan.overviews`."""
        return self.root / "overviews"

    @property
    def calibrations(self) -> Path:
        """What was calibrated: a folder for each kind, with one for each sitting."""
        return self.root / "calibrations"

    def instrument(self, instrument: Instrument) -> Path:
        """Where the driver keeps files of its own: its lock, the guard's log, the twin's nature."""
        named = instrument.driver.folder
        return Path(named) if named else self.root.with_suffix(".instrument")

    def images(self, project: Project) -> Path:
        """``images.zarr``, in the run's folder unless the project says otherwise."""
        parent = Path(project.storage.images) if project.storage.images else self.root
        return parent / "images.zarr"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the files of a run say, read and validated together."""

    folder: RunFolder
    project: Project
    wafer: Wafer
    instrument: Instrument

    def imaging(self, section_id: str) -> ImagingSettings:
        """The settings of a section's tiles. Raises ``KeyError``."""
        return self.wafer.section(section_id).imaging(self.project.imaging)

    def imaging_at(self, wafer_um: Point) -> ImagingSettings:
        """The settings of the section that lies at a point, the project's beside all sections."""
        there = (s for s in self.wafer.sections if inside(wafer_um, s.outline_um))
        section = next(there, None)
        return self.project.imaging if section is None else section.imaging(self.project.imaging)

    @property
    def kinds_of_tiles(self) -> tuple[ImagingSettings, ...]:
        """The settings that tiles are imaged with, each once."""
        return self.wafer.kinds_of_tiles(self.project.imaging)

    @property
    def instrument_folder(self) -> Path:
        """See :meth:`RunFolder.instrument`."""
        return self.folder.instrument(self.instrument)

    @property
    def deepfocus_weights(self) -> Path | None:
        """The weights of DeepFocus that were made on this microscope; None for those shipped."""
        named = self.instrument.electron.deepfocus_weights
        return self.folder.root / named if named else None

    @property
    def guard_log(self) -> Path:
        """The guard's own record of openings."""
        return self.instrument_folder / GUARD_LOG

    @classmethod
    def read(cls, root: Path) -> Plan:
        """Read the three files. Raises ``SettingsError`` with what is wrong in any of them."""
        folder = RunFolder(root)
        if not root.is_dir():
            raise SettingsError(root, ["this is not a run folder"], "Make one with `scopeacq new`.")
        errors: list[SettingsError] = []
        project = attempt(Project.read, folder.project_file, errors)
        wafer = attempt(Wafer.read, folder.wafer_file, errors)
        instrument = attempt(Instrument.read, folder.instrument_file, errors)
        if project is not None and wafer is not None:
            errors += contradictions(folder, project, wafer)
        if len(errors) == 1:
            raise errors[0]
        if errors or project is None or wafer is None or instrument is None:
            raise SeveralFilesError(errors)
        return cls(folder, project, wafer, instrument)


def require_unchanged(plan: Plan) -> None:
    """Raise ``SettingsError`` where the files of a run say something else by now than this plan."""
    if Plan.read(plan.folder.root) != plan:
        raise SettingsError(
            plan.folder.root,
            ["its files were changed by somebody else since they were opened here"],
            "Open the project again; what was edited here since is lost then.",
        )


def contradictions(folder: RunFolder, project: Project, wafer: Wafer) -> Iterator[SettingsError]:
    """Where project and wafer do not go together: unknown sections, grids that cannot be."""
    if unknown := sorted(set(project.gate.accept_sections) - {s.id for s in wafer.sections}):
        yield SettingsError(
            folder.project_file,
            [f"gate.accept_sections names {', '.join(unknown)}, which the wafer does not hold"],
            "Correct the names.",
        )
    if problems := [problem for section in wafer.sections for problem in _impossible(project, section)]:
        yield SettingsError(
            folder.wafer_file, problems, "Correct these grids; what they leave out is as in [imaging]."
        )


def _impossible(project: Project, section: Section) -> Iterator[str]:
    try:
        section.imaging(project.imaging)
    except ValidationError as error:
        yield from (f"section {section.id}: grid: {e['ctx']['error']}" for e in error.errors())
