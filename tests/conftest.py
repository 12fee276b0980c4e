"""For all tests."""

import os

from hypothesis import settings

# before numpy and torch load: workers share the cores, which pools of threads that wait by spinning take up
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = ["hardware.contract.plugin"]

# how long an example takes says more of the machine than of the code; pytest ends a test that hangs
settings.register_profile("search", deadline=None, print_blob=True)
# the gate judges a change by the same examples as the last one; `make soak` looks for others
settings.register_profile("gate", settings.get_profile("search"), derandomize=True)
settings.load_profile("gate")
