"""Fixtures of identity's tests: a migrated database, emptied between tests, and a caller for each role."""

from __future__ import annotations

pytest_plugins = ["chassis.testing"]
