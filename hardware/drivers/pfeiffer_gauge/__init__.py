"""Pfeiffer vacuum gauges: digital ones by telegrams, those behind a TPG controller by mnemonics."""

from __future__ import annotations

from hardware.drivers.pfeiffer_gauge.device import DRIVER, GaugeSettings, PfeifferGauge, Speech, gauge

__all__ = ["DRIVER", "GaugeSettings", "PfeifferGauge", "Speech", "gauge"]
