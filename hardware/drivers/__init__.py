"""Drivers of real devices, a package or module each; vendors' packages are imported only when used."""
