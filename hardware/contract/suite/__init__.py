"""The tests. ``from hardware.contract.suite import *`` in a test file runs them on its ``bench``."""

# ruff: noqa: F403
from hardware.contract.suite.blanker import *
from hardware.contract.suite.electrons import *
from hardware.contract.suite.faults import *
from hardware.contract.suite.honesty import *
from hardware.contract.suite.ions import *
from hardware.contract.suite.stage import *
from hardware.contract.suite.truth import *
from hardware.contract.suite.whole import *
from hardware.contract.suite.wires import *
