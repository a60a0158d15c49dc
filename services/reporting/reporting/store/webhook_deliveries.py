"""Deliveries: requests to customers' endpoints, who has which in hand, and what became of each.

A delivery is in hand while its lease runs. A webhook's row is locked while one of its deliveries is chosen, so two
processes never choose at the same time; a process that dies gives all back when the leases end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from contracts.ids import first_id_at
from contracts.reporting.webhooks import WebhookDeliveryState
from reporting.store.messages import Row

# Longer than a request takes at most, with what is waited for before and after it.
LEASE = timedelta(seconds=60)
# Requests to one endpoint at the same time; one while it fails.
AT_ONCE = 4
# How far the clock that an id has its time from may be from the database's, which `created_at` is from.
CLOCKS_APART = timedelta(minutes=5)
# Deliveries that an endpoint which fails has open before no more are begun.
MOST_OPEN_WHILE_FAILING = 50

# What is held when a webhook is paused: so many rows in the transaction that pauses it.
HELD_AT_ONCE = 1_000

_COLUMNS = "id, webhook_id, state, is_test, events, attempts, due_at, created_at, finished_at"

# Whose turn was longest ago comes first; a test goes to whoever asked for it, paused or not. Webhooks without work cost
# nothing: those with any are found by jumping along the indexes, and one with a hundred thousand that wait costs as
# much as one with two. An account that is suspended is sent nothing; what it had waits.
_WITH_WORK = """
WITH RECURSIVE waiting AS (
    (SELECT webhook_id FROM webhook_events WHERE delivery_id IS NULL ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.webhook_id FROM webhook_events e WHERE e.delivery_id IS NULL AND e.webhook_id > w.webhook_id
        ORDER BY e.webhook_id LIMIT 1)
    FROM waiting w WHERE w.webhook_id IS NOT NULL
), pending AS (
    (SELECT webhook_id FROM webhook_deliveries WHERE state = 'pending' ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.webhook_id FROM webhook_deliveries d WHERE d.state = 'pending' AND d.webhook_id > p.webhook_id
        ORDER BY d.webhook_id LIMIT 1)
    FROM pending p WHERE p.webhook_id IS NOT NULL
), due AS (
    SELECT webhook_id FROM pending p WHERE EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_id = p.webhook_id
        AND d.state = 'pending' AND d.due_at <= now() AND (d.leased_until IS NULL OR d.leased_until < now()))
), tested AS (
    SELECT webhook_id FROM webhook_deliveries
    WHERE state = 'pending' AND is_test AND due_at <= now() AND (leased_until IS NULL OR leased_until < now())
)
SELECT id, account_id, url, secondary_url, retry_plan, retry_delays, max_events, username, password, secret,
    previous_secret, failures, previous_secret_until > now() AS has_previous_secret,
    GREATEST(at_once - in_hand, 1) AS free,
    enabled AND paused_at IS NULL AND (rests_until IS NULL OR rests_until <= now()) AS is_open,
    EXISTS (SELECT FROM webhook_replays r WHERE r.webhook_id = w.id) AS has_replay
FROM webhooks w
CROSS JOIN LATERAL (
    SELECT count(*) AS in_hand, CASE w.failures WHEN 0 THEN CAST(:at_once AS integer) ELSE 1 END AS at_once
    FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'pending'
        AND d.leased_until IS NOT NULL AND d.leased_until >= now()) turns
WHERE w.id = ANY (ARRAY(SELECT webhook_id FROM waiting UNION SELECT webhook_id FROM due
        UNION SELECT webhook_id FROM webhook_replays))
    AND deleted_at IS NULL AND account_id <> ALL (:busy)
    AND NOT EXISTS (SELECT FROM account_suspensions s WHERE s.account_id = w.account_id AND s.is_suspended)
    AND (
    id IN (SELECT webhook_id FROM tested)
    OR enabled AND paused_at IS NULL AND (rests_until IS NULL OR rests_until <= now()) AND in_hand < at_once)
