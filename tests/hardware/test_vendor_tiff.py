"""What microscopes write into TIFF files: real headers, invented ones, and thousands of damaged ones."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import StagePose
from hardware.vendor_tiff import (
    Beam,
    FrameMetadata,
    UnreadableTiff,
    Vendor,
    fei,
    frame_metadata,
    read_frame_metadata,
    smartsem,
    tescan,
    text,
)
from scopeacq.storage.pyramid_tiff import UnreadablePicture
from scopeacq.storage.source_pictures import read_source

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "vendor_tiff_meta"
PICTURE = np.zeros((8, 1024), np.uint8)
MICRO, DEGREE = "\N{MICRO SIGN}", "\N{DEGREE SIGN}"

SMARTSEM = f"""0
0
0
1.00037e-08
2.0e+03
6
1.5e+03
2.3
1.8004e-09
4.512345e-03
AP_WD
WD = 4.5 mm
AP_STIG_X
Stigmation X = -2.3 %
AP_STIG_Y
Stigmation Y =  0,75 %
AP_IMAGE_PIXEL_SIZE
Image Pixel Size = 10.00 nm
AP_ACTUALKV
EHT =  1.50 kV
AP_IPROBE
I Probe = 1.80 nA
DP_SCAN_ROT
Scan Rot = On
AP_SCANROTATION
Scan Rotation = 370.5 {DEGREE}
DP_DWELL_TIME
Dwell Time = 200 ns
AP_LINE_TIME
Line Time = 220 {MICRO}s
AP_STAGE_AT_X
Stage at X = 65.25 mm
AP_STAGE_AT_Y
Stage at Y = -1 {MICRO}m
AP_STAGE_AT_T
Stage at T =   0.5 {DEGREE}
SV_SERIAL_NUMBER
Serial No. = Merlin-1
AP_TIME
Time :11:41:13
AP_DATE
Date :10 Aug 2018
"""

FEI = """[User]
Date=12/14/2022
Time=01:53:39 PM
[System]
SystemType=Helios
Dnumber=D0521
[Beam]
Beam=EBeam
Scan=EScan
[EBeam]
HV=2000
WD=0.00409547
StigmatorX=-0.0130203
StigmatorY=0,33132
BeamCurrent=8.6e-011
ScanRotation=3.141592653589793
[Scan]
Dwelltime=9
PixelWidth=9
[EScan]
Dwell=3e-006
PixelWidth=2.5e-009
PixelHeight=2.5e-009
[Stage]
StageX=0.0113813
StageR=-1.5707963267948966
"""

MAIN = """Device=MIRA3\r
SerialNumber=117-0001\r
Date=2019-05-27\r
Time=14:23:11\r
PixelSizeX=5e-09\r
PixelSizeY=5e-09\r
"""
SEM = "HV=5000\r\nWD=0,0045\r\nStigmatorX=1.5\r\nDwellTime=1e-06\r\nScanRotation=12.5\r\nStageTilt=54.9\r\n"


def blocks(*pairs: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<IH", len(content) + 2, kind) + content for kind, content in pairs)


TESCAN = blocks((1, b"\xff\xd8jpeg"), (2, MAIN.encode()), (3, SEM.encode()), (0, b""))


def written(path: Path, tag: int, raw: bytes, kind: int = 2) -> Path:
    tifffile.imwrite(path, PICTURE, extratags=[(tag, kind, len(raw), raw, True)])
    return path


def sample(name: str) -> Path:
    if not (SAMPLES / name).exists():
        pytest.skip(f"no sample {name} beside the repository")
    return SAMPLES / name


# -- real files ----------------------------------------------------------------------------


def test_a_zeiss_file_tells_more_than_its_rounded_text() -> None:
    told = read_frame_metadata(sample("zeiss_merlin_se2_55nm.tif"))
    assert told is not None and told.vendor is Vendor.ZEISS and told.instrument == "Merlin-61-56"
    assert told.pixel_size_nm == pytest.approx(55.825) and told.wd_um == pytest.approx(7_734.964)
    assert (told.stig_x, told.stig_y, told.eht_kv) == (-2.3, -20.4, 8.0)
    assert told.probe_current_na == pytest.approx(0.69, abs=1e-4) and told.scan_rot_deg == 0.0
    assert told.stage.x_um == pytest.approx(65_440.2) and told.stage.rotation_deg == 15.7
    assert told.taken_at == datetime(2018, 8, 10, 11, 41, 13)
    assert told.dwell_ns is None  # it names 200 ns, at which its lines cannot last 14 ms


def test_a_frame_by_ions_is_told_as_one() -> None:
    told = read_frame_metadata(sample("thermo_helios_ionbeam_98nm.tif"))
    assert told is not None and told.vendor is Vendor.THERMO and told.beam is Beam.IONS
    assert told.pixel_size_nm == pytest.approx(97.6562) and told.wd_um == pytest.approx(16_500.0)
    assert told.eht_kv == pytest.approx(30.0) and told.dwell_ns == pytest.approx(1_000.0)
    assert told.stage.tilt_deg == pytest.approx(31.998, abs=1e-3)
    assert told.stage.z_um == pytest.approx(3_910.76)
    assert told.taken_at == datetime(2022, 12, 14, 13, 53, 39)


def test_a_file_without_a_header_tells_nothing() -> None:
    assert read_frame_metadata(sample("fibsemos_no_vendor_tag.tif")) is None


@pytest.mark.parametrize(
    ("name", "pixel_um"),
    [("zeiss_merlin_se2_55nm.tif", 0.055825), ("thermo_helios_ionbeam_98nm.tif", 0.0976562)],
)
def test_the_scale_of_a_picture_is_believed(name: str, pixel_um: float) -> None:
    assert read_source(sample(name)).pixel_um == pytest.approx(pixel_um)


# -- invented headers ----------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_smartsem_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    told = read_frame_metadata(written(tmp_path / "a.tif", smartsem.TAG, SMARTSEM.encode(encoding)))
    assert told == FrameMetadata(
        Vendor.ZEISS,
        instrument="Merlin-1",
        beam=Beam.ELECTRONS,
        taken_at=datetime(2018, 8, 10, 11, 41, 13),
        pixel_width_nm=pytest.approx(10.0037),
        pixel_height_nm=pytest.approx(10.0037),
        wd_um=pytest.approx(4_512.345),
        stig_x=-2.3,
        stig_y=0.75,
        dwell_ns=pytest.approx(200.0),
        scan_rot_deg=pytest.approx(10.5),
        eht_kv=pytest.approx(1.5),
        probe_current_na=pytest.approx(1.8004),
        stage=StagePose(pytest.approx(65_250.0), pytest.approx(-1.0), None, 0.5, None),
    )


def test_plain_numbers_that_contradict_the_text_are_not_believed() -> None:
    told = smartsem.metadata_of(SMARTSEM.replace("1.00037e-08", "2.0e-08").encode(), 1024)
    assert told is not None and told.pixel_size_nm == pytest.approx(10.0)


def test_the_plain_pixel_is_one_of_1024_across_the_picture() -> None:
    header = SMARTSEM.replace("Pixel Size = 10.00 nm", "Pixel Size = 5.00 nm")
    told = smartsem.metadata_of(header.encode(), 2048)
    assert told is not None and told.pixel_size_nm == pytest.approx(10.0037 / 2)
    older = SMARTSEM.replace("AP_IMAGE_PIXEL_SIZE", "AP_PIXEL_SIZE")  # the screen's, not the picture's
    told = smartsem.metadata_of(older.encode(), 2048)
    assert told is not None and told.pixel_size_nm == pytest.approx(10.0037 / 2)


def test_the_electron_column_says_nothing_of_a_frame_by_ions() -> None:
    told = smartsem.metadata_of((SMARTSEM + "DP_FIB_IMAGING\nFIB Imaging = FIB\n").encode(), 1024)
    assert told is not None and told.beam is Beam.IONS
    assert told.wd_um is None and told.eht_kv is None and told.pixel_size_nm is not None


@pytest.mark.parametrize("tag", fei.TAGS)
def test_fei_in_si_units_and_radians(tmp_path: Path, tag: int) -> None:
    told = read_frame_metadata(written(tmp_path / "a.tif", tag, FEI.encode()))
    assert told is not None and told.beam is Beam.ELECTRONS and told.instrument == "Helios D0521"
    assert told.pixel_size_nm == pytest.approx(2.5) and told.dwell_ns == pytest.approx(3_000.0)
    assert (told.wd_um, told.eht_kv) == (pytest.approx(4_095.47), pytest.approx(2.0))
    assert (told.stig_x, told.stig_y) == (-0.0130203, 0.33132)
    assert told.probe_current_na == pytest.approx(0.086) and told.scan_rot_deg == pytest.approx(180.0)
    assert told.stage == StagePose(x_um=pytest.approx(11_381.3), rotation_deg=pytest.approx(-90.0))
    assert told.taken_at == datetime(2022, 12, 14, 13, 53, 39)


def test_a_date_that_can_be_read_in_two_ways_is_none() -> None:
    told = fei.metadata_of(FEI.replace("12/14/2022", "10/09/2022").encode())
    assert told is not None and told.taken_at is None


def test_tescan_in_its_tag(tmp_path: Path) -> None:
    expect_tescan(read_frame_metadata(written(tmp_path / "a.tif", tescan.TAG, TESCAN, 1)))


@pytest.mark.parametrize("name", ["a.hdr", "a-tif.hdr"])
def test_tescan_beside_the_picture(tmp_path: Path, name: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PICTURE)
    (tmp_path / name).write_text(f"[MAIN]\n{MAIN}[SEM]\n{SEM}", encoding="utf-8", newline="")
    expect_tescan(read_frame_metadata(tmp_path / "a.tif"))


def expect_tescan(told: FrameMetadata | None) -> None:
    assert told is not None and told.vendor is Vendor.TESCAN and told.instrument == "MIRA3 117-0001"
    assert told.beam is Beam.ELECTRONS and told.taken_at == datetime(2019, 5, 27, 14, 23, 11)
    assert told.pixel_size_nm == pytest.approx(5.0) and told.wd_um == pytest.approx(4_500.0)
    assert told.eht_kv == pytest.approx(5.0) and told.dwell_ns == pytest.approx(1_000.0)
    assert (told.stig_x, told.stig_y, told.scan_rot_deg) == (1.5, None, 12.5)
    assert told.stage == StagePose(tilt_deg=54.9)


def test_where_two_beams_are_told_neither_is_believed() -> None:
    told = tescan.metadata_of_tag(blocks((2, MAIN.encode()), (3, SEM.encode()), (5, b"HV=30000\n")))
    assert told is not None and told.beam is None and told.eht_kv is None


def test_pixels_that_are_no_squares_have_no_size_and_make_no_overview(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", fei.TAGS[1], FEI.replace("Height=2.5e", "Height=5e").encode())
    told = read_frame_metadata(path)
    assert told is not None and told.pixel_size_nm is None
    with pytest.raises(UnreadablePicture, match="no squares"):
        read_source(path)


# -- numbers and units ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "metres"),
    [
        ("7.7 mm", 7.7e-3),
        ("7,7 mm", 7.7e-3),
        (f"55.8 {MICRO}m", 55.8e-6),
        ("55.8 \N{GREEK SMALL LETTER MU}m", 55.8e-6),
        ("55.8 um", 55.8e-6),
        ("55.82 nm", 55.82e-9),
        ("850 pm", 850e-12),
        ("2 m", 2.0),
    ],
)
def test_lengths_in_all_units(said: str, metres: float) -> None:
    told = text.quantity(said, "m")
    assert told is not None and told.value == pytest.approx(metres)


@pytest.mark.parametrize(
    "said",
    ["", "7.7", "7.7 kV", "mm", "1.024,5 mm", "nan mm", "7.7 xm", "7.7 mm x", "0e999 mm", "1e999 mm"],
)
def test_what_is_no_length_is_none(said: str) -> None:
    assert text.quantity(said, "m") is None


@given(st.floats(-1e9, 1e9))
def test_numbers_come_back(value: float) -> None:
    assert text.number(repr(value)) == value
    assert text.number(repr(value).replace(".", ",")) == value


# -- damage --------------------------------------------------------------------------------

READERS: dict[str, tuple[Callable[[bytes], FrameMetadata | None], bytes]] = {
    "smartsem": (lambda raw: smartsem.metadata_of(raw, 1024), SMARTSEM.encode("cp1252")),
    "fei": (fei.metadata_of, FEI.encode()),
    "tescan": (tescan.metadata_of_tag, TESCAN),
    "tescan ini": (tescan.metadata_of_ini, f"[MAIN]\n{MAIN}[SEM]\n{SEM}".encode()),
}


def damaged(rng: random.Random, raw: bytes) -> bytes:
    """Cut off, with some bytes changed, and a piece of it somewhere else."""
    spoilt = bytearray(raw[: rng.randint(len(raw) // 2, len(raw))])
    for byte in rng.randbytes(rng.randint(1, 11)):
        spoilt[rng.randrange(len(spoilt))] = byte
    begin, end = sorted((rng.randrange(len(spoilt)), rng.randrange(len(spoilt))))
    at = rng.randrange(len(spoilt))
    return bytes(spoilt[:at] + spoilt[begin:end][:64] + spoilt[at:])


@pytest.mark.parametrize("vendor", READERS)
def test_25_000_damaged_headers_never_crash_and_never_tell_nonsense(vendor: str) -> None:
    read, raw = READERS[vendor]
    rng = random.Random(7)
    n_told = 0
    for _ in range(25_000):
        told = read(damaged(rng, raw))
        if told is None:
            continue
        n_told += 1
        for length in (told.pixel_width_nm, told.pixel_height_nm, told.dwell_ns):
            assert length is None or 0 < length < float("inf")
    assert n_told > 1_000  # damage that leaves something to read


def test_damaged_files_end_in_one_error(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.tif", fei.TAGS[1], FEI.encode()).read_bytes()
    rng = random.Random(8)
    path = tmp_path / "b.tif"
    for _ in range(500):
        path.write_bytes(damaged(rng, whole))
        try:
            read_frame_metadata(path)
        except UnreadableTiff as error:
            assert str(error).startswith("b.tif is no TIFF that can be read")


def test_a_file_in_memory_has_nothing_beside_it() -> None:
    memory = io.BytesIO()
    tifffile.imwrite(memory, PICTURE)
    memory.seek(0)
    with tifffile.TiffFile(memory) as file:
        assert frame_metadata(file) is None
