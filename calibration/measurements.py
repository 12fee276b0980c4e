"""What was measured in one sitting, one line of JSON each, durable before the procedure goes on."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import tifffile
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from scopeacq.plan.settings import SettingsError, read_text
from scopeacq.storage.files import DiskFiles, FileLayer
from scopeacq.storage.pyramid_tiff import UnreadablePicture, unreadable

M = TypeVar("M")

LOG = "measurements.jsonl"
ANEW = "Begin this calibration anew."


class _Line(BaseModel):
    """One line of the log."""

    model_config = ConfigDict(extra="forbid")

    key: str
    value: JsonValue


@dataclass
class Measurements:
    """The memory of a sitting, in a folder of its own."""

    folder: Path
    files: FileLayer = field(default_factory=DiskFiles)
    _known: dict[str, JsonValue] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, files: FileLayer | None = None) -> Measurements:
        """All that was measured in a sitting, nothing where it has no log yet. Raises ``SettingsError``."""
        memory = cls(folder, files or DiskFiles())
        if memory.log.exists():
            for number, line in enumerate(read_text(memory.log).splitlines(), start=1):
                read = _parsed(memory.log, number, line)
                memory._known[read.key] = read.value
        return memory

    @property
    def log(self) -> Path:
        return self.folder / LOG

    def __len__(self) -> int:
        return len(self._known)

    def holds(self, key: str) -> bool:
        """Whether something was measured under ``key``."""
        return key in self._known

    def get(self, key: str, kind: type[M]) -> M | None:
        """What stands under ``key``, or None. Raises ``SettingsError`` where it is not of its kind."""
        if key not in self._known:
            return None
        try:
            return TypeAdapter(kind).validate_python(self._known[key])
        except ValidationError as error:
            raise SettingsError(self.log, [f"what was measured as {key} cannot be read"], ANEW) from error

    def add(self, key: str, taken: object) -> None:
        """Keep a measurement durably. Raises ``OSError``; the measurement counts as not taken then."""
        value = TypeAdapter(type(taken)).dump_python(taken, mode="json")
        known = {**self._known, key: value}
        lines = [json.dumps({"key": key, "value": value}) for key, value in known.items()]
        self.files.write_durable(self.log, "\n".join([*lines, ""]).encode(), replace=True)
        self._known = known

    def keep_image(self, name: str, image: NDArray[Any]) -> Path:
        """Write an image (h, w), or several (n, h, w), of any dtype durably beside the log, as a TIFF file.

        Raises ``OSError``. One of the same name is replaced: after a crash it may be taken again.
        """
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, image, photometric="minisblack", compression="zlib")
        path = self._path_of(name)
        self.files.write_durable(path, buffer.getvalue(), replace=True)
        return path

    def image(self, name: str) -> NDArray[Any]:
        """An image that was kept, as it was. Raises ``SettingsError``."""
        path = self._path_of(name)
        try:
            with unreadable():
                image: NDArray[Any] = tifffile.imread(path)
                return image
        except UnreadablePicture as error:
            raise SettingsError(
                path, [f"this image was kept and cannot be read ({error})"], ANEW
            ) from error

    def _path_of(self, name: str) -> Path:
        assert name == Path(name).name, "images lie beside the log"
        return self.folder / f"{name}.tif"


def _parsed(log: Path, number: int, line: str) -> _Line:
    try:
        return _Line.model_validate_json(line)
    except ValidationError as error:
        raise SettingsError(log, [f"line {number} is damaged"], ANEW) from error
