"""The picture that SmartSEM writes into a file: read, checked, and removed."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path

import tifffile

from hardware.drivers.zeiss.api import Sem
from hardware.errors import BadFrame, Refused
from hardware.frames import FrameCheck
from hardware.types import FrameSettings, Image
from hardware.vendor_tiff import FrameMetadata, frame_metadata

SAME_SIZE = 0.02
"""A header rounds the size of pixels to 0.01 nm."""


class Grabber:
    """Grabs the picture that is frozen. One file at a time lies in ``folder``."""

    def __init__(self, sem: Sem, folder: Path, deadline_s: float) -> None:
        self._sem, self._deadline_s = sem, deadline_s
        self._path = folder.resolve() / "grab.tif"
        self._check = FrameCheck(sem.device)

    def grab(self, settings: FrameSettings) -> Image:
        """Shape (height_px, width_px), uint8 or uint16.

        Raises ``BadFrame`` for a picture of another size or depth, of one grey value, of the last frame
        again, or of other pixels by its own header; ``Refused`` where no file may lie.
        """
        self._make_way()
        try:
            self._sem.grab(self._path, self._deadline_s)
            image, header = self._read()
        finally:
            with suppress(OSError):  # SmartSEM may hold it for a moment; the next frame needs it gone
                self._path.unlink(missing_ok=True)
        self._require_depth(image, settings.bit_depth)
        passed = self._check.passed(image, settings)
        self._require_header(header, settings)
        return passed

    def _make_way(self) -> None:
        """Nothing of an earlier frame may be taken for this one."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
        except OSError as error:
            what = f"no image can be written to {self._path.parent}: {error.strerror}"
            raise Refused(self._sem.device, what, "Choose another grab_folder in the settings.") from error

    def _read(self) -> tuple[Image, FrameMetadata | None]:
        if not self._path.exists():
            raise self._bad(f"SmartSEM wrote no file {self._path}", "See that it may write there.")
        try:
            with tifffile.TiffFile(self._path) as file:
                return file.pages[0].asarray(), frame_metadata(file)
        except Exception as error:  # a torn file breaks the reader anywhere
            raise self._bad(f"the file of the frame cannot be read: {error}", "Scan again.") from error

    def _require_depth(self, image: Image, bit_depth: int) -> None:
        if image.dtype != f"uint{bit_depth}":
            what = f"the frame has samples of {image.dtype} instead of {bit_depth} bit"
            raise self._bad(what, "Set SmartSEM's TIFF files, or bit_depth of the device, to the other.")

    def _require_header(self, header: FrameMetadata | None, settings: FrameSettings) -> None:
        """What the file itself says of the frame, where it says anything."""
        size_nm = header.pixel_width_nm if header else None
        if size_nm is not None and not math.isclose(size_nm, settings.pixel_size_nm, rel_tol=SAME_SIZE):
            what = f"the header says pixels of {size_nm:g} nm instead of {settings.pixel_size_nm:g} nm"
            raise self._bad(what, "Look at SmartSEM's own figures.")

    def _bad(self, what: str, advice: str) -> BadFrame:
        return BadFrame(self._sem.device, " ".join(what.split()), advice)
