"""Fixtures of contacts' tests."""

from __future__ import annotations

pytest_plugins = ["chassis.testing"]
