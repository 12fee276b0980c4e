"""SharkSEM as bytes: the driver's codec against the emulator's, and against anything at all."""

from __future__ import annotations

import math
from contextlib import suppress
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.drivers.tescan.message import (
    BLOCK,
    HEADER,
    Block,
    Body,
    block,
    header,
    numbered,
    request,
    response_to,
    several,
)
from hardware.drivers.tescan.units import exact, from_mm, to_mm
from hardware.emulators.sharksem import wire

N_FUZZED = 100_000
NAMES = st.from_regex(r"[A-Za-z0-9]{1,15}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))


@given(NAMES, st.integers(0, 2**32 - 1), st.integers(-(2**31), 2**31 - 1), NUMBERS)
def test_the_microscope_reads_what_the_driver_asks(name: str, number: int, whole: int, real: float) -> None:
    sent = request(name, number, whole, exact(real))
    assert wire.framed(bytearray(sent)) == len(sent) and len(sent) % 4 == 0
    asked = wire.call(sent)
    assert (asked.name, asked.number, asked.wants_response) == (name, number, True)
    assert asked.arguments.integer() == whole and float(asked.arguments.number()) == real


@given(NAMES, st.integers(0, 2**32 - 1), st.integers(-(2**31), 2**31 - 1), NUMBERS, TEXTS)
def test_the_driver_reads_what_the_microscope_answers(
    name: str, number: int, whole: int, real: float, text: str
) -> None:
    answer = wire.response(wire.call(request(name, number)), (whole, wire.plain(real), text))
    assert response_to(name, number)(bytearray(answer)) == len(answer)
    body = Body(answer)
    assert body.integer() == whole and float(body.real()) == real and body.text() == text


@given(st.integers(0, 40), st.integers(0, 2**31 - 1), st.sampled_from([8, 16]))
def test_pieces_of_images_say_where_they_belong(n_bytes: int, first: int, bits: int) -> None:
    message = wire.before_pixels(7, 1, first, bits, n_bytes)
    assert block(message[HEADER.size :]) == Block(7, 1, first, bits, n_bytes)
    assert 0 <= header(message).body_bytes - BLOCK.size - n_bytes < 4


@given(NUMBERS)
def test_no_digit_is_lost_between_units(um: float) -> None:
    assert from_mm(Decimal(str(to_mm(um)))) == um
    assert to_mm(np.float64(um)) == to_mm(um)


def test_an_answer_to_another_question_is_none() -> None:
    answer = bytearray(wire.response(wire.call(request("GetWD", 1)), (Decimal(1),)))
    for name, number in (("GetViewField", 1), ("GetWD", 2)):
        with pytest.raises(ValueError, match="instead"):
            response_to(name, number)(answer)
    assert response_to("GetWD", 1)(answer[:39]) is None and response_to("GetWD", 1)(answer[:10]) is None


@pytest.mark.parametrize("text", ["", "nan", "inf", "1_000", "1e", "0x10", "1,5", "1e99999", "1e301", "١"])
def test_what_is_no_number_is_refused(text: str) -> None:
    answer = wire.response(wire.call(request("GetWD", 1)), (text,))
    with pytest.raises(ValueError, match=r".+"):
        Body(answer).real()


@pytest.mark.parametrize("text", ["3.1415e-3", " 4.5", "+.5", "7.", "-0", "1E+2"])
def test_numbers_are_written_as_c_reads_them(text: str) -> None:
    answer = wire.response(wire.call(request("GetWD", 1)), (text,))
    assert float(Body(answer).real()) == float(text)


def test_maps_are_read_and_what_is_unknown_is_ignored() -> None:
    text = (
        "det.0.name=SE\ndet.0.detector=3\nnonsense\ndet.x.name=?\nspeed.1.dwell=0.1\ndet.12.name= BSE = 2\n"
    )
    assert numbered(text, "det") == {0: {"name": "SE", "detector": "3"}, 12: {"name": "BSE = 2"}}
    assert numbered(text, "speed") == {1: {"dwell": "0.1"}} and numbered("", "det") == {}


def test_anything_at_all_is_read_or_refused() -> None:
    """Neither hangs nor raises anything but ``ValueError``: random bytes, and messages with wrong ones."""
    rng = np.random.default_rng(7)
    good = wire.response(wire.call(request("StgGetPosition", 5)), (3, Decimal("4.5"), "det.0.name=SE\n"))
    framed = response_to("StgGetPosition", 5)
    for _ in range(N_FUZZED):
        data = _spoilt(good, rng) if rng.random() < 0.7 else rng.bytes(int(rng.integers(0, 90)))
        with suppress(ValueError):
            length = framed(bytearray(data))
            assert length is None or HEADER.size <= length <= len(data)
        with suppress(ValueError):
            header(data)
        with suppress(ValueError):
            block(data)
        body = Body(data)
        with suppress(ValueError):
            body.integer()
            assert all(math.isfinite(float(value)) for value in several(1, body.real))
            numbered(body.text(), "det")


def _spoilt(message: bytes, rng: np.random.Generator) -> bytes:
    """With up to three bytes changed, and cut off at times."""
    data = bytearray(message)
    for at in rng.integers(0, len(data), int(rng.integers(1, 4))):
        data[at] = int(rng.integers(0, 256))
    return bytes(data[: int(rng.integers(0, len(data) + 1))] if rng.random() < 0.3 else data)
