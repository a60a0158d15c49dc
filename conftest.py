"""For every test of the repository: made-up examples have no time limit, for the machine may be a busy one."""

import gc

from hypothesis import HealthCheck, settings

settings.register_profile("wici", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wici")


def pytest_collection_finish() -> None:
    """What is imported stays: to look through it for garbage again and again took a sixteenth of the time."""
    gc.collect()
    gc.freeze()
