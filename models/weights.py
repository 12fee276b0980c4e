"""Weights on disk: safetensors with a description, checked before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import xxhash
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

FORMAT = "scopeacq-weights"
VERSION = 1
LARGEST_BYTES = 512 * 1024 * 1024
SHIPPED = Path(__file__).parent / "weights"


TRAIN_ANEW = "Give another file of weights or train anew with `scopeacq train`."


class WeightsError(ValueError):
    """A file of weights cannot be used; says what, where and what to do."""

    def __init__(self, path: Path, what: str, advice: str = TRAIN_ANEW) -> None:
        super().__init__(f"{path}: {what}. {advice}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors of one network and its card: architecture, training and calibration as plain data."""

    architecture: str
    tensors: dict[str, Tensor]
    card: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write the file under a temporary name, then put it in place."""
        metadata = {
            "format": FORMAT,
            "version": str(VERSION),
            "architecture": self.architecture,
            "digest": _digest(self.tensors),
            "card": json.dumps(self.card, sort_keys=True),
        }
        tensors = {name: t.detach().contiguous() for name, t in self.tensors.items()}
        partial = path.with_name(path.name + ".part")
        partial.write_bytes(save(tensors, metadata))
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, *architectures: str) -> Weights:
        """Read and check a file that holds one of the ``architectures``, or any where none is named.

        Raises:
            WeightsError: missing, damaged, of another kind or version.
        """
        if not path.is_file():
            raise WeightsError(path, "there is no such file of weights")
        if path.stat().st_size > LARGEST_BYTES:
            raise WeightsError(path, f"larger than {LARGEST_BYTES >> 20} MiB, which no weights of ours are")
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                card = cls._checked(path, metadata, architectures)
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise WeightsError(path, f"not a whole safetensors file ({error})") from error
        if metadata["digest"] != _digest(tensors):
            raise WeightsError(path, "damaged, its digest differs from its content")
        return cls(metadata["architecture"], tensors, card)

    @staticmethod
    def _checked(path: Path, metadata: dict[str, str], architectures: tuple[str, ...]) -> dict[str, Any]:
        if metadata.get("format") != FORMAT or "digest" not in metadata:
            raise WeightsError(path, "safetensors, but not written by scopeacq")
        if metadata.get("version") != str(VERSION):
            raise WeightsError(path, f"version {metadata.get('version')!r} of the format, not {VERSION}")
        if architectures and metadata.get("architecture") not in architectures:
            wanted = ", ".join(map(repr, architectures))
            raise WeightsError(path, f"weights of {metadata.get('architecture')!r}, not of {wanted}")
        try:
            card = json.loads(metadata.get("card", ""))
        except (json.JSONDecodeError, RecursionError) as error:
            raise WeightsError(path, f"its card is not JSON ({error})") from error
        if not isinstance(card, dict):
            raise WeightsError(path, "its card is not a table")
        return card


def load_into(network: torch.nn.Module, weights: Weights, path: Path) -> None:
    """Put the tensors into a network.

    Raises:
        WeightsError: a tensor is missing, too many, of another shape or type, or not finite.
    """
    expected = network.state_dict()
    if differing := sorted(expected.keys() ^ weights.tensors.keys()):
        raise WeightsError(path, f"tensor {differing[0]!r} is missing or unknown")
    for name, wanted in expected.items():
        got = weights.tensors[name]
        if got.shape != wanted.shape or got.dtype != wanted.dtype:
            raise WeightsError(
                path,
                f"tensor {name!r} is {tuple(got.shape)} {got.dtype}, "
                f"not {tuple(wanted.shape)} {wanted.dtype}",
            )
        if got.is_floating_point() and not bool(torch.isfinite(got).all()):
            raise WeightsError(path, f"tensor {name!r} holds values that are not finite")
    network.load_state_dict(weights.tensors)


def _digest(tensors: dict[str, Tensor]) -> str:
    """xxh3-128 over names, types, shapes and bytes."""
    state = xxhash.xxh3_128()
    for name in sorted(tensors):
        tensor = tensors[name].detach().contiguous()
        state.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        state.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return state.hexdigest()
