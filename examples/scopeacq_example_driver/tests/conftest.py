"""Brings the fixtures of the contract suite."""

pytest_plugins = ["hardware.contract.plugin"]
