"""What lies on the wafer: ``wafer.geojson``. Sections, their ROIs, fiducials and landmarks, in wafer um."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scopeacq.plan.geometry import Rigid
from scopeacq.plan.landmarks import mount_of
from scopeacq.plan.marks import Fiducial as Fiducial
from scopeacq.plan.marks import Landmark as Landmark
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.section import Section as Section
from scopeacq.plan.section import SectionGrid as SectionGrid
from scopeacq.plan.settings import SettingsError, check_format, read_text, validate
from scopeacq.plan.wafer_features import (
    FeatureCollection,
    called,
    fiducial_feature,
    fiducial_of,
    landmark_feature,
    landmark_of,
    section_feature,
    section_of,
)

FORMAT = "scopeacq.wafer/1"


@dataclass(frozen=True, slots=True)
class Wafer:
    """The wafer as the operator prepared it; the order of sections is the order of imaging.

    One that is still being prepared holds no section yet.
    """

    sections: tuple[Section, ...] = ()
    fiducials: tuple[Fiducial, ...] = ()
    landmarks: tuple[Landmark, ...] = ()

    def section(self, section_id: str) -> Section:
        """Raises ``KeyError``."""
        for section in self.sections:
            if section.id == section_id:
                return section
        raise KeyError(section_id)

    def kinds_of_tiles(self, project_imaging: ImagingSettings) -> tuple[ImagingSettings, ...]:
        """The settings that tiles are imaged with, each once; the project's where there is no section."""
        own = {section.grid: section for section in self.sections if section.active}
        return tuple(section.imaging(project_imaging) for section in own.values()) or (project_imaging,)

    @property
    def mount(self) -> Rigid:
        """From the wafer to the stage, by the landmarks; see :func:`scopeacq.plan.landmarks.mount_of`."""
        return mount_of(self.landmarks)

    @classmethod
    def read(cls, path: Path) -> Wafer:
        """Raises ``SettingsError`` with all that is wrong."""
        return cls.parse(path, read_text(path))

    @classmethod
    def parse(cls, path: Path, text: str) -> Wafer:
        """The wafer that the text of a file says; ``path`` names it in errors. See :meth:`read`."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:  # a plain ValueError for numbers of too many digits
            problem = f"the file is not valid GeoJSON ({error})"
            raise SettingsError(path, [problem], "Restore it from a copy.") from None
        if not isinstance(data, dict):
            raise SettingsError(path, ["the file is not a GeoJSON object"], "Restore it from a copy.")
        check_format(path, data.get("format"), FORMAT)
        return _wafer(path, validate(path, FeatureCollection, data, lambda place: called(data, place)))

    def to_geojson(self) -> str:
        """The text of ``wafer.geojson``."""
        features = [
            *map(section_feature, self.sections),
            *map(fiducial_feature, self.fiducials),
            *map(landmark_feature, self.landmarks),
        ]
        collection = {"type": "FeatureCollection", "format": FORMAT, "features": features}
        return json.dumps(collection, indent=1)


def _wafer(path: Path, collection: FeatureCollection) -> Wafer:
    """Raises ``SettingsError`` with all features that cannot be used."""
    sections: list[Section] = []
    fiducials: list[Fiducial] = []
    landmarks: list[Landmark] = []
    problems: list[str] = []
    for feature in collection.features:
        try:
            match feature.properties.kind:
                case "section":
                    sections.append(section_of(path, feature))
                case "fiducial":
                    fiducials.append(fiducial_of(path, feature))
                case "landmark":
                    landmarks.append(landmark_of(path, feature))
        except SettingsError as error:
            problems += error.problems
    problems += _repeated("section", (s.id for s in sections))
    problems += _repeated("fiducial", (f.id for f in fiducials))
    problems += _repeated("landmark", (m.id for m in landmarks))
    if problems:
        raise SettingsError(path, problems, "Correct them; ids are given once.")
    return Wafer(tuple(sections), tuple(fiducials), tuple(landmarks))


def _repeated(kind: str, ids: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    twice = sorted({i for i in ids if i in seen or seen.add(i)})  # type: ignore[func-returns-value]
    return [f"the {kind} id {i} stands there twice" for i in twice]
