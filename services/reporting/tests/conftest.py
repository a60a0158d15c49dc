"""Fixtures of reporting's tests: a migrated database of the run's own, emptied between tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.testing import truncate
from reporting.store.partitions import prepare_partitions

pytest_plugins = ["chassis.testing"]


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Database:
    """An empty database of this service, with today's partitions."""
    opened = open_database("reporting")
    truncate(opened)
    prepare_partitions(opened, datetime.now(UTC))
    return opened


def empty(database: Database) -> None:
    """Delete every row; much faster than truncating dozens of partitions."""
    tables = ("messages", "state_history", "engagements", "links", "campaign_ranges", "counters", "campaigns", "outbox")
    with database.transaction() as session:
        for table in (*tables, "closed_accounts", "erasures", "untold", "labels", "cleared_sends"):
            session.execute(text(f"DELETE FROM {table}"))
