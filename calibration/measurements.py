"""What was measured in one sitting, one line of JSON each, durable before the procedure goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import FileLayer

M = TypeVar("M")

LOG = "measurements.jsonl"


@dataclass
class Measurements:
    """The memory of a sitting, in a folder of its own."""

    folder: Path
    files: FileLayer
    _known: dict[str, Any] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / LOG

    def get(self, key: str, kind: type[M]) -> M | None:
        """What stands under ``key``, or None. Raises ``SettingsError`` where it is not of its kind."""
        if key not in self._known:
            return None
        try:
            return TypeAdapter(kind).validate_python(self._known[key])
        except ValidationError as error:
            problem = f"what was measured as {key} cannot be read"
            raise SettingsError(self.log, [problem], "Begin this calibration anew.") from error

    def add(self, key: str, taken: object) -> None:
        """Keep a measurement durably. Raises ``OSError``; the measurement counts as not taken then."""
        self._known[key] = TypeAdapter(type(taken)).dump_python(taken, mode="json")
        lines = [json.dumps({"key": key, "value": value}) for key, value in self._known.items()]
        self.files.write_durable(self.log, "\n".join([*lines, ""]).encode(), replace=True)

    def keep_image(self, name: str, image: NDArray[Any]) -> Path:
        """Write an image durably beside the log, as ``<name>.npy``."""
        raise NotImplementedError

    def image(self, name: str) -> NDArray[np.generic]:
        """An image that was kept. Raises ``SettingsError``."""
        raise NotImplementedError
