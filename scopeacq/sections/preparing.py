"""A run's candidates with what they are sought on and go into: read together, and saved together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scopeacq.plan.overviews import Overview, read_overviews
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.saving import changing
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidates, Ring, SectionsRefused
from scopeacq.sections.ways import Learned, Unlearned, Way
from scopeacq.storage.files import FileLayer


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the files of a run say of its sections."""

    plan: Plan
    candidates: Candidates

    @classmethod
    def read(cls, root: Path) -> Prepared:
        """Raises ``SettingsError``."""
        plan = Plan.read(root)
        return cls(plan, Candidates.read(plan.folder.candidates_file))

    @property
    def taught(self) -> Path | None:
        """Weights of the section network that was taught this wafer, if it was."""
        weights = self.plan.folder.section_weights
        return weights if weights.is_file() else None

    def overview(self, name: str | None) -> Overview:
        """The overview of a name, or the only one. Raises ``SettingsError``."""
        folder = self.plan.folder.overviews
        overviews, refused = read_overviews(folder)
        named = [overview for overview in overviews if name in (None, overview.name)]
        if len(named) == 1:
            return named[0]
        if refused and not named:
            raise refused[0]
        if not overviews:
            advice = (
                "Acquire one with `scopeacq wafer overview`, or bring one with `scopeacq wafer import`."
            )
            raise SettingsError(folder, ["the run has no overview"], advice)
        names = ", ".join(overview.name for overview in overviews)
        problem = f"there is no overview {name}" if name else f"there are {len(overviews)} overviews"
        raise SettingsError(folder, [problem], f"Choose one with --overview: {names}.")

    def outline_um(self, section_id: str) -> Ring:
        """The outline of a candidate or a section of the plan. Raises ``SectionsRefused``."""
        outlines = {s.id: s.outline_um for s in self.plan.wafer.sections}
        outlines |= {c.id: c.outline_um for c in self.candidates.sections}
        if section_id not in outlines:
            raise SectionsRefused(f"There is neither a candidate nor a section {section_id}.")
        return outlines[section_id]

    def way(self, learned: bool | None, example_id: str | None) -> Way:
        """How to seek sections: as asked; otherwise by the network once it was taught this wafer."""
        if example_id is not None:
            if learned:
                raise SectionsRefused("An example is for the search without training; leave out --learned.")
            return Unlearned(self.outline_um(example_id))
        return Learned(self.taught) if learned or (learned is None and self.taught) else Unlearned()

    def save(self, candidates: Candidates, wafer: Wafer, files: FileLayer) -> None:
        """Write what has changed, candidates first: the next review puts what is accepted into the plan.

        Raises:
            SettingsError, Locked: see :func:`scopeacq.plan.saving.changing`.
            OSError: the disk refuses.
        """
        folder = self.plan.folder
        if (candidates, wafer) == (self.candidates, self.plan.wafer):
            return
        with changing(self.plan, wafer, files):
            if Candidates.read(folder.candidates_file) != self.candidates:
                problem = "it was changed by somebody else since it was read"
                raise SettingsError(folder.candidates_file, [problem], "Give the command again.")
            if candidates != self.candidates:
                files.write_durable(folder.candidates_file, candidates.to_geojson().encode(), replace=True)
            if wafer != self.plan.wafer:
                files.write_durable(folder.wafer_file, wafer.to_geojson().encode(), replace=True)
