"""What training keeps on disk so that it can go on after an interruption."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.weights import Weights, load_into

MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class Progress:
    """A network under training: its optimizer, its running mean, and how far it is."""

    def __init__(self, network: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.network, self.mean, self.optimizer = network, mean, optimizer
        self.step, self.elapsed_s = 0, 0.0

    def save(self, path: Path, architecture: str, rng: torch.Generator) -> None:
        """Write everything needed to go on."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            state = self.optimizer.state[parameter]
            tensors |= {f"optimizer.{moment}.{name}": state[moment] for moment in MOMENTS}
        tensors["rng"] = rng.get_state()
        Weights(architecture, tensors, {"step": self.step, "elapsed_s": self.elapsed_s}).save(path)

    def load(self, path: Path, architecture: str, rng: torch.Generator) -> None:
        """Go on from a file.

        Raises:
            WeightsError: the file is damaged or of another network.
        """
        saved = Weights.load(path, architecture)
        for prefix, network in (("network.", self.network), ("mean.", self.mean)):
            load_into(network, Weights(architecture, _under(prefix, saved.tensors), {}), path)
        for name, parameter in self.network.named_parameters():
            self.optimizer.state[parameter] = {
                moment: saved.tensors[f"optimizer.{moment}.{name}"] for moment in MOMENTS
            }
        rng.set_state(saved.tensors["rng"])
        self.step, self.elapsed_s = int(saved.card["step"]), float(saved.card["elapsed_s"])


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
