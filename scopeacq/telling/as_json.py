"""Results of commands as JSON, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def as_json_text(result: DataclassInstance) -> str:
    """A dataclass of plain values, enums and further dataclasses, with its fields as keys."""
    return json.dumps(asdict(result), default=_plain, indent=2)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no plain form")
