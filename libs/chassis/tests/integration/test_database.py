"""Connections that the server has closed meanwhile."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
import sqlalchemy.exc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import chassis.database
from chassis import logs
from chassis.database import (
    Database,
    Fault,
    Session,
    SettingsNotInForce,
    Statement,
    changed,
    columns,
    cursor_of,
    ensure_settings,
    execute_together,
    fault_of,
    make_engine,
)
from chassis.testing import wait_until


def test_a_connection_that_died_in_the_pool_is_replaced(
    database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chassis.database, "RESTED_SECONDS", 0.0)
    url = database_url("sms_gateway")
    database = Database(make_engine(url, pool_size=1))
    with database.transaction() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))

    with database.transaction() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid
    database.dispose()


def test_statements_that_are_sent_together_see_what_was_committed_before_each_began(
    database_url: Callable[[str], str],
) -> None:
    """The second waits for a lock; what its holder has written meanwhile the third sees."""
    database = Database(make_engine(database_url("sms_gateway"), pool_size=2))
    counted = ("SELECT count(*) FROM code_rates WHERE key = %s", (b"together",))
    with database.transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        changed(session, "INSERT INTO code_rates (key, started_at, codes) VALUES (:key, now(), 1)", key=b"together")
        with ThreadPoolExecutor(1) as other:
            asked = other.submit(_ask, database, [counted, ("SELECT pg_advisory_xact_lock(%s)", (4711,)), counted])
            wait_until(lambda: _is_anybody_waiting(session), what="the one who asks")
            session.commit()
            before, _, after = asked.result(10)
    with database.transaction() as session:
        changed(session, "DELETE FROM code_rates WHERE key = :key", key=b"together")
    database.dispose()

    assert (before, after) == ([(0,)], [(1,)])


def _ask(database: Database, statements: list[Statement]) -> list[list[Any]]:
    with database.transaction() as session:
        return execute_together(cursor_of(session), statements)


def _is_anybody_waiting(session: Session) -> bool:
    return bool(session.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), min_size=1))
def test_statements_that_are_sent_together_say_what_is_bound_to_them(
    database_url: Callable[[str], str], texts: list[str]
) -> None:
    """Each text by itself, and all as a list; whatever ends a statement, a comment or a quote."""
    database = Database(make_engine(database_url("sms_gateway"), pool_size=1))
    statements: list[Statement] = [("SELECT %s::text, '%%'", (one,)) for one in texts]
    changes: Statement = ("DELETE FROM code_rates WHERE key = %s", (b"nobody's",))
    found = _ask(database, [*statements, changes, ("SELECT unnest(%s::text[])", (texts,))])
    database.dispose()

    assert found == [*([(one, "%")] for one in texts), [], [(one,) for one in texts]]


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
        database_url("sms_gateway") + "?options=-c%20enable_seqscan%3Doff%20-c%20TimeZone%3DGMT&options=-c%20jit%3Doff"
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


@pytest.mark.parametrize(
    ("statement", "values", "fault"),
    [
        # A value too long for an index: psycopg's OperationalError, with SQLSTATE 54000.
        ("INSERT INTO held (name) SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) n", (), Fault.DATA),
        ("INSERT INTO held (name) VALUES (NULL)", (), Fault.DATA),
        ("INSERT INTO held (name) VALUES (%s)", ("a\0b",), Fault.DATA),
        ("SELECT 'x'::int", (), Fault.DATA),
        ("SELECT * FROM no_such_table", (), Fault.PROGRAM),
        ("SELECT pg_terminate_backend(pg_backend_pid())", (), Fault.SERVER),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", (), Fault.SERVER),
        ("DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$", (), Fault.SERVER),
    ],
)
@pytest.mark.parametrize("is_raw", [True, False])
def test_errors_of_data_are_told_from_those_of_the_server(
    database_url: Callable[[str], str], statement: str, values: tuple[str, ...], fault: Fault, is_raw: bool
) -> None:
    database = Database(make_engine(database_url("sms_gateway"), pool_size=1))

    with pytest.raises((psycopg.Error, sqlalchemy.exc.DBAPIError)) as failed, database.transaction() as session:
        session.execute(text("CREATE TEMPORARY TABLE held (name text UNIQUE NOT NULL) ON COMMIT DROP"))
        if is_raw:
            cursor_of(session).execute(statement, values or None)
        else:
            session.connection().exec_driver_sql(statement, values)

    assert fault_of(failed.value) is fault
    database.dispose()


def test_a_server_that_is_not_there_and_our_own_mistakes() -> None:
    nobody = Database(make_engine("postgresql://nobody@127.0.0.1:1/none", pool_size=1))
    with pytest.raises(sqlalchemy.exc.OperationalError) as failed:
        nobody.ping()

    assert fault_of(failed.value) is Fault.SERVER
    assert fault_of(KeyError("number")) is Fault.PROGRAM
    assert fault_of(UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "half a character")) is Fault.DATA


def test_an_error_of_data_reaches_the_log_without_its_values(
    database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL's messages quote the row, and SQLAlchemy's the parameters."""
    written, root = io.StringIO(), logging.getLogger()
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(root, "handlers", [])
    logs.configure("tests")
    database = Database(make_engine(database_url("sms_gateway"), pool_size=1))
    values = {"value": "jan.kowalski@tajne.example"}
    twice = "CREATE TEMP TABLE once (address text PRIMARY KEY); INSERT INTO once VALUES ('%s'), ('%s')"
    failing = [
        ("SELECT CAST(:value AS uuid)", values),
        ("SELECT CAST(:value AS integer)", values),
        (twice % (values["value"], values["value"]), {}),
        ("SELECT :value FROM nowhere", values),
    ]
    for statement, parameters in failing:
        try:
            with database.transaction() as session:
                session.execute(text(statement), parameters)
        except sqlalchemy.exc.DBAPIError as error:
            logs.get_logger().error("failed", error=error, exc_info=error)
    database.dispose()

    lines = written.getvalue()
    assert lines.count("22P02") >= 2 and "23505 once_pkey" in lines
    assert "kowalski" not in lines
