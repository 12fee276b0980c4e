"""From a ground truth to weights: what of it is learned from, and what judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibration.deepfocus.settings import DeepFocusSettings
from calibration.figures import Plot
from calibration.ground_truth.acquisition import Acquisition
from calibration.ground_truth.microscope import Microscope, Reading
from hardware.optics import probe_otf
from models.training.recalibrated import KnownPair, Recalibrated, Teaching, recalibrate
from models.training.recalibration import Look, Tuning
from scopeacq.telling.svg import Axes, Mark, Series

WEIGHTS = "deepfocus.safetensors"
HELD_OUT_EVERY = 4
"""Each so many-th place is kept back to judge by."""

FAR_OFF_UM = 4.0
"""A pair that contradicts all others by more is not learned from."""


@dataclass(frozen=True)
class Learning:
    """Trains weights from an acquisition."""

    acquisition: Acquisition
    settings: DeepFocusSettings
    microscope: Microscope

    @property
    def out(self) -> Path:
        """The file of the weights, beside what was measured."""
        return self.acquisition.bench.measurements.folder / WEIGHTS

    def learn(self, seed: int) -> Recalibrated:
        """Train and write the weights. Raises ``Halted``, ``WeightsError``, ``TrainingError``."""
        bench, looks = self.acquisition.bench, list[Look]()

        def seen(look: Look) -> None:
            looks.append(look)
            bench.tell(
                0.8, f"Step {look.step}: held-out places are read with a loss of {look.held_out:.3f}."
            )
            bench.show("loss", loss_figure(looks))

        tuning = Tuning(seed=seed, most_steps=self.settings.most_steps)
        return recalibrate(
            bench.plan.deepfocus_weights, self._teaching(), tuning, probe_otf, self.out, seen
        )

    def _teaching(self) -> Teaching:
        places = sorted(self.microscope.defocus_um)
        held_out = set(places[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY] or places[-1:])
        distances = abs(self.microscope.residuals_um).max(axis=1)
        readings = [
            r for r, off in zip(self.microscope.readings, distances, strict=True) if off < FAR_OFF_UM
        ]
        instrument = self.acquisition.bench.plan.instrument
        return Teaching(
            self._known([r for r in readings if r.taken.place not in held_out]),
            self._known([r for r in readings if r.taken.place in held_out]),
            f"pairs of {instrument.name} at {instrument.electron.eht_kv:g} kV, {len(places)} places, "
            f"aberrations up to {self.settings.reach_wd_um:g} um",
        )

    def _known(self, readings: Sequence[Reading]) -> list[KnownPair]:
        found = list[KnownPair]()
        for reading in readings:
            pair = self.acquisition.images(reading.taken)
            condition = replace(pair.condition, convergence_mrad=self.microscope.angle.mrad)
            truth_um = self.microscope.aberration_um(reading.taken.place, reading.offset)
            found.append(KnownPair(pair.plus, pair.minus, condition, truth_um))
        return found


def loss_figure(looks: Sequence[Look]) -> Plot:
    """Loss over steps, of the training and of places kept back."""
    training = [(float(look.step), look.training) for look in looks if look.step]
    held_out = [(float(look.step), look.held_out) for look in looks]
    return Plot(
        "Training of the last three layers",
        (
            Series("pairs learned from", training, Mark.LINE, 0),
            Series("places kept back", held_out, Mark.LINE, 1),
        ),
        Axes("step", "loss"),
    )
