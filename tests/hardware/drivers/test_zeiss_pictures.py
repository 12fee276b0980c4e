"""The files that SmartSEM writes: a frame that was scanned now, or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from hardware.drivers.zeiss.dispatch import Value
from hardware.errors import BadFrame, Refused
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind
from hardware.types import Image
from hardware.vendor_tiff import read_frame_metadata
from tests.hardware.drivers.smartsem_rig import FRAME, PASS, Rig, Spoil, answering, smartsem_rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with smartsem_rig(tmp_path) as made:
        made.column.unblank()
        yield made


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (FaultKind.TRUNCATED_FRAME, r"\(32, 96\) of uint8 instead of \(64, 96\) of uint8"),
        (FaultKind.FROZEN_FRAME, "the last one again"),
    ],
)
def test_a_frame_that_the_microscope_spoils_is_refused(tmp_path: Path, kind: FaultKind, says: str) -> None:
    with smartsem_rig(tmp_path, Fault(Device.SCANNER, kind, AfterCalls(1))) as rig:
        rig.column.unblank()
        rig.scanner.acquire(FRAME)
        with pytest.raises(BadFrame, match=says):
            rig.scanner.acquire(FRAME)
        assert rig.scanner.acquire(FRAME).image.size


def grabs(make: Callable[[Path], object]) -> Spoil:
    """Another file is written than SmartSEM would."""

    def spoil(method: str, arguments: tuple[Value, ...]) -> object:
        if method != "Grab":
            return PASS
        make(Path(str(arguments[-1])))
        return 0

    return spoil


def picture(image: Image) -> Callable[[Path], object]:
    return lambda path: tifffile.imwrite(path, image)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "wrote no file"),
        (lambda path: path.write_bytes(b"II*\0\x08\0\0\0\xff\xff"), "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (picture(np.full((64, 96), 7, np.uint8)), "one value"),
        (picture(np.zeros((64, 96, 3), np.uint8)), r"\(64, 96, 3\)"),
        (picture(np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)), "samples of uint16"),
    ],
)
def test_a_file_that_is_no_frame_is_refused(rig: Rig, make: Callable[[Path], object], says: str) -> None:
    with rig.spoilt(grabs(make)), pytest.raises(BadFrame, match=says):
        rig.scanner.acquire(FRAME)
    assert rig.scanner.acquire(FRAME).image.size


def test_files_of_frames_are_removed(rig: Rig, tmp_path: Path) -> None:
    rig.scanner.acquire(FRAME)
    assert not list(tmp_path.rglob("*.tif"))


def test_an_old_file_is_never_taken_for_the_frame(rig: Rig, tmp_path: Path) -> None:
    old = tmp_path / "grabs" / "grab.tif"
    old.parent.mkdir(exist_ok=True)
    tifffile.imwrite(old, np.arange(64 * 96, dtype=np.uint8).reshape(64, 96))
    with rig.spoilt(answering(0, "Grab")), pytest.raises(BadFrame, match="wrote no file"):
        rig.scanner.acquire(FRAME)


def test_a_folder_where_no_file_may_lie_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with smartsem_rig(tmp_path, grab_folder=tmp_path / "file" / "folder") as rig:
        rig.column.unblank()
        with pytest.raises(Refused, match="Choose another grab_folder"):
            rig.scanner.acquire(FRAME)


def test_a_file_that_tells_of_other_pixels_is_refused(rig: Rig) -> None:
    def other(path: Path) -> None:
        rig.sem.scan.magnification *= 1.1
        rig.sem.grab(path)

    with rig.spoilt(grabs(other)), pytest.raises(BadFrame, match=r"header says pixels of 9\.09 nm"):
        rig.scanner.acquire(FRAME)


def test_the_emulated_files_tell_what_real_ones_do(rig: Rig, tmp_path: Path) -> None:
    rig.scanner.acquire(FRAME)
    rig.sem.grab(tmp_path / "frame.tif")
    told = read_frame_metadata(tmp_path / "frame.tif")
    assert (
        told is not None
        and told.pixel_width_nm == pytest.approx(10.0)
        and told.dwell_ns == pytest.approx(100.0)
    )
