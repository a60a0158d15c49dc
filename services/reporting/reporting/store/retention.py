"""Deleting what is kept no longer: messages with their history and acts, some thousand at a time.

Nobody writes the log while a portion is deleted (`log.wait_for_writers`): a writer finds a message there or not, never
in between, and what it then counts is what is there. The ingester leaves out what comes later of such messages.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from contracts.ids import first_id_at
from contracts.vocabulary import MessageState
from reporting.domain.folding import OPENED
from reporting.domain.retention import FEWEST, MOST_AHEAD, first_day
from reporting.domain.states import STATE_CODE
from reporting.store import log
from reporting.store.messages import Row

AT_ONCE = 5_000
ASKED_AT_ONCE = 500

# A message's own row goes last.
_TABLES = ("state_history", "engagements", "untold", "labels", "messages")
# A single message that waits to be sent, or was sent so late that its last state is younger than what goes.
_LATE = (
    "campaign_id IS NULL AND message_id >= :earliest"
    f" AND (state IS NULL OR state <= {STATE_CODE[MessageState.DEFERRED]} OR state_at >= :late)"
)
_DETAILED = f"kind = {OPENED} AND (ip IS NOT NULL OR user_agent IS NOT NULL)"


def start_of(day: date) -> UUID:
    """The least message id of a day."""
    return first_id_at(datetime.combine(day, time(), UTC))


def cleared_to(session: Session, account_ids: Collection[str]) -> dict[str, UUID]:
    """The greatest id of a campaign's message that was deleted for its account's plan, of accounts that have any."""
    rows = session.execute(
        text("SELECT account_id::text, last_id FROM cleared_sends WHERE account_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": sorted(account_ids)},
    )
    return {row.account_id: row.last_id for row in rows}


def still_there(session: Session, message_ids: Collection[str]) -> set[str]:
    """Those of the messages that the log has."""
    if not message_ids:
        return set()
    query = text(
        "SELECT message_id::text FROM messages WHERE message_id = ANY(CAST(:ids AS uuid[]))"
        " AND message_id BETWEEN CAST(:least AS uuid) AND CAST(:greatest AS uuid)"
    )
    bound = {"ids": list(message_ids), "least": min(message_ids), "greatest": max(message_ids)}
    return set(session.scalars(query, bound))


def to_ask(session: Session, *, asked_before: datetime) -> Sequence[UUID]:
    """Accounts with campaigns whose plan is not known, or was asked for long ago."""
    return session.scalars(
        text(
            "SELECT DISTINCT r.account_id FROM campaign_ranges r LEFT JOIN account_retention a USING (account_id)"
            " WHERE a.asked_at IS NULL OR a.asked_at < :before LIMIT :limit"
        ),
        {"before": asked_before, "limit": ASKED_AT_ONCE},
    ).all()


def note_plan(session: Session, account_id: UUID, *, days: int, asked_at: datetime) -> None:
    session.execute(
        text(
            "INSERT INTO account_retention (account_id, days, asked_at) VALUES (:account, :days, :at)"
            " ON CONFLICT (account_id) DO UPDATE SET days = excluded.days, asked_at = excluded.asked_at"
        ),
        {"account": account_id, "days": days, "at": asked_at},
    )


def forget_plan(session: Session, account_id: UUID) -> None:
    """The account's plan is another: what is known of it is not acted upon any more."""
    session.execute(text("DELETE FROM account_retention WHERE account_id = :account"), {"account": account_id})


def expired_sends(session: Session, *, now: datetime, limit: int) -> list[Row]:
    """Sends of campaigns that their accounts' plans keep no longer: `campaign_id`, `account_id` and bounds of ids."""
    lengths = session.scalars(text("SELECT DISTINCT days FROM account_retention ORDER BY days")).all()
    found: list[Row] = []
    for days in lengths:
        bound = {"days": days, "first": start_of(first_day(now, max(days, FEWEST))), "limit": limit}
        found += session.execute(
            text(
                "SELECT r.campaign_id, r.account_id, r.first_id, r.last_id FROM campaign_ranges r"
                " JOIN account_retention a USING (account_id) WHERE a.days = :days AND r.last_id < :first LIMIT :limit"
            ),
            bound,
        ).mappings()
    return found[:limit]


def forget_send(session: Session, send: Row) -> None:
    session.execute(
        text("DELETE FROM campaign_ranges WHERE campaign_id = :campaign AND first_id = :first"),
        {"campaign": send["campaign_id"], "first": send["first_id"]},
    )


def delete_of_send(session: Session, send: Row) -> int:
    """Delete some messages of a campaign's send; returns how many. What comes of them later is left out for good."""
    where = "account_id = :account AND campaign_id = :campaign AND message_id BETWEEN :first AND :last"
    bound = {"account": send["account_id"], "campaign": send["campaign_id"]}
    deleted, _ = _delete(session, "messages", where, {**bound, "first": send["first_id"], "last": send["last_id"]})
    # Behind the lock that `_delete` takes, with the deletion: a later plan keeps longer and brings nothing back.
    session.execute(
        text(
            "INSERT INTO cleared_sends (account_id, last_id) VALUES (:account, :last) ON CONFLICT (account_id)"
            " DO UPDATE SET last_id = GREATEST(cleared_sends.last_id, excluded.last_id)"
        ),
        {"account": send["account_id"], "last": send["last_id"]},
    )
    return deleted


