"""Connections that the server has closed meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from sqlalchemy import text

from chassis.database import RESTED_SECONDS, Database, make_engine


def test_a_connection_that_died_in_the_pool_is_replaced(database_url: Callable[[str], str]) -> None:
    url = database_url("sms_gateway")
    database = Database(make_engine(url, pool_size=1))
    with database.transaction() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    time.sleep(RESTED_SECONDS + 0.1)

    with database.transaction() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid
    database.dispose()
