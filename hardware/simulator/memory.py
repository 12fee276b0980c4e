"""Nature's memory on disk, so that a run can go on days later on the same wafer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hardware.errors import Refused
from hardware.simulator.config import TwinSettings
from hardware.simulator.mounted import Mounted
from hardware.simulator.nature import Nature
from hardware.types import DetectorState, Optics, Raster

Json = dict[str, Any]


def identity_of(settings: TwinSettings) -> Json:
    """What makes two twins the same wafer: their remembered states may be exchanged."""
    return {
        "seed": settings.seed,
        "specimen": settings.specimen.model_dump(mode="json", exclude={"coating_nm"}),
        "map": [settings.gun.map_pitch_um, settings.gun.map_edge_um],
    }


class Memory:
    """Where nature's state lies, and what of it has been saved."""

    def __init__(self, folder: Path) -> None:
        self._state, self._map = folder / "nature.json", folder / "milled.npz"
        self._saved_exposures = -1

    def last_instant_s(self) -> float:
        """The instrument's time at which nature left off; 0 for a new one."""
        return float(json.loads(self._state.read_text())["now_s"]) if self._state.exists() else 0.0

    def save(self, nature: Nature) -> None:
        """Write the state beside the old one, then exchange them. Call without the lock."""
        with nature.lock:
            nature.catch_up()
            state, n_exposures = state_of(nature), nature.mill.n_exposures
            charge = nature.mill.charge_uc_per_um2.copy()
        if n_exposures != self._saved_exposures:
            with _exchanged(self._map) as file:
                np.savez(file, charge_uc_per_um2=charge)
            self._saved_exposures = n_exposures
        with _exchanged(self._state) as file:
            file.write(json.dumps(state).encode())

    def recall(self, nature: Nature) -> None:
        """Take up what :meth:`save` left, if anything. Raises ``Refused`` when it is another wafer."""
        if not self._state.exists():
            return
        state = json.loads(self._state.read_text())
        if state["identity"] != identity_of(nature.settings):
            what = f"the folder {self._state.parent} holds another twin's wafer"
            raise Refused("simulator", what, "Use another folder, or the settings it was made with.")
        with np.load(self._map, allow_pickle=False) as arrays:
            nature.mill.charge_uc_per_um2 = arrays["charge_uc_per_um2"]
        take_up(nature, state)


@contextmanager
def _exchanged(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` when it is whole and synced."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def state_of(nature: Nature) -> Json:
    """Everything of a nature but its milled map, as JSON values. Call with its lock held."""
    now_s, stage, column = nature.now_s, nature.stage, nature.column
    return {
        "identity": identity_of(nature.settings),
        "now_s": now_s,
        "n_frames": nature.n_frames,
        "detector": asdict(nature.detector),
        "detector_health": nature.detector_health,
        "hv_on": nature.gun.hv_on,
        "raster": asdict(nature.raster),
        "irradiation": nature.irradiation.remember(),
        "pressure_mbar": nature.chamber.pressure_mbar,
        "mounted": asdict(nature.mounted),
        "faults": nature.faults.remember(),
        "stage": {
            "reported": stage.leg.reported(now_s).tolist(),
            "error": stage.leg.error(now_s).tolist(),
            "trip_error": stage.trip_error.tolist(),
            "backlash": stage.backlash.tolist(),
            "touching": stage.touching,
        },
        "column": {
            "optics": asdict(column.optics),
            "beam_shift_um": column.beam_shift_um,
            "neutral_stig": column.neutral_stig,
            "wd_drift_um": column.wd_drift_um,
            "emission": column.emission,
            "eht_on": column.eht_on,
            "valve_open": column.valve_open,
            "blanked": column.blanked,
        },
        "rngs": [rng.bit_generator.state for rng in _rngs(nature)],
    }


def take_up(nature: Nature, state: Json) -> None:
    """Put a nature into a state that :func:`state_of` gave; a motion under way has ended there."""
    stage, column = state["stage"], state["column"]
    nature.n_frames = state["n_frames"]
    nature.detector = DetectorState(**state["detector"])
    nature.detector_health = state["detector_health"]
    nature.gun.hv_on = state["hv_on"]
    nature.raster.raster = Raster(**state["raster"]["raster"])
    nature.raster.running, nature.raster.load_ohm = state["raster"]["running"], state["raster"]["load_ohm"]
    nature.chamber.pressure_mbar = state["pressure_mbar"]
    if "irradiation" in state:
        nature.irradiation.recall(state["irradiation"])
    nature.mount(Mounted(**state.get("mounted", {})))
    nature.faults.recall(state["faults"])
    nature.stage.stand(np.array(stage["reported"]), np.array(stage["error"]))
    nature.stage.trip_error, nature.stage.backlash = (
        np.array(stage["trip_error"]),
        np.array(stage["backlash"]),
    )
    nature.stage.touching = stage["touching"]
    nature.column.optics = Optics(**column["optics"])
    nature.column.beam_shift_um = tuple(column["beam_shift_um"])
    nature.column.neutral_stig = tuple(column["neutral_stig"])
    for name in ("wd_drift_um", "emission", "eht_on", "valve_open", "blanked"):
        setattr(nature.column, name, column[name])
    for rng, rng_state in zip(_rngs(nature), state["rngs"], strict=True):
        rng.bit_generator.state = rng_state


def _rngs(nature: Nature) -> list[np.random.Generator]:
    return [nature.stage.rng, nature.column.rng, nature.meter_rng, nature.faults.rng]
