"""How long a failed event waits: a database that is away is given longer than a handler that fails by itself."""

from __future__ import annotations

from psycopg import errors
from sqlalchemy.exc import OperationalError

from chassis.entrypoints import seconds_to_retry


def test_a_database_that_is_away_is_given_most_of_a_minute() -> None:
    away = OperationalError("SELECT", {}, errors.AdminShutdown())
    assert sum(seconds_to_retry(away, tries) for tries in range(6)) == 40.0
    assert sum(seconds_to_retry(ValueError(), tries) for tries in range(6)) < 7.0
