"""Pictures from elsewhere: their scale and place, mirrored ones, and refusals in a sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scopeacq.cli import run_command
from scopeacq.plan.geometry import Point
from scopeacq.plan.overview_import import ImportOrder, ImportReport, ScaleFrom, import_overview
from scopeacq.plan.overviews import Overview, add_overview, read_overviews
from scopeacq.plan.placement import Landmark, Placement
from scopeacq.plan.run_templates import template_named
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.pyramid_tiff import PyramidTiff, UnreadablePicture, pyramid_bytes
from scopeacq.storage.source_pictures import read_source
from scopeacq.telling.exit_codes import ExitCode

SIZE_PX = 400, 300


def picture(*channels: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 255, (300, 400, *channels), dtype=np.uint8)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    assert cv2.imwrite(str(path), picture())
    return path


def imported(folder: Path, source: Path, **order: Any) -> tuple[Overview, ImportReport]:
    return import_overview(ImportOrder(source, **order), folder / "overviews", DiskFiles())


def refusal(folder: Path, source: Path, **order: Any) -> str:
    with pytest.raises(SettingsError) as error:
        imported(folder, source, **order)
    assert not list(folder.glob("overviews/*"))
    return str(error.value)


def marks(true: Placement, *px: Point) -> tuple[Landmark, ...]:
    return tuple(Landmark(p, true.wafer_um(p)) for p in px)


CORNERS: tuple[Point, ...] = ((20.0, 30.0), (380.0, 40.0), (190.0, 280.0), (370.0, 270.0))

# -- scale ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "size"), [("\N{MICRO SIGN}m", 2.5), ("nm", 2500.0), ("mm", 0.0025)])
def test_an_ome_file_says_its_scale_in_any_unit(tmp_path: Path, unit: str, size: float) -> None:
    path = tmp_path / "a.ome.tif"
    told = {f"PhysicalSize{axis}": size for axis in "XY"} | {f"PhysicalSize{a}Unit": unit for a in "XY"}
    tifffile.imwrite(path, picture(), ome=True, metadata={"axes": "YX", **told})
    overview, report = imported(tmp_path, path)
    assert overview.placement.pixel_um == pytest.approx(2.5)
    assert report.scale_from is ScaleFrom.FILE
    assert overview.placement.wafer_um((199.5, 149.5)) == pytest.approx((0.0, 0.0))


def test_our_own_overviews_say_their_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(pyramid_bytes(picture(), 3.25))
    assert read_source(path).pixel_um == pytest.approx(3.25)


def test_an_imagej_file_says_its_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture(), imagej=True, resolution=(0.5, 0.5), metadata={"unit": "micron"})
    assert imported(tmp_path, path)[1].pixel_um == pytest.approx(2.0)


@pytest.mark.parametrize("unit", ["pixel", "inch"])
def test_what_only_seems_a_scale_is_none(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture(), imagej=True, resolution=(72.0, 72.0), metadata={"unit": unit})
    assert "does not say how large its pixels are" in refusal(tmp_path, path)


def test_oblong_pixels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    told = {"PhysicalSizeX": 1.0, "PhysicalSizeY": 1.5}
    tifffile.imwrite(path, picture(), ome=True, metadata={"axes": "YX", **told})
    assert "no squares but 1 x 1.5 um" in refusal(tmp_path, path)


def test_a_picture_without_a_scale_says_what_to_give(tmp_path: Path, png: Path) -> None:
    said = refusal(tmp_path, png)
    assert said == (
        f"{png}: the picture does not say how large its pixels are. "
        "Give --pixel-um, or at least 2 landmarks with --landmarks."
    )
    overview, report = imported(tmp_path, png, pixel_um=4.0)
    assert report.scale_from is ScaleFrom.OPERATOR and overview.placement.pixel_um == pytest.approx(4.0)
    assert (report.width_px, report.height_px) == SIZE_PX


def test_the_window_takes_the_scale_of_the_file_where_there_is_one(tmp_path: Path, png: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(pyramid_bytes(picture(), 3.25))
    for source, pixel_um, known in ((path, 3.25, True), (png, 2.0, False)):
        added = add_overview(source, tmp_path / "o", 800.0, DiskFiles())
        assert added.overview.placement.pixel_um == pytest.approx(pixel_um)
        assert added.scale_known is known


# -- CZI -----------------------------------------------------------------------------------


def czi_file(path: Path, pixels: NDArray[np.uint8], pixel_um: float | None, channels: int = 1) -> Path:
    czi = pytest.importorskip("pylibCZIrw.czi", reason="pylibCZIrw is not installed")
    with czi.create_czi(str(path)) as file:
        for channel in range(channels):
            file.write(data=pixels, plane={"T": 0, "Z": 0, "C": channel})
        if pixel_um is not None:
            file.write_metadata("wafer", scale_x=1e-6 * pixel_um, scale_y=1e-6 * pixel_um)
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_a_czi_file_is_read_with_its_scale(tmp_path: Path, channels: int) -> None:
    pixels = picture(channels)
    overview, report = imported(tmp_path, czi_file(tmp_path / "a.czi", pixels, 0.65))
    assert report.scale_from is ScaleFrom.FILE and report.pixel_um == pytest.approx(0.65)
    with PyramidTiff(overview.path) as kept:
        part = kept.part(0, 0, 0)
    np.testing.assert_array_equal(part, pixels[..., 0] if channels == 1 else pixels[..., ::-1])


def test_a_czi_file_of_several_channels_is_refused(tmp_path: Path) -> None:
    path = czi_file(tmp_path / "a.czi", picture(1), 0.65, channels=2)
    assert "a stack of 2 pictures; save one of them" in refusal(tmp_path, path)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 5000), st.binary(min_size=1, max_size=60), st.booleans())
def test_a_damaged_czi_file_is_refused_or_read(
    tmp_path: Path, begin: int, rubbish: bytes, cut: bool
) -> None:
    path = tmp_path / "a.czi"
    if not path.exists():
        czi_file(path, picture(1), 0.65)
    whole, damaged = path.read_bytes(), tmp_path / "b.czi"
    damaged.write_bytes(whole[:begin] + rubbish + (b"" if cut else whole[begin + len(rubbish) :]))
    try:
        read_source(damaged)
    except UnreadablePicture as error:
        assert "\n" not in str(error).strip()


# -- landmarks -----------------------------------------------------------------------------


@given(
    st.tuples(st.floats(-5e3, 5e3), st.floats(-5e3, 5e3)),
    st.floats(-180, 180),
    st.floats(0.5, 20),
    st.booleans(),
    st.sampled_from([3, 4]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_landmarks_place_a_picture_and_show_whether_it_is_mirrored(
    png: Path, at: Point, angle_deg: float, pixel_um: float, mirrored: bool, count: int
) -> None:
    true = Placement.centred(*SIZE_PX, pixel_um, at).turned(at, angle_deg)
    true = true.flipped(at) if mirrored else true
    overview, report = imported(png.parent, png, landmarks=marks(true, *CORNERS[:count]))
    for px in ((0.0, 0.0), (399.0, 299.0)):
        assert overview.placement.wafer_um(px) == pytest.approx(true.wafer_um(px), abs=1e-3)
    assert report.mirrored is mirrored and report.scale_from is ScaleFrom.LANDMARKS
    assert any("is mirrored" in note for note in report.notes) is mirrored
    assert report.worst_um is not None and report.worst_um < 1e-3


def test_two_landmarks_need_to_be_told_of_a_mirror(tmp_path: Path, png: Path) -> None:
    true = Placement.centred(*SIZE_PX, 2.0).flipped((0.0, 0.0))
    overview, report = imported(tmp_path, png, landmarks=marks(true, *CORNERS[:2]), mirrored=True)
    assert overview.placement.wafer_um((0.0, 0.0)) == pytest.approx(true.wafer_um((0.0, 0.0)))
    assert report.notes == (
        "Two landmarks cannot show whether the picture is mirrored; a third one would.",
    )


def test_a_picture_that_is_wrongly_called_mirrored_is_placed_as_it_is(tmp_path: Path, png: Path) -> None:
    true = Placement.centred(*SIZE_PX, 2.0)
    _, report = imported(tmp_path, png, landmarks=marks(true, *CORNERS), mirrored=True)
    assert not report.mirrored and "is not mirrored" in report.notes[0]


def test_a_mirrored_picture_is_mirrored_without_landmarks(tmp_path: Path, png: Path) -> None:
    overview, report = imported(tmp_path, png, pixel_um=2.0, mirrored=True)
    assert report.mirrored and overview.placement.mirrored


def test_a_scale_that_landmarks_contradict_is_told(tmp_path: Path, png: Path) -> None:
    true = Placement.centred(*SIZE_PX, 2.0)
    _, report = imported(tmp_path, png, pixel_um=1.0, landmarks=marks(true, *CORNERS))
    (note,) = report.notes
    assert "a pixel is 2 um wide, and was said to be 1 um" in note


@pytest.mark.parametrize(
    ("landmarks", "said"),
    [
        ([((5, 5), (0, 0)), ((5.2, 5), (900, 0))], "1 and 2 lie on one spot of the picture, 5,5"),
        (
            [((5, 5), (0, 0)), ((90, 5), (9, 0)), ((50, 80), (9, 0.1))],
            "2 and 3 lie on one spot of the wafer",
        ),
    ],
)
def test_two_landmarks_on_one_spot_are_refused(
    tmp_path: Path, png: Path, landmarks: list[tuple[Point, Point]], said: str
) -> None:
    text = refusal(tmp_path, png, landmarks=tuple(Landmark(*pair) for pair in landmarks))
    assert said in text and "choose them far apart" in text


def test_landmarks_on_a_line_are_refused(tmp_path: Path, png: Path) -> None:
    on_a_line = marks(Placement.centred(*SIZE_PX, 2.0), (0, 0), (100, 75), (200, 150), (399, 299))
    assert "lie on a line" in refusal(tmp_path, png, landmarks=on_a_line)


# -- the command ---------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return template_named("wafer").write(tmp_path / "w.scopeacq").folder.root


def test_the_command_imports_and_tells_as_json(
    run: Path, png: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = "20,30=-2000,1500  380,30=1600,1500 20,280=-2000,-1000"
    command = ["wafer", "import", str(run), str(png), "--landmarks", where, "--json"]
    assert run_command(command) == ExitCode.FINISHED
    told = json.loads(capsys.readouterr().out)
    assert told["pixel_um"] == pytest.approx(10.0) and told["scale_from"] == "the landmarks"
    assert not told["mirrored"] and told["landmarks"] == 3
    (overview,), _ = read_overviews(run / "overviews")
    assert overview.placement.wafer_um((20, 30)) == pytest.approx((-2000, 1500), abs=1e-6)
    assert run_command(["wafer", "import", str(run), str(png), "--pixel-um", "2"]) == ExitCode.FINISHED
    assert "photo-2.ome.tif: 400 x 300 px of 2 um (said the operator)." in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["1,2=3", "1,2=3,4,5", "a,b=c,d", "nan,1=2,3", "1e999,1=2,3", "1,2=3,4 rubbish", "١,2=3,4"]
)
def test_landmarks_that_cannot_be_read_are_refused(
    run: Path, png: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert run_command(["wafer", "import", str(run), str(png), "--landmarks", text]) == ExitCode.BAD_INPUT
    assert "is not" in capsys.readouterr().err
    assert not (run / "overviews").exists()


def test_the_command_refuses_in_a_sentence(
    run: Path, png: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file, said in ((png, "--pixel-um"), (tmp_path / "none.tif", "Choose a TIFF")):
        assert run_command(["wafer", "import", str(run), str(file)]) == ExitCode.BAD_INPUT
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told and len(told.strip().splitlines()) == 1


def test_a_wafer_is_seen_through_the_command(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = run / "project.toml"
    text = project.read_text().split("[overview]")
    small = text[1].replace("columns = 7", "columns = 2").replace("rows = 9", "rows = 1")
    small = small.replace("tile_width_px = 1024", "tile_width_px = 256")
    project.write_text(
        "[overview]".join((text[0], small.replace("tile_height_px = 768", "tile_height_px = 192")))
    )
    assert run_command(["wafer", "overview", str(run), "--json"]) == ExitCode.FINISHED
    told = json.loads(capsys.readouterr().out)
    assert (told["tiles"], told["taken_before"], told["picture"]) == (2, 0, "wafer.ome.tif")
    assert math.isclose(told["pixel_um"], 1.0)
    assert run_command(["wafer", "overview", str(run)]) == ExitCode.FINISHED
    assert "wafer-2.ome.tif: 2 tiles" in capsys.readouterr().out
