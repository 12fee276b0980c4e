"""Files of weights: what is shipped, and what must be refused."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.deepfocus import DeepFocus
from models.deepscore import DeepScore
from models.networks import PairPolarNet
from models.weights import SHIPPED, Weights, WeightsError

GOOD = SHIPPED / "deepfocus.safetensors"


@pytest.mark.parametrize("name", ["deepfocus", "deepscore"])
def test_shipped_weights_are_small_and_have_a_model_card(name):
    assert (SHIPPED / f"{name}.safetensors").stat().st_size < 5_000_000
    card = (SHIPPED / f"{name}.md").read_text(encoding="utf-8")
    assert "scopeacq train" in card and "held-out" in card.lower()


def good() -> Weights:
    return Weights.load(GOOD, PairPolarNet.architecture)


def test_round_trip_keeps_everything(tmp_path: Path):
    path = tmp_path / "copy.safetensors"
    good().save(path)
    copy = Weights.load(path, PairPolarNet.architecture)
    assert copy.card == good().card
    assert all(torch.equal(t, good().tensors[name]) for name, t in copy.tensors.items())


def refused(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        DeepFocus.load(path)
    message = str(caught.value)
    assert str(path) in message and "train anew" in message and "\n" not in message
    return message


def test_missing_file(tmp_path: Path):
    assert "no such file" in refused(tmp_path / "nowhere.safetensors")
    assert "no such file" in refused(tmp_path)


@pytest.mark.parametrize("kept", [0, 4, 100, 100_000])
def test_truncated_file(tmp_path: Path, kept: int):
    path = tmp_path / "short.safetensors"
    path.write_bytes(GOOD.read_bytes()[:kept])
    assert "not a whole safetensors file" in refused(path)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 not weights",
        pickle.dumps(Bomb()),
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 60_000) + b"[" * 60_000,
        struct.pack("<Q", 77)
        + json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}})
        .encode()
        .ljust(77),
    ],
)
def test_file_of_another_kind(tmp_path: Path, content: bytes):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(content)
    assert "not a whole safetensors file" in refused(path)


def test_damaged_content(tmp_path: Path):
    path = tmp_path / "flipped.safetensors"
    content = bytearray(GOOD.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    assert "damaged" in refused(path)


def test_safetensors_of_somebody_else(tmp_path: Path):
    path = tmp_path / "other.safetensors"
    save_file({"w": torch.zeros(3)}, path)
    assert "not written by scopeacq" in refused(path)


@pytest.mark.parametrize("card", ["{", "[" * 100_000, "[]", "{}", '{"calibration": {"spread": NaN}}'])
def test_card_that_is_no_card(tmp_path: Path, card: str):
    path = tmp_path / "card.safetensors"
    rewritten(path, card=card)
    refused(path)


def rewritten(path: Path, **metadata: str) -> None:
    """The shipped weights with other metadata."""
    from safetensors import safe_open

    with safe_open(GOOD, framework="pt") as file:
        save_file(good().tensors, path, {**(file.metadata() or {}), **metadata})


def test_other_version(tmp_path: Path):
    path = tmp_path / "future.safetensors"
    rewritten(path, version="99")
    assert "version '99'" in refused(path)


def test_weights_of_another_network():
    with pytest.raises(WeightsError, match="weights of 'pair-polar"):
        DeepScore.load(GOOD)


def changed_tensor(path: Path, name: str, tensor: torch.Tensor | None) -> None:
    weights = good()
    tensors = {k: t for k, t in weights.tensors.items() if k != name}
    if tensor is not None:
        tensors[name] = tensor
    Weights(weights.architecture, tensors, weights.card).save(path)


@pytest.mark.parametrize(
    ("tensor", "complaint"),
    [
        (None, "missing or unknown"),
        (torch.zeros(7), "not (2,)"),
        (torch.zeros(2, dtype=torch.float64), "torch.float64"),
        (torch.full((2,), float("nan")), "not finite"),
    ],
)
def test_tensor_that_does_not_fit(tmp_path: Path, tensor: torch.Tensor | None, complaint: str):
    path = tmp_path / "tensor.safetensors"
    changed_tensor(path, "head.2.bias", tensor)
    assert complaint in refused(path)
