"""Training of a network on the optics of :mod:`hardware.optics`, shown in a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn

from hardware.optics import probe_otf
from models.training import TrainProgress, train
from models.weights import SHIPPED
from scopeacq.settings import SettingsError

NETWORKS = ("deepfocus", "deepscore")


def train_in_console(name: str, minutes: float, seed: int, out: Path | None) -> Path:
    """Train ``name`` for a time and write its weights, by default where the program looks for them.

    Raises ``SettingsError`` when there is no such network.
    """
    if name not in NETWORKS:
        raise SettingsError(Path(name), ["is no network of ours"], f"Choose one of {', '.join(NETWORKS)}.")
    target = out or SHIPPED / f"{name}.safetensors"
    columns = (SpinnerColumn(), *Progress.get_default_columns(), TextColumn("{task.fields[note]}"))
    with Progress(*columns) as bars:
        # without a total the bar pulses: specimens are made before the first step
        task = bars.add_task(f"Training {name}", total=None, note="making specimens")

        def tell(progress: TrainProgress) -> None:
            note = f"step {progress.step}, error {progress.error_um:.2f} um"
            bars.update(task, total=progress.total_s, completed=progress.elapsed_s, note=note)

        return train(name, otf=probe_otf, out=target, minutes=minutes, seed=seed, progress=tell)
