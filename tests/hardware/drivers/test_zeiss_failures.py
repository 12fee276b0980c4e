"""Whatever call to SmartSEM fails, and however, within whichever call of ours: a typed error, no harm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.drivers.zeiss.codes import REFUSALS, REMOTE
from hardware.drivers.zeiss.dispatch import Value
from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError, NotReached, Refused
from hardware.types import DetectorState, Optics, StagePose
from tests.hardware.drivers.smartsem_rig import FRAME, PASS, Rig, Spoil, answering, smartsem_rig

OURS: dict[str, Callable[[Rig], object]] = {
    "optics": lambda rig: rig.column.optics(),
    "set_optics": lambda rig: rig.column.set_optics(Optics(4_510.0, 1.0, -1.5)),
    "beam_shift_um": lambda rig: rig.column.beam_shift_um(),
    "set_beam_shift_um": lambda rig: rig.column.set_beam_shift_um(2.0, -3.0),
    "column state": lambda rig: rig.column.state(),
    "blank": lambda rig: rig.column.blank(),
    "unblank": lambda rig: rig.column.unblank(),
    "EHT on": lambda rig: rig.column.set_eht(True),
    "EHT off": lambda rig: rig.column.set_eht(False),
    "set_valve": lambda rig: rig.column.set_valve(False),
    "specimen_current_na": lambda rig: rig.column.specimen_current_na(),
    "acquire": lambda rig: rig.scanner.acquire(replace(FRAME, scan_rot_deg=30.0, pixel_size_nm=8.0)),
    "abort": lambda rig: rig.scanner.abort(),
    "detector state": lambda rig: rig.detector.state(),
    "make_safe": lambda rig: rig.detector.make_safe(),
    "restore": lambda rig: rig.detector.restore(DetectorState(True, 62.5, 40.0)),
    "pose": lambda rig: rig.stage.pose(),
    "duration_s": lambda rig: rig.stage.duration_s(StagePose(z_um=6_000.0)),
    "move": lambda rig: rig.stage.move(StagePose(x_um=50.0)).wait(100.0),
    "stop": lambda rig: rig.stage.stop(),
    "pressure_mbar": lambda rig: rig.chamber.pressure_mbar(),
}

MAY_READ_OTHERWISE = (
    "DP_RUNUPSTATE",
    "DP_DETECTOR_CHANNEL",
    "DP_NOISE_REDUCTION",
    "DP_IMAGE_STORE",
    "DP_SCANRATE",
)
COMMANDS = ("Set", "Execute", "MoveStage", "Grab")
WAKES = ("Get", "DP_RUNUPSTATE", "")
BRING_TO_REST = ("blank", "stop", "abort")


class How(Enum):
    REFUSED = 1012
    BROKEN = "raises"
    NOTHING = None
    NO_CODE = "no code"
    NAN = (0, math.nan)
    NO_VALUE = (0, None)
    OTHER_WORD = (0, "?")

    def answer(self) -> object:
        if self is How.BROKEN:
            raise RuntimeError("(-2147023170, 'The remote procedure call failed.', None, None)")
        return self.value


@pytest.fixture(scope="module")
def one_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with smartsem_rig(tmp_path_factory.mktemp("rig"), collector_bias_v=300.0) as made:
        yield made


@pytest.fixture
def rig(one_rig: Rig) -> Rig:
    """One for all tests, and as new: beam on, stage at rest."""
    as_before(one_rig)
    return one_rig


def at(n: int, how: How) -> Spoil:
    """The n-th call fails; whatever follows does not."""
    count = iter(range(1_000_000))

    def spoil(_method: str, _arguments: tuple[Value, ...]) -> object:
        return how.answer() if next(count) == n else PASS

    return spoil


def as_before(rig: Rig) -> None:
    """The beam is on, the stage stands, and there is something to set for a frame."""
    rig.column.set_eht(True)
    rig.column.unblank()
    rig.around.link.call("stage.stop")
    rig.around.link.call("clock.sleep", {"duration_s": 1.0})
    scan = rig.sem.scan
    scan.store, scan.rate, scan.magnification = scan.machine.stores[0], 0, 1_000.0
    scan.rotation_deg, scan.rotation_on = 0.0, False


def calls_of(rig: Rig, ours: Callable[[Rig], object]) -> list[tuple[Value, ...]]:
    """The calls to SmartSEM that ours makes where nothing fails."""
    rig.tampering.calls.clear()
    ours(rig)
    return list(rig.tampering.calls)


@pytest.mark.parametrize("how", How, ids=lambda how: how.name.lower())
@pytest.mark.parametrize("ours", OURS)
def test_each_call_that_fails_ends_as_a_typed_error_or_is_asked_again(
    rig: Rig, ours: str, how: How
) -> None:
    n_calls = len(calls_of(rig, OURS[ours]))
    for n in range(n_calls):
        as_before(rig)
        rig.tampering.calls.clear()
        error = _failure(rig, ours, at(n, how))
        if error is None:
            _was_no_failure(ours, rig.tampering.calls[n], how)
        else:
            assert error.device.startswith("merlin") and error.what and error.advice
            assert "\n" not in str(error)
        _no_command_was_sent_twice(rig.tampering.calls, n)
        assert rig.sem.scan.frozen()
    as_before(rig)
    OURS[ours](rig)  # and it works again


def _failure(rig: Rig, ours: str, spoil: Spoil) -> HardwareError | None:
    with rig.spoilt(spoil):
        try:
            OURS[ours](rig)
        except HardwareError as error:
            return error
    return None


def _was_no_failure(ours: str, call: tuple[Value, ...], how: How) -> None:
    """What ends well was a query that was asked again, or a command, of which only the code counts.

    Any word may stand between EHT off and on, and what reads otherwise than wanted is set. What is asked
    before something is brought to rest must not keep it from that.
    """
    if call == WAKES and ours in BRING_TO_REST:
        return
    asked_again = how is How.BROKEN and call[0] not in COMMANDS
    done = how in (How.NAN, How.NO_VALUE, How.OTHER_WORD) and call[0] in COMMANDS
    assert asked_again or done or (how is How.OTHER_WORD and call[1] in MAY_READ_OTHERWISE), (call, how)


def _no_command_was_sent_twice(calls: list[tuple[Value, ...]], n: int) -> None:
    spoilt = calls[n]
    if spoilt[0] in ("MoveStage", "Grab") or spoilt[:2] in (("Set", "AP_WD"), ("Execute", "CMD_BEAM_ON")):
        assert calls.count(spoilt) == 1


HANGS = [
    ("optics", "Get"),
    ("set_optics", "Set"),
    ("EHT on", "Execute"),
    ("pose", "GetStagePosition"),
    ("move", "MoveStage"),
    ("acquire", "Grab"),
    ("blank", "Set"),
    ("stop", "Execute"),
    ("abort", "Execute"),
]


@pytest.mark.parametrize(("ours", "method"), HANGS)
def test_a_call_that_hangs_has_a_deadline(tmp_path: Path, ours: str, method: str) -> None:
    with smartsem_rig(tmp_path, answer_s=0.3, urgent_answer_s=0.3, grab_s=0.3) as rig:
        rig.column.unblank()
        hangs = rig.tampering.hanging(method)
        with rig.spoilt(hangs), pytest.raises(Deadline, match=f"'{method}.* no answer within 0.3 s"):
            OURS[ours](rig)


WRONG_READ_BACKS: list[tuple[str, tuple[Value, ...], object, type[HardwareError]]] = [
    ("set_optics", ("Get", "AP_WD"), 4.6e-3, NotReached),
    ("set_optics", ("Get", "AP_STIG_X"), 1.1, NotReached),
    ("set_optics", ("Get", "AP_STIG_Y"), -1.4, NotReached),
    ("set_beam_shift_um", ("Get", "AP_BEAMSHIFT_X"), 0.0, NotReached),
    ("set_beam_shift_um", ("Get", "AP_BEAMSHIFT_Y"), 0.0, NotReached),
    ("blank", ("Get", "DP_BEAM_BLANKING"), "Off", Refused),
    ("blank", ("Get", "DP_BEAM_BLANKED"), "No", Refused),
    ("unblank", ("Get", "DP_BEAM_BLANKING"), "On", Refused),
    ("specimen_current_na", ("Get", "DP_SCM"), "Off", Refused),
    ("restore", ("Get", "AP_CONTRAST"), 10.0, NotReached),
    ("restore", ("Get", "AP_BRIGHTNESS"), 10.0, NotReached),
    ("restore", ("Get", "AP_COLLECTOR_BIAS"), 0.0, NotReached),
    ("restore", ("Get", "DP_SCINT"), "Off", Refused),
    ("make_safe", ("Get", "DP_SCINT"), "On", Refused),
    ("make_safe", ("Get", "AP_COLLECTOR_BIAS"), 300.0, NotReached),
    ("move", ("GetStagePosition",), (0.0, 0.0, 0.02, 0.0, 0.0, 0.0), NotReached),
]


@pytest.mark.parametrize(("ours", "call", "value", "kind"), WRONG_READ_BACKS)
def test_what_reads_back_otherwise_is_told(
    rig: Rig, ours: str, call: tuple[Value, ...], value: object, kind: type[HardwareError]
) -> None:
    said = (0, *value) if isinstance(value, tuple) else (0, value)
    with rig.spoilt(answering(said, *call)), pytest.raises(kind):
        OURS[ours](rig)


@pytest.mark.parametrize("code", [*REFUSALS, *REMOTE, 4_711])
def test_every_code_is_told_with_the_parameter_and_the_reason(rig: Rig, code: int) -> None:
    with rig.spoilt(answering(code, "Get", "AP_WD")), pytest.raises(HardwareError) as error:
        rig.column.optics()
    assert type(error.value) is (ConnectionLost if code in REMOTE else Refused)
    assert "AP_WD" in error.value.what and str(code) in error.value.what
    assert REFUSALS.get(code, REMOTE.get(code, "does not say why")) in error.value.what


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3_000) | st.floats() | st.text(max_size=9) | st.binary(),
    lambda inner: st.lists(inner, max_size=7).map(tuple) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(answer=ANYTHING)
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_answered_is_a_value_or_a_typed_error(one_rig: Rig, answer: object) -> None:
    asked: list[Callable[[], object]] = [
        one_rig.column.optics,
        one_rig.column.state,
        one_rig.stage.pose,
        one_rig.chamber.pressure_mbar,
        one_rig.detector.make_safe,
    ]
    with one_rig.spoilt(lambda _method, _arguments: answer):
        for ask in asked:
            with suppress(HardwareError):
                ask()


@pytest.mark.parametrize("limits", [(0, 2.0, 1.0), (0, 1.0), (0, None, 1.0), (0, "low", "high")])
def test_limits_that_make_no_sense_connect_nothing(tmp_path: Path, rig: Rig, limits: object) -> None:
    from hardware.drivers.zeiss import assembled

    around = rig.around.surroundings("merlin", tmp_path)
    with rig.spoilt(answering(limits, "GetLimits", "AP_WD")), pytest.raises(Garbled):
        assembled(rig.tampering.dispatch, rig.settings, around)
