"""What is asked of webhooks' tables goes by an index, however much is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from chassis.database import Database, copy_rows
from contracts.ids import first_id_at
from reporting.store import webhook_deliveries, webhook_events, webhook_replays

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ACCOUNT, WEBHOOK, *OTHERS = (uuid4() for _ in range(9))
ADDRESSES = 20_000


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """Webhooks with a delivery every ten minutes, newest at `NOW`, one in ten failed; and events of no message."""
    with database.transaction() as session:
        copy_rows(
            session, "webhooks",
            ("id", "account_id", "url", "events", "description", "enabled", "max_events", "secret", "created_at",
             "updated_at"),
            [(one, ACCOUNT, "https://sklep.example/", [], "", True, 1, b"", NOW, NOW) for one in (WEBHOOK, *OTHERS)],
        )  # fmt: skip
        copy_rows(
            session, "webhook_deliveries",
            ("id", "webhook_id", "account_id", "state", "events", "created_at", "finished_at"),
            [
                (UUID(int=first_id_at(at).int | n), one, ACCOUNT, "delivered" if number % 10 else "failed", 1, at, at)
                for number in range(3000)
                for at in (NOW - timedelta(minutes=10 * number),)
                for n, one in enumerate((WEBHOOK, *OTHERS))
            ],
        )  # fmt: skip
        copy_rows(
            session, "webhook_events", ("webhook_id", "event_id", "account_id", "type", "occurred_at", "details"),
            [
                (WEBHOOK, UUID(int=number), ACCOUNT, "contact.archived", NOW, f'{{"address": "ala{number}@x.example"}}')
                for number in range(ADDRESSES)
            ],
        )  # fmt: skip
        session.execute(text("ANALYZE webhook_deliveries, webhook_events"))
        yield session
        session.rollback()


@contextmanager
def heard(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are run meanwhile."""
    run: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, bound: Any, *_more: Any) -> None:
        run.append((statement, bound))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield run
    event.remove(connection, "before_cursor_execute", note)


def plan(session: Session, work: Callable[[], Any]) -> str:
    with heard(session) as run:
        work()
    (statement, bound), *_ = run
    return "\n".join(session.connection().exec_driver_sql(f"EXPLAIN {statement}", bound).scalars())


def test_addresses_to_forget_are_looked_up_and_not_sought_among_all_of_the_account(session: Session) -> None:
    by = plan(
        session,
        lambda: webhook_events.forget_addresses(
            session, account_id=ACCOUNT, addresses=[f"ala{number}@x.example" for number in range(20)]
        ),
    )

    assert "webhook_events_of_no_message" in by
    assert "'address'" in by.partition("Index Cond")[2].partition("Filter")[0]
    erased = session.scalar(text("SELECT count(*) FROM webhook_events WHERE details ->> 'address' = 'erased'"))
    assert erased == 20


def test_a_page_of_a_long_past_day_is_found_by_its_ids(session: Session) -> None:
    day = NOW - timedelta(days=10)

    def paged(state: str | None) -> list[datetime]:
        rows = webhook_deliveries.page(
            session, webhook_id=WEBHOOK, state=state, since=day, until=day + timedelta(hours=5), before=None, limit=1000
        )
        return [row["created_at"] for row in rows]

    assert len(paged(None)) == 31
    assert paged(None)[0] == day + timedelta(hours=5)
    assert paged(None)[-1] == day
    assert len(paged("failed")) == 4
    by_time = plan(session, lambda: paged(None))
    assert "webhook_deliveries_webhook" in by_time
    assert "id >= " in by_time.partition("Index Cond")[2].partition("Filter")[0]
    assert "webhook_deliveries_failed" in plan(session, lambda: paged("failed"))


def test_what_failed_in_a_range_is_found_by_the_failed_alone(session: Session) -> None:
    since = NOW - timedelta(days=1)
    found = []

    by = plan(
        session,
        lambda: found.extend(
            webhook_replays.again_of(
                session, webhook_id=WEBHOOK, since=since, until=NOW + timedelta(days=1), finished_by=NOW, limit=12
            )
        ),
    )

    assert len(found) == 12
    assert "webhook_deliveries_failed" in by
    assert "id >= " in by.partition("Index Cond")[2].partition("Filter")[0]
