"""Who has answered STOP, for what was on its way then: portions that wait in the lane, which contacts has let go.

What a campaign sends that begins later is for the archive of contacts to say.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from channel.outlets import Chunk
from chassis.database import Session, columns
from contracts.ids import created_at

KEEP = "90 days"
# Until contacts has heard of it, a campaign that begins is let go to the person too; a bus may be behind for a while.
ON_THE_BUS = timedelta(hours=1)
_OF_PEOPLE = (
    "FROM unnest(%s::uuid[], %s::text[]) AS p(account_id, phone)"
    " WHERE s.account_id = p.account_id AND s.phone = p.phone"
)


def remember(cursor: Cursor[Any], said: Collection[tuple[UUID, str, datetime]]) -> set[tuple[UUID, str]]:
    """Account, phone and when, of each; returns those accounts and phones that had not said it, or START since."""
    latest: dict[tuple[UUID, str], datetime] = {}
    for account_id, phone, at in said:
        latest[account_id, phone] = max(at, latest.get((account_id, phone), at))
    if not latest:
        return set()
    # A row that nobody had written is one without a former version (xmax).
    cursor.execute(
        "INSERT INTO stops AS s (account_id, phone, said_at) SELECT * FROM unnest(%s::uuid[], %s::text[],"
        " %s::timestamptz[]) ON CONFLICT (account_id, phone) DO UPDATE"
        " SET said_at = greatest(s.said_at, excluded.said_at) RETURNING account_id, phone, xmax = 0",
        columns([(*key, latest[key]) for key in sorted(latest)], 3),
    )
    return {(account_id, phone) for account_id, phone, is_new in cursor.fetchall() if is_new}


def await_reply(cursor: Cursor[Any], people: Collection[tuple[UUID, str]]) -> None:
    """Note that these have said it in the beginning of a message that is confirmed once the rest has come."""
    if people:
        cursor.execute(f"UPDATE stops s SET awaits_reply = true {_OF_PEOPLE}", columns(sorted(people), 2))


def take_awaiting(cursor: Cursor[Any], people: Collection[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Those of them who await a reply; from now on they do not."""
    if not people:
        return set()
    cursor.execute(
        f"UPDATE stops s SET awaits_reply = false {_OF_PEOPLE} AND s.awaits_reply RETURNING s.account_id, s.phone",
        columns(sorted(people), 2),
    )
    return set(cursor.fetchall())


def take_back(cursor: Cursor[Any], said: Collection[tuple[UUID, str, datetime]]) -> None:
    """The same people have answered START since."""
    if said:
        cursor.execute(
            "DELETE FROM stops s USING unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS a(account_id, phone, at)"
            " WHERE s.account_id = a.account_id AND s.phone = a.phone AND s.said_at < a.at",
            columns(sorted(said), 3),
        )


def among(cursor: Cursor[Any], chunks: Sequence[Chunk]) -> set[str]:
    """Ids of those messages whose campaign had begun when their recipient said STOP.

    For accounts that nobody has said it to, which most are, that is one look at the index.
    """
    concerned = _accounts(cursor, {chunk.batch.header.account_id for chunk in chunks})
    theirs = [chunk for chunk in chunks if chunk.batch.header.account_id in concerned]
    if not theirs:
        return set()
    asked = {(chunk.batch.header.account_id, one["address"]) for chunk in theirs for one in chunk.recipients}
    cursor.execute(
        "SELECT a.account_id::text, a.phone, s.said_at FROM unnest(%s::uuid[], %s::text[]) AS a(account_id, phone)"
        " CROSS JOIN LATERAL (SELECT said_at FROM stops WHERE account_id = a.account_id AND phone = a.phone LIMIT 1) s",
        columns(sorted(asked), 2),
    )
    said_at = {(account_id, phone): at for account_id, phone, at in cursor.fetchall()}
    gone: set[str] = set()
    for chunk in theirs if said_at else ():
        header = chunk.batch.header
        began = created_at(header.send_id) - ON_THE_BUS
        for one in chunk.recipients:
            at = said_at.get((header.account_id, one["address"]))
            if at is not None and began <= at:
                gone.add(header.id_of(one["number"]))
    return gone


def _accounts(cursor: Cursor[Any], account_ids: Collection[str]) -> set[str]:
    cursor.execute(
        "SELECT a::text FROM unnest(%s::uuid[]) a CROSS JOIN LATERAL"
        " (SELECT 1 FROM stops s WHERE s.account_id = a ORDER BY s.account_id, s.phone LIMIT 1) any_of_them",
        (sorted(account_ids),),
    )
    return {account_id for (account_id,) in cursor.fetchall()}


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM stops WHERE said_at < now() - interval '{KEEP}'")


def forget(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """Take a person out, who is not written to any more for having been erased."""
    session.execute(
        text("DELETE FROM stops WHERE account_id = :account AND phone = ANY(:addresses)"),
        {"account": account_id, "addresses": list(addresses)},
    )


def erase_account(session: Session, account_id: UUID) -> None:
    session.execute(text("DELETE FROM stops WHERE account_id = :account"), {"account": account_id})
