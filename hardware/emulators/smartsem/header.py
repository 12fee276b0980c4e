"""Tag 34118, which SmartSEM writes into its TIFF files: a name and a sentence, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tifffile

from hardware.types import Image

TAG = 34118


def write_picture(path: Path, image: Image, said: Mapping[str, str]) -> None:
    """As SmartSEM does; ``said`` are sentences like "WD = 7.7 mm" by names like "AP_WD"."""
    lines = "\r\n".join(f"{name}\r\n{sentence}" for name, sentence in said.items())
    text = lines.encode("cp1252", errors="replace") + b"\0"
    tifffile.imwrite(path, image, extratags=[(TAG, 2, len(text), text, True)])
