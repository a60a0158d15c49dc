"""Fixtures of campaigns' tests: real servers, and the neighbours as tiny services on the real bus."""

pytest_plugins = ["chassis.testing"]
