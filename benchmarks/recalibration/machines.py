"""Twins as nobody has trained for, and what an operator knows of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.held_out import kinds
from hardware.optics import StigmatorFrame, aberration_floor_um, depth_of_focus_um
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import demo_wafer
from hardware.simulator.texture import StackTexture, Texture
from scopeacq.manual import Manual
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings
from tests.scenarios.harness import TinyRun, tiny_project, tiny_twin_settings
from tests.scopeacq.manual_bench import held

TISSUES = ("neuropil", "epithelium", "myelin")
CS_MM, CC_MM, SPREAD_EV = 4.0, 4.0, 0.7
"""Of a column whose floor is 4.5 nm at home."""


@dataclass(frozen=True)
class Machine:
    """The truth about a twin, and what an operator knows of it."""

    number: int
    eht_kv: float = 1.5
    current_na: float = 1.8
    convergence_mrad: float = 8.9
    floor_nm: float = 4.5
    stigmators: StigmatorFrame = field(default_factory=StigmatorFrame)
    scan_rot_deg: float = 0.0
    tissue: str = TISSUES[0]

    @classmethod
    def drawn(cls, number: int) -> Machine:
        rng = np.random.default_rng([6, number])
        eht_kv, mrad = float(rng.choice([1.0, 1.2, 2.0, 2.5, 3.0])), float(rng.uniform(6.3, 12.0))
        return cls(
            number,
            eht_kv,
            1.8,
            mrad,
            1e3 * aberration_floor_um(eht_kv, 1e-3 * mrad, CS_MM, CC_MM, SPREAD_EV),
            StigmatorFrame(
                4.0 * float(np.exp(rng.uniform(math.log(0.3), math.log(3.0)))), float(rng.uniform(0, 90))
            ),
            90.0 * (number % 2),
            TISSUES[number % len(TISSUES)],
        )

    @property
    def texture(self) -> Texture:
        """Of the held-out set, which nothing was trained on."""
        tile = kinds()[self.tissue].tile(np.random.default_rng(self.number))
        return StackTexture(tile[None], 10.0, 1e6)

    @property
    def electron(self) -> ElectronSettings:
        """The home machine's profile with what an operator knows."""
        return ElectronSettings(eht_kv=self.eht_kv, probe_current_na=self.current_na)

    @property
    def true_electron(self) -> ElectronSettings:
        """The profile that says how this machine truly is."""
        return self.electron.model_copy(
            update={
                "convergence_mrad": self.convergence_mrad,
                "probe_floor_nm": self.floor_nm,
                "stigmator_um_per_unit": self.stigmators.um_per_unit,
                "stigmator_rotation_deg": self.stigmators.rotation_deg,
            }
        )

    @property
    def depth_um(self) -> float:
        return depth_of_focus_um(1e-3 * self.convergence_mrad, 1e-3 * self.floor_nm, 0.01)


@contextmanager
def on_twin(machine: Machine, folder: Path) -> Iterator[tuple[TinyRun, Manual]]:
    """The machine in hand, about as far from focus as an operator leaves it."""
    wafer = demo_wafer(machine.number, 4, machine.texture)
    run = TinyRun.make(folder, tiny_project(focus=FocusSettings()), specimen=wafer)
    instrument = run.plan.instrument
    known = machine.electron.model_dump(include={"eht_kv", "probe_current_na"})
    electron = instrument.electron.model_copy(update=known)
    run.plan = type(run.plan)(
        run.plan.folder,
        run.plan.project,
        run.plan.wafer,
        instrument.model_copy(update={"electron": electron}),
    )
    settings = tiny_twin_settings(machine.number)
    column = settings.column.model_copy(
        update={
            "eht_kv": machine.eht_kv,
            "probe_current_na": machine.current_na,
            "convergence_mrad": machine.convergence_mrad,
            "probe_floor_nm": machine.floor_nm,
            "stigmator_um_per_unit": machine.stigmators.um_per_unit,
            "stigmator_rotation_deg": machine.stigmators.rotation_deg,
        }
    )
    run.nature = Nature(settings.model_copy(update={"column": column}), wafer, run.truth.append)
    with held(run) as manual:
        manual.bring_up()
        units = 4.0 / machine.stigmators.um_per_unit
        off = np.random.default_rng([7, machine.number]).uniform(-1, 1, 3) * (8.0, 2 * units, 2 * units)
        manual.set_optics(manual.devices.column.optics().shifted(*off.tolist()))
        yield run, manual