ORDER BY claimed_at NULLS FIRST, id LIMIT :limit FOR NO KEY UPDATE OF w SKIP LOCKED
"""

# Tests first, by an index of their own; then what has been due for longest.
_TAKE_DUE = """
UPDATE webhook_deliveries SET leased_until = now() + :lease
WHERE id = COALESCE(
    (SELECT id FROM webhook_deliveries WHERE webhook_id = :webhook AND state = 'pending' AND is_test
        AND due_at <= now() AND (leased_until IS NULL OR leased_until < now()) ORDER BY due_at, id LIMIT 1),
    (SELECT id FROM webhook_deliveries WHERE webhook_id = :webhook AND state = 'pending' AND :is_open
        AND due_at <= now() AND (leased_until IS NULL OR leased_until < now()) ORDER BY due_at LIMIT 1))
RETURNING id, is_test, tries, leased_until
"""


def webhooks_with_work(session: Session, *, busy: Collection[UUID], limit: int) -> Sequence[Row]:
    """Lock webhooks that have something to send and may be sent to, and let others come first the next time.

    :returns: with `free`, how many more requests each may have in hand.
    :param busy: accounts that have enough under way.
    """
    bound = {"busy": list(busy), "at_once": AT_ONCE, "limit": limit}
    rows = session.execute(text(_WITH_WORK), bound).mappings().all()
    if rows:
        session.execute(
            text("UPDATE webhooks SET claimed_at = clock_timestamp() WHERE id = ANY(:ids)"),
            {"ids": [row["id"] for row in rows]},
        )
    return rows


def take_due(session: Session, *, webhook_id: UUID, is_open: bool) -> Row | None:
    """Take in hand a delivery that is due; of a webhook that is not open, a test alone."""
    bound = {"webhook": webhook_id, "lease": LEASE, "is_open": is_open}
    return session.execute(text(_TAKE_DUE), bound).mappings().one_or_none()


def count_open(session: Session, *, webhook_id: UUID) -> int:
    """How many are open; beyond `MOST_OPEN_WHILE_FAILING` nobody counts."""
    query = text(
        "SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE webhook_id = :webhook AND state = 'pending'"
        " LIMIT :most) open"
    )
    return int(session.scalar(query, {"webhook": webhook_id, "most": MOST_OPEN_WHILE_FAILING}) or 0)


def add(
    session: Session,
    *,
    id: UUID,
    webhook_id: UUID,
    account_id: UUID,
    events: int,
    is_test: bool = False,
    lease: timedelta | None = None,
) -> datetime | None:
    """Insert a delivery that is due; with a lease it is in hand already: returns until when."""
    statement = text(
        "INSERT INTO webhook_deliveries (id, webhook_id, account_id, events, is_test, due_at, leased_until, created_at)"
        " VALUES (:id, :webhook, :account, :events, :is_test, now(), now() + :lease, now()) RETURNING leased_until"
    )
    bound = {"id": id, "webhook": webhook_id, "account": account_id, "events": events, "is_test": is_test}
    return session.scalar(statement, {**bound, "lease": lease})


def settle(
    session: Session,
    delivery_id: UUID,
    *,
    leased_until: datetime,
    state: str,
    attempts: str,
    due_in: timedelta | None,
    now: datetime,
) -> bool:
    """Write down what came of a try; False where it is in hand no more, and another try counts.

    :param leased_until: as it was when the delivery was taken in hand: no two takings have the same.
    :param attempts: as a JSON array.
    :param due_in: after which it is tried again; None where it is finished.
    """
    statement = (
        "UPDATE webhook_deliveries SET state = :state, tries = tries + 1, leased_until = NULL,"
        " attempts = attempts || CAST(:attempts AS jsonb), due_at = now() + :due_in,"
        " finished_at = CASE WHEN :state <> 'pending' THEN CAST(:now AS timestamptz) END"
        " WHERE id = :id AND state = 'pending' AND leased_until = :mine"
    )
    bound = {
        "id": delivery_id,
        "mine": leased_until,
        "state": state,
        "attempts": attempts,
        "due_in": due_in,
        "now": now,
    }
    return bool(changed(session, statement, **bound))


def release(session: Session, lease_by_delivery_id: Mapping[UUID, datetime]) -> None:
    """Give back what was in hand and was not tried; what another has in hand by now stays with it."""
    session.execute(
        text(
            "UPDATE webhook_deliveries d SET leased_until = NULL"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS timestamptz[])) AS mine (id, leased_until)"
            " WHERE d.id = mine.id AND d.leased_until = mine.leased_until AND d.state = 'pending'"
        ),
        {"ids": list(lease_by_delivery_id), "leases": list(lease_by_delivery_id.values())},
    )


def note_success(session: Session, webhook_id: UUID) -> None:
    session.execute(
        text(
            "UPDATE webhooks SET failures = 0, failing_since = NULL, rests_until = NULL WHERE id = :id AND failures > 0"
        ),
        {"id": webhook_id},
    )


def note_failure(session: Session, webhook_id: UUID, *, rest: timedelta) -> datetime | None:
    """Count a failure and let the endpoint rest; returns since when it has failed."""
    statement = text(
        "UPDATE webhooks SET failures = failures + 1, failing_since = COALESCE(failing_since, now()),"
        " rests_until = GREATEST(rests_until, now() + :rest) WHERE id = :id RETURNING failing_since"
    )
    return session.scalar(statement, {"id": webhook_id, "rest": rest})


def pause(session: Session, webhook_id: UUID, *, reason: str) -> bool:
    """Stop sending there, and keeping anything for it; False where it is paused already."""
    return bool(
        changed(
            session,
            "UPDATE webhooks SET paused_at = now(), pause_reason = :reason"
            " WHERE id = :id AND paused_at IS NULL AND deleted_at IS NULL",
            id=webhook_id, reason=reason,
        )
    )  # fmt: skip


def hold(session: Session, webhook_id: UUID) -> None:
    """Let what is not in hand wait for nothing but the end of a pause.

    Of very many the rest stands by its schedule: nothing of a webhook that is paused is sent in any case.
    """
    session.execute(
        text(
            "UPDATE webhook_deliveries SET due_at = NULL WHERE id = ANY (ARRAY(SELECT id FROM webhook_deliveries"
            " WHERE webhook_id = :webhook AND state = 'pending' AND due_at IS NOT NULL"
            " AND NOT is_test AND (leased_until IS NULL OR leased_until < now()) ORDER BY due_at LIMIT :limit))"
        ),
        {"webhook": webhook_id, "limit": HELD_AT_ONCE},
    )


def take_up(session: Session, webhook_id: UUID) -> None:
    """Try now what was held."""
    session.execute(
        text(
            "UPDATE webhook_deliveries SET due_at = now() WHERE id = ANY (ARRAY(SELECT id FROM webhook_deliveries"
            " WHERE webhook_id = :webhook AND state = 'pending' AND due_at IS NULL LIMIT :limit))"
        ),
        # One that is in hand when the pause begins is held when its try fails: there are some more than were held.
        {"webhook": webhook_id, "limit": 2 * HELD_AT_ONCE},
    )


def find(session: Session, *, webhook_id: UUID, delivery_id: UUID) -> Row | None:
    query = text(f"SELECT {_COLUMNS} FROM webhook_deliveries WHERE id = :id AND webhook_id = :webhook")
    return session.execute(query, {"id": delivery_id, "webhook": webhook_id}).mappings().one_or_none()


def page(
    session: Session,
    *,
    webhook_id: UUID,
    state: str | None,
    since: datetime | None,
    until: datetime | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Newest first."""
    made, bound = made_within(since, until)
    where = made + (" AND id < :before" if before else "")
    if state is not None:
        # A word of ours, and not bound: the planner is to see that an index of this state alone does.
        where += f" AND state = '{WebhookDeliveryState(state).value}'"
    query = text(
        f"SELECT {_COLUMNS} FROM webhook_deliveries WHERE webhook_id = :webhook{where} ORDER BY id DESC LIMIT :limit"
    )
    return session.execute(query, {**bound, "webhook": webhook_id, "before": before, "limit": limit}).mappings().all()


def made_within(since: datetime | None, until: datetime | None) -> tuple[str, dict[str, Any]]:
    """Conditions on when a delivery was made, and what they bind: ids are in order of time, and the index is by id."""
    conditions = ""
    bound: dict[str, Any] = {}
    if since is not None:
        conditions += " AND created_at >= :since AND id >= :least"
        bound |= {"since": since, "least": first_id_at(since, -CLOCKS_APART)}
    if until is not None:
        conditions += " AND created_at <= :until AND id < :greatest"
        bound |= {"until": until, "greatest": first_id_at(until, CLOCKS_APART)}
    return conditions, bound


def delete_old(session: Session, *, before: datetime, limit: int) -> int:
    return changed(
        session,
        "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries"
        " WHERE created_at < :before ORDER BY created_at LIMIT :limit)",
        before=before, limit=limit,
    )  # fmt: skip
