"""Fixtures on real servers."""

pytest_plugins = ["chassis.testing"]