def delete_of_channel(
    session: Session, table: str, *, channel: str, after: UUID, before: date, day: date | None
) -> tuple[int, UUID]:
    """Delete some messages of one channel from `table`, made after that one and before that day; returns how many, and
    the last one's id. What left later than that, or waits to leave, stays.

    :param table: a partition of the log, by our own name. :param day: that it is of; None: of any, and what stays there
        is not noted, but goes by its last state.
    """
    where = f"channel = :channel AND message_id > :first AND message_id < :before AND NOT ({_LATE})"
    # What left at once has its last state within these days.
    late = before if day is None else day + timedelta(days=1 + FEWEST)
    bound = {"channel": channel, "first": after, "before": start_of(before), **_late_bounds(before, late)}
    return _delete(session, table, where, bound)


def _late_bounds(before: date, late: date) -> dict[str, object]:
    earliest = start_of(before - timedelta(days=MOST_AHEAD + FEWEST))
    return {"earliest": earliest, "late": datetime.combine(late, time(), UTC)}


def note_late(session: Session, table: str, *, channel: str) -> None:
    """Remember what stayed of a channel's messages in the partition of a day."""
    session.execute(
        text(
            f"INSERT INTO late_messages SELECT message_id FROM {table} WHERE channel = :channel ON CONFLICT DO NOTHING"
        ),
        {"channel": channel},
    )


def delete_late(session: Session, *, channel: str, after: UUID, before: date) -> tuple[int, UUID | None]:
    """Of the next of those that stayed, after that one, delete those whose last state is as old as what goes; returns
    how many, and the last one that was looked at, None where there is none any more.
    """
    looked_at = session.scalars(
        text("SELECT message_id FROM late_messages WHERE message_id > :after ORDER BY message_id LIMIT :limit"),
        {"after": after, "limit": AT_ONCE},
    ).all()
    if not looked_at:
        return 0, None
    # Bounds beside the ids: by these PostgreSQL knows the days' partitions.
    where = (
        f"message_id = ANY(:ids) AND message_id BETWEEN :least AND :greatest AND channel = :channel AND NOT ({_LATE})"
    )
    bound: dict[str, object] = {"ids": list(looked_at), "least": looked_at[0], "greatest": looked_at[-1]}
    # Not by the day on which they were made, but by their last state itself.
    bound |= {"channel": channel, **_late_bounds(before, before)}
    # Mostly nothing is to go, and then no writer is held off.
    if not session.scalar(text(f"SELECT EXISTS (SELECT FROM messages WHERE {where})"), bound):
        return 0, looked_at[-1]
    deleted, _ = _delete(session, "messages", where, bound)
    return deleted, looked_at[-1]


def has_late(session: Session) -> bool:
    return bool(session.scalar(text("SELECT EXISTS (SELECT FROM late_messages)")))


def forget_late(session: Session) -> None:
    """Forget those of which the log has nothing any more."""
    session.execute(
        text(
            "DELETE FROM late_messages l WHERE NOT EXISTS"
            " (SELECT FROM messages m WHERE m.message_id = l.message_id OFFSET 0)"
        )
    )


def _delete(session: Session, table: str, where: str, bound: dict[str, object]) -> tuple[int, UUID]:
    log.wait_for_writers(session)
    found = session.scalars(
        text(f"SELECT message_id FROM {table} WHERE {where} ORDER BY message_id LIMIT :limit"),
        {**bound, "limit": AT_ONCE},
    ).all()
    if not found:
        return 0, UUID(int=0)
    ids = {"ids": list(found), "least": found[0], "greatest": found[-1]}
    for one in _TABLES:
        session.execute(
            text(f"DELETE FROM {one} WHERE message_id = ANY(:ids) AND message_id BETWEEN :least AND :greatest"), ids
        )
    return len(found), found[-1]


def delete_lone_labels(session: Session, day: date) -> int:
    """Delete the labels of a day's messages that are not there; returns how many."""
    return changed(
        session,
        "DELETE FROM labels l WHERE l.message_id >= :first AND l.message_id < :end AND NOT EXISTS (SELECT"
        " FROM messages m WHERE m.message_id = l.message_id AND m.message_id >= :first AND m.message_id < :end)",
        first=start_of(day), end=start_of(day + timedelta(days=1)),
    )  # fmt: skip


def is_cleared(session: Session, *, channel: str, day: date) -> bool:
    query = text("SELECT EXISTS (SELECT FROM cleared_days WHERE channel = :channel AND day = :day)")
    return bool(session.scalar(query, {"channel": channel, "day": day}))


def note_cleared(session: Session, *, channel: str, day: date) -> None:
    session.execute(
        text(
            "INSERT INTO cleared_days (channel, day, cleared_at) VALUES (:channel, :day, now()) ON CONFLICT DO NOTHING"
        ),
        {"channel": channel, "day": day},
    )


def exists(session: Session, table: str) -> bool:
    return session.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is not None


def is_empty(session: Session, table: str) -> bool:
    return not session.scalar(text(f"SELECT EXISTS (SELECT FROM {table})"))


def index_of_detailed(table: str) -> str:
    """Makes the index that `blank_detailed` reads, on a day's acts that is cold."""
    return f"CREATE INDEX CONCURRENTLY {table}_detailed ON {table} (at) WHERE {_DETAILED}"


def blank_detailed(session: Session, table: str, *, before: datetime) -> int:
    """Take out of some openings before a moment from where and with what they were; returns how many there were."""
    return changed(
        session,
        f"UPDATE {table} SET ip = NULL, user_agent = NULL WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table}"
        f" WHERE {_DETAILED} AND at < :before LIMIT :limit FOR UPDATE SKIP LOCKED))",
        before=before, limit=AT_ONCE,
    )  # fmt: skip
