"""What training keeps on disk so that it can go on after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.weights import Weights, WeightsError, load_into

ADVICE = "Train on as it was begun, or remove it to begin anew."
MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class Progress:
    """A network under training: its optimizer, its running mean, and how far it is.

    ``settings`` are those of the training, as plain data: a checkpoint made with others is refused.
    """

    def __init__(
        self,
        network: nn.Module,
        mean: nn.Module,
        optimizer: torch.optim.Optimizer,
        settings: dict[str, Any],
    ) -> None:
        self.network, self.mean, self.optimizer, self.settings = network, mean, optimizer, settings
        self.step, self.elapsed_s = 0, 0.0

    def save(self, path: Path, architecture: str) -> None:
        """Write everything needed to go on."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.state_dict().items()}
        for name, parameter in self._changing():
            state = self.optimizer.state[parameter]
            tensors |= {f"optimizer.{moment}.{name}": state[moment] for moment in MOMENTS}
        card = {"step": self.step, "elapsed_s": self.elapsed_s, "settings": self.settings}
        Weights(architecture, {name: t.cpu() for name, t in tensors.items()}, card).save(path)

    def load(self, path: Path, architecture: str) -> None:
        """Go on from a file.

        Raises:
            WeightsError: the file is damaged, or of another network or other settings.
        """
        saved = Weights.load(path, architecture)
        begun = saved.card.get("settings")
        if not isinstance(begun, dict):
            raise WeightsError(path, "weights, but not a checkpoint of a training", ADVICE)
        for key in sorted(self.settings.keys() | begun.keys()):
            then, now = begun.get(key), self.settings.get(key)
            if then != now:
                raise WeightsError(path, f"begun with {key} {then}, not {now}", ADVICE)
        try:
            self._take(saved, path)
        except (KeyError, TypeError) as error:
            raise WeightsError(path, "weights, but not a checkpoint of a training", ADVICE) from error

    def _take(self, saved: Weights, path: Path) -> None:
        for prefix, network in (("network.", self.network), ("mean.", self.mean)):
            load_into(network, Weights(saved.architecture, _under(prefix, saved.tensors), {}), path)
        for name, parameter in self._changing():
            moments = {moment: saved.tensors[f"optimizer.{moment}.{name}"] for moment in MOMENTS}
            # the count of steps stays on the CPU, as the optimizer itself keeps it
            self.optimizer.state[parameter] = {
                moment: tensor if moment == "step" else tensor.to(parameter.device)
                for moment, tensor in moments.items()
            }
        self.step, self.elapsed_s = int(saved.card["step"]), float(saved.card["elapsed_s"])

    def _changing(self) -> list[tuple[str, nn.Parameter]]:
        return [(name, p) for name, p in self.network.named_parameters() if p.requires_grad]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
