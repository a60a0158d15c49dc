"""Connections that the server has closed meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text

from chassis.database import (
    RESTED_SECONDS,
    Database,
    SettingsNotInForce,
    changed,
    columns,
    ensure_settings,
    make_engine,
)


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


def test_how_many_rows_a_statement_has_changed(database_url: Callable[[str], str]) -> None:
    database = Database(make_engine(database_url("sms_gateway"), pool_size=1))
    with database.transaction() as session:
        session.execute(text("CREATE TEMPORARY TABLE numbers (n int) ON COMMIT DROP"))

        assert changed(session, "INSERT INTO numbers SELECT generate_series(1, :last)", last=5) == 5
        assert changed(session, text("DELETE FROM numbers WHERE n > :least"), least=3) == 2
        assert changed(session, "DELETE FROM numbers WHERE n > :least", least=3) == 0
    database.dispose()


def test_rows_turn_into_as_many_columns_also_where_there_are_none() -> None:
    assert columns([(1, "a"), (2, "b")], 2) == [[1, 2], ["a", "b"]]
    assert columns([], 3) == [[], [], []]


def test_settings_of_the_url_and_of_the_process_reach_the_server(database_url: Callable[[str], str]) -> None:
    url = (
        database_url("sms_gateway") + "?options=-c%20enable_seqscan%3Doff%20-c%20TimeZone%3DPRC&options=-c%20jit%3Doff"
    )
    engine = make_engine(url, pool_size=1, statement_seconds=7, settings={"plan_cache_mode": "force_custom_plan"})

    ensure_settings(
        engine,
        {
            "enable_seqscan": "off",
            "jit": "off",
            "plan_cache_mode": "force_custom_plan",
            "TimeZone": "UTC",
            "statement_timeout": "7s",
        },
    )
    engine.dispose()


def test_a_setting_that_is_not_in_force_is_told(database_url: Callable[[str], str]) -> None:
    engine = make_engine(database_url("sms_gateway"), pool_size=1)

    with pytest.raises(SettingsNotInForce, match="enable_seqscan"):
        ensure_settings(engine, {"enable_seqscan": "off", "TimeZone": "UTC"})
    engine.dispose()
