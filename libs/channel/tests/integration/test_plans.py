"""What is due costs no more for ten million rows that wait, whether the planner knows of them or of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from channel import instances, retries
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import as_administrator
from chassis.testing_plans import READS_ALL, ROWS, expected_cost, nodes

from .conftest import ACCOUNT

OF_CAMPAIGNS, SINGLE = 20_000, 30
PAGE = 10
MOST = 5 * PAGE


@pytest.fixture(params=["ten million", "nothing"])
def known(request: pytest.FixtureRequest, database: Database) -> Iterator[None]:
    """A campaign's backlog that is due, single messages that are due since then, and what the planner knows of it."""
    rows = text(
        "INSERT INTO retries (message_id, account_id, campaign_id, due_at, attempts, reason, body)"
        " SELECT gen_random_uuid(), :account, CASE WHEN i <= :of_campaigns THEN gen_random_uuid() END,"
        " now() - interval '1 day' + interval '1 second' * i, 1, 'no_carrier', :body"
        " FROM generate_series(1, :of_campaigns + :single) i"
    )
    recipient = {"number": 1, "address": "+48600000001", "contact_id": None}
    body = orjson.dumps({"account_id": ACCOUNT, "recipients": [recipient]})
    with as_administrator(database) as session:
        session.execute(text("ALTER TABLE retries SET (autovacuum_enabled = off)"))
        session.execute(rows, {"account": ACCOUNT, "of_campaigns": OF_CAMPAIGNS, "single": SINGLE, "body": body})
        if request.param == "ten million":
            session.execute(text("ANALYZE retries"))
            # The planner multiplies the rows of a page by the pages that it finds: these are few, and very full.
            session.execute(text(f"UPDATE pg_class SET reltuples = {ROWS} WHERE oid = 'retries'::regclass"))
    yield
    with as_administrator(database) as session:
        session.execute(text("TRUNCATE retries"))
        session.execute(text("ALTER TABLE retries RESET (autovacuum_enabled)"))
        session.execute(text("ANALYZE retries"))


class Explained:
    """A cursor that runs each statement once for its plan, and once for its rows."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.costs: dict[str, float] = {}
        self.looked_at: dict[str, int] = {}

    def execute(self, statement: str, *arguments: Any) -> Any:
        self._cursor.execute("SAVEPOINT explained")
        asked = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement
        (plan,) = self._cursor.execute(asked, *arguments).fetchone()
        self._cursor.execute("ROLLBACK TO SAVEPOINT explained")
        self.costs[statement] = expected_cost(plan[0]["Plan"])
        self.looked_at[statement] = sum(map(_looked_at, nodes(plan[0]["Plan"])))
        return self._cursor.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _looked_at(node: dict[str, Any]) -> int:
    """Rows that the node reads from the table, or puts together only to throw them away."""
    rows = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Join Filter", "Index Recheck"))
    if node.get("Relation Name") == "retries" and node["Node Type"] != "ModifyTable":
        rows += node["Actual Rows"]
    return int(rows * node["Actual Loops"])


@pytest.mark.parametrize("of_campaigns", [False, True])
def test_what_is_due_of_either_kind_is_found_without_the_other(
    known: None, database: Database, instance: Callable[..., UUID], of_campaigns: bool
) -> None:
    me = instance()
    with database.transaction() as session:
        cursor: Any = Explained(cursor_of(session))
        message_ids, _ = retries.due(cursor, PAGE, of_campaigns=of_campaigns)
        assert instances.hold_unless_left(cursor, me)
        taken = retries.take_due(cursor, message_ids)
        bodies = retries.take_due_bodies(cursor, 1, of_campaigns=of_campaigns)
        session.rollback()

    assert (len(taken), len(bodies), len(cursor.costs)) == (PAGE, 1, 4)
    assert {statement: rows for statement, rows in cursor.looked_at.items() if rows > MOST} == {}
    assert {statement: cost for statement, cost in cursor.costs.items() if cost > READS_ALL} == {}


def test_nothing_that_is_due_is_found_at_once(known: None, database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("DELETE FROM retries WHERE campaign_id IS NULL"))
    with database.transaction() as session:
        cursor: Any = Explained(cursor_of(session))
        assert retries.due(cursor, PAGE) == ([], [])
        assert retries.take_due(cursor, [str(new_id())]) == []
        session.rollback()

    assert max(cursor.looked_at.values()) == 0
