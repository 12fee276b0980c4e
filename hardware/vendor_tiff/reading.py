"""From a TIFF file to what its microscope wrote into it."""

from __future__ import annotations

from pathlib import Path

import tifffile

from hardware.vendor_tiff import fei, smartsem, tescan
from hardware.vendor_tiff.metadata import FrameMetadata

MOST_HEADER_BYTES = 1 << 22


class UnreadableTiff(Exception):
    """No TIFF, or a damaged one. The text is a clause for an operator."""


def read_frame_metadata(path: Path) -> FrameMetadata | None:
    """What the microscope says of a picture; ``None`` where no header that is known is in it.

    Raises ``UnreadableTiff``.
    """
    try:
        with tifffile.TiffFile(path) as file:
            return frame_metadata(file)
    except Exception as error:  # a damaged file makes its reader stumble in many ways
        raise UnreadableTiff(f"{path.name} is no TIFF that can be read ({error})") from error


def frame_metadata(file: tifffile.TiffFile) -> FrameMetadata | None:
    """The same of a file that is open already. What is wrong with the file itself tifffile raises."""
    page = file.pages.first
    if (raw := _raw(page, smartsem.TAG)) is not None:
        return smartsem.metadata_of(raw, page.imagewidth)
    for tag in fei.TAGS:
        if (raw := _raw(page, tag)) is not None:
            return fei.metadata_of(raw)
    if (raw := _raw(page, tescan.TAG)) is not None:
        return tescan.metadata_of_tag(raw)
    return _beside(Path(file.filehandle.path)) if file.filehandle.path else None


def _raw(page: tifffile.TiffPage, code: int) -> bytes | None:
    """The bytes of a tag, unparsed: tifffile's own readers of these headers lose units and encodings."""
    tag = page.tags.get(code)
    if tag is None or tag.valuebytecount > MOST_HEADER_BYTES:
        return None
    handle = page.parent.filehandle
    with handle.lock:
        handle.seek(tag.valueoffset)
        return bytes(handle.read(tag.valuebytecount))


def _beside(picture: Path) -> FrameMetadata | None:
    """TESCAN may leave its header in a file of its own: ``a.hdr``, or ``a-tif.hdr``, for ``a.tif``."""
    dashed = picture.with_name(f"{picture.stem}-{picture.suffix.removeprefix('.')}.hdr")
    for header in (picture.with_suffix(".hdr"), dashed):
        if header.is_file() and header.stat().st_size <= MOST_HEADER_BYTES:
            return tescan.metadata_of_ini(header.read_bytes())
    return None
