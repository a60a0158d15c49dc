"""Fixtures on real servers, and a hypothesis profile that suits a shared machine."""

from hypothesis import settings

pytest_plugins = ["chassis.testing"]

settings.register_profile("wici", max_examples=100, deadline=None)
settings.load_profile("wici")
