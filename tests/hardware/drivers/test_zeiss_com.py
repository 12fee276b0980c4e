"""The COM object through pywin32, which is replaced: variants of 4-byte floats, and what they become."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hardware.drivers.zeiss import DRIVER, ZeissSettings, assembled
from hardware.drivers.zeiss.dispatch import dispatch_of
from hardware.errors import ConnectionLost
from hardware.types import FrameSettings, Optics, StagePose
from tests.hardware.drivers.smartsem_rig import FRAME, NAME, Rig, smartsem_rig

VT_R4, VT_BSTR = 4, 8
PROGRAM_ID = "CZ.EMApiCtrl.1"


@dataclass
class Variant:
    """As pywin32's VARIANT: of a kind, and no more exact than that."""

    kind: int
    value: Any

    def __post_init__(self) -> None:
        if self.kind == VT_R4:
            self.value = float(np.float32(self.value))


class ComClass:
    """Methods by attribute, on the thread that made it; numbers come back as 4-byte floats."""

    def __init__(self, rig: Rig) -> None:
        self._server = rig.sem.object()
        self._thread = threading.get_ident()

    def __getattr__(self, method: str) -> Any:
        def call(*arguments: Any) -> object:
            assert threading.get_ident() == self._thread, "an object belongs to its apartment"
            if method in ("Get", "Set"):
                assert isinstance(arguments[1], Variant)
            plain = [a.value if isinstance(a, Variant) else a for a in arguments]
            answer = self._server.invoke(method, *plain)
            return tuple(map(_rounded, answer)) if isinstance(answer, tuple) else answer

        return call


def _rounded(value: object) -> object:
    return float(np.float32(value)) if isinstance(value, float) else value


@pytest.fixture
def initialised() -> list[int]:
    """Threads that are apartments now."""
    return []


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, initialised: list[int]) -> Iterator[Rig]:
    """Parts over pywin32, which finds the emulated SmartSEM in this process."""
    with smartsem_rig(tmp_path) as emulated:

        def dispatch(program_id: str) -> ComClass:
            if program_id != PROGRAM_ID:
                raise RuntimeError("(-2147221005, 'Invalid class string', None, None)")
            return ComClass(emulated)

        com = ModuleType("pythoncom")
        com.__dict__.update(
            VT_R4=VT_R4,
            VT_BSTR=VT_BSTR,
            CoInitialize=lambda: initialised.append(threading.get_ident()),
            CoUninitialize=lambda: initialised.remove(threading.get_ident()),
        )
        client = ModuleType("win32com.client")
        client.__dict__.update(VARIANT=Variant, Dispatch=dispatch)
        monkeypatch.setitem(sys.modules, "pythoncom", com)
        monkeypatch.setitem(sys.modules, "win32com", SimpleNamespace(client=client))
        monkeypatch.setitem(sys.modules, "win32com.client", client)
        yield emulated


def test_everything_works_with_numbers_of_4_bytes(rig: Rig, tmp_path: Path, initialised: list[int]) -> None:
    parts = assembled(dispatch_of(PROGRAM_ID, ""), rig.settings, rig.around.surroundings(NAME, tmp_path))
    assert parts.column and parts.stage and parts.scanner and parts.detector
    parts.column.set_optics(Optics(4_503.137_234_567, 1.234_567_89, -0.987_654_321))
    parts.column.set_beam_shift_um(3.333_333, -4.777_777)
    parts.detector.restore(parts.detector.state())
    parts.stage.move(StagePose(12_345.678_9, -23_456.789, 6_000.1, 3.333_333, 123.456_78)).wait(1e4)
    parts.column.unblank()
    frame = parts.scanner.acquire(FrameSettings(96, 64, 9.876_543_21, 100.0, 353.987_65))
    assert frame.image.shape == (64, 96)
    assert frame.settings.pixel_size_nm == pytest.approx(9.876_543_21, rel=1e-6)
    assert frame.settings.scan_rot_deg == pytest.approx(353.987_65, abs=1e-4)
    assert parts.scanner.acquire(FRAME).settings.pixel_size_nm == pytest.approx(10.0, rel=1e-6)
    assert len(initialised) == 2
    parts.close()
    assert initialised == []


def test_a_class_that_is_not_registered_is_told(rig: Rig, tmp_path: Path, initialised: list[int]) -> None:
    settings = ZeissSettings(program_id="CZ.Nobody.1")
    with pytest.raises(ConnectionLost, match="Invalid class string"):
        DRIVER.connect(settings, rig.around.surroundings(NAME, tmp_path))
    assert initialised == []


def test_the_microscope_of_this_computer_is_recognised(rig: Rig) -> None:
    found = DRIVER.recognise(PROGRAM_ID)
    assert found is not None and found.says == "Zeiss SmartSEM, Beam On"
    assert ZeissSettings.model_validate(found.settings) == ZeissSettings()


def test_without_pywin32_the_operator_reads_what_to_install(tmp_path: Path) -> None:
    with (
        smartsem_rig(tmp_path) as rig,
        pytest.raises(
            ConnectionLost, match=r"pywin32 is not installed.*\.venv\\Scripts\\pip install pywin32"
        ),
    ):
        DRIVER.connect(ZeissSettings(), rig.around.surroundings(NAME, tmp_path))
