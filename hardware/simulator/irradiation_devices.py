"""The irradiation gun and its meter as drivers see them, and what answers them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from hardware.errors import Refused
from hardware.simulator.controllers import Handler, Kinds
from hardware.simulator.faults import Device
from hardware.simulator.link import Json, Link, Reply
from hardware.simulator.nature import Nature
from hardware.simulator.set_points import read_back, within
from hardware.types import Preamplifier, Range, VoltReading

SENSITIVITIES_A_PER_V = Range(1e-12, 1e-3)


@dataclass(frozen=True, slots=True)
class IrradiationController:
    """Preamplifier, multimeter and the switch of the gun."""

    nature: Nature

    def commands(self) -> Mapping[str, Handler]:
        return {
            "irradiation_meter.configure": self._configure,
            "irradiation_meter.read": self._read,
            "irradiation_source.read": self._source,
            "irradiation_source.off": self._off,
        }

    def _configure(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.irradiation.configure(Preamplifier(**values), self.nature.now_s)
        return Reply()

    def _read(self, values: Json, kinds: Kinds) -> Reply:
        nature = self.nature
        with nature.lock:
            if nature.irradiation.preamplifier is None:
                what = "the preamplifier was never set up"
                raise Refused(Device.IRRADIATION_METER.value, what, "Set it up before it is read.")
            return Reply({"volts": nature.irradiation.volts(nature.now_s), "at_s": nature.now_s})

    def _source(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            return Reply({"on": self.nature.irradiation.beam_on(self.nature.now_s)})

    def _off(self, values: Json, kinds: Kinds) -> Reply:
        with self.nature.lock:
            self.nature.irradiation.switch_off(self.nature.now_s)
        return Reply()


class TwinIrradiationMeter:
    """A preamplifier that only listens, as an SR570 does, and a multimeter."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def configure(self, preamplifier: Preamplifier) -> Preamplifier | None:
        """See :class:`hardware.protocols.IrradiationMeter`; nothing reads back."""
        sensitivity = preamplifier.sensitivity_a_per_v
        # compared by powers of ten: a range of many of them has no meaningful rounding
        powers = Range(math.log10(SENSITIVITIES_A_PER_V.low), math.log10(SENSITIVITIES_A_PER_V.high))
        power = math.log10(sensitivity) if sensitivity > 0 else -math.inf
        within(Device.IRRADIATION_METER, "power of ten of the sensitivity", power, powers)
        self._link.call("irradiation_meter.configure", asdict(preamplifier))
        return None

    def read(self) -> VoltReading:
        return VoltReading(**self._link.call("irradiation_meter.read").values)


class TwinIrradiationSource:
    """The gun's switch, which a program may only turn off."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def beam_on(self) -> bool:
        return bool(self._link.call("irradiation_source.read").values["on"])

    def switch_off(self) -> None:
        self._link.call("irradiation_source.off")
        read_back(Device.IRRADIATION_SOURCE, "beam on", False, self.beam_on())
