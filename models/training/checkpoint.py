"""What training keeps on disk so that it can go on after an interruption."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.weights import Weights, WeightsError, load_into

MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class Progress:
    """A network under training: its optimizer, its running mean, and how far it is."""

    def __init__(
        self, network: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer, seed: int
    ) -> None:
        self.network, self.mean, self.optimizer, self.seed = network, mean, optimizer, seed
        self.step, self.elapsed_s = 0, 0.0

    def save(self, path: Path, architecture: str, rng: torch.Generator) -> None:
        """Write everything needed to go on."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            state = self.optimizer.state[parameter]
            tensors |= {f"optimizer.{moment}.{name}": state[moment] for moment in MOMENTS}
        tensors["rng"] = rng.get_state()
        card = {"step": self.step, "elapsed_s": self.elapsed_s, "seed": self.seed}
        Weights(architecture, tensors, card).save(path)

    def load(self, path: Path, architecture: str, rng: torch.Generator) -> None:
        """Go on from a file.

        Raises:
            WeightsError: the file is damaged, or of another network or seed.
        """
        saved = Weights.load(path, architecture)
        if saved.card.get("seed") != self.seed:
            raise WeightsError(path, f"begun with seed {saved.card.get('seed')}, not {self.seed}")
        try:
            self._take(saved, path)
            rng.set_state(saved.tensors["rng"])
        except (KeyError, TypeError) as error:
            raise WeightsError(path, "weights, but not a checkpoint of a training") from error

    def _take(self, saved: Weights, path: Path) -> None:
        for prefix, network in (("network.", self.network), ("mean.", self.mean)):
            load_into(network, Weights(saved.architecture, _under(prefix, saved.tensors), {}), path)
        for name, parameter in self.network.named_parameters():
            self.optimizer.state[parameter] = {
                moment: saved.tensors[f"optimizer.{moment}.{name}"] for moment in MOMENTS
            }
        self.step, self.elapsed_s = int(saved.card["step"]), float(saved.card["elapsed_s"])


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
