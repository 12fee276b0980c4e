"""SBEMimage's array files (JSON or YAML): sections with samples and ROIs, and landmarks, in pixels.

{"sections": {"0": {"sample": {"polygon": [[x, y], ...]}, "rois": {"0": {"polygon": ...}}}},
 "landmarks": {"0": {"source": {"location": [x, y]}}}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from scopeacq.plan.geometry import Point
from scopeacq.plan.settings import SettingsError, read_text
from scopeacq.sections.candidates import Ring
from scopeacq.sections.imports.imported import Imported, ImportedSection, Unit, checked, points_of, ring_of
from scopeacq.sections.rings import united


def read_array_json(path: Path, data: dict[str, Any]) -> Imported:
    """What an array file says that has been parsed. Raises ``SettingsError``."""
    problems: list[str] = []
    sections = list(_sections(data.get("sections"), problems))
    landmarks = tuple(_landmarks(data.get("landmarks"), problems))
    return replace(checked(path, sections, problems, Unit.PX), landmarks=landmarks)


def read_array_yaml(path: Path) -> Imported:
    """Read and check a YAML file. Raises ``SettingsError``."""
    data = _parsed_yaml(path)
    if not isinstance(data, dict):
        raise SettingsError(path, ["the file is no array file"], "Check that it is the right file.")
    return read_array_json(path, data)


def _parsed_yaml(path: Path) -> object:
    """Without references, by which a small file may stand for a huge one."""
    text = read_text(path)
    try:
        refers = any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.CSafeLoader))
        data = None if refers else yaml.load(text, yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = f"the file is not valid YAML ({error})"
        raise SettingsError(path, [problem], "Export it anew.") from None
    if refers:
        raise SettingsError(path, ["the file refers to parts of itself"], "Export it without anchors.")
    return data


def _sections(entries: object, problems: list[str]) -> Iterator[ImportedSection]:
    if not isinstance(entries, dict):
        problems.append("sections is not a table")
        return
    for name, entry in entries.items():
        match entry:
            case {"sample": {"polygon": corners}}:
                outline = ring_of(corners)
            case _:
                outline = None
        if outline is None:
            problems.append(f"sections.{name}.sample.polygon is no simple polygon of points [x, y]")
            continue
        yield ImportedSection(str(name), outline, _roi(name, entry.get("rois"), problems))


def _roi(name: object, entries: object, problems: list[str]) -> Ring | None:
    """The ROI of a section; several become the outline around them."""
    if not isinstance(entries, dict) or not entries:
        return None
    rings: list[Ring] = []
    for number, entry in entries.items():
        ring = ring_of(entry.get("polygon")) if isinstance(entry, dict) else None
        if ring is None:
            problems.append(f"sections.{name}.rois.{number}.polygon is no simple polygon of points [x, y]")
        else:
            rings.append(ring)
    return united(rings) if rings else None


def _landmarks(entries: object, problems: list[str]) -> Iterator[Point]:
    if not isinstance(entries, dict):
        return
    for name, entry in entries.items():
        match entry:
            case {"source": {"location": place}}:
                points = points_of([place])
            case _:
                points = None
        if points:
            yield points[0]
        else:
            problems.append(f"landmarks.{name}.source.location is no point [x, y]")


def parsed_json(path: Path) -> object:
    """The JSON in a file. Raises ``SettingsError``."""
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # a plain ValueError for numbers of too many digits
        raise SettingsError(path, [f"the file is not valid JSON ({error})"], "Export it anew.") from None
