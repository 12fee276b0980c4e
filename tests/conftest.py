"""For all tests."""

from hypothesis import settings

# how long an example takes says more of the machine than of the code; pytest ends a test that hangs
settings.register_profile("scopeacq", deadline=None)
settings.load_profile("scopeacq")
