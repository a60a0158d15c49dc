"""For every test of the repository: made-up examples have no time limit, for the machine may be a busy one."""

from hypothesis import HealthCheck, settings

settings.register_profile("wici", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wici")
