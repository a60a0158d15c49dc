"""One person's messages: found by number, told, and taken out of everything that is kept.

The days' partitions that are written now have no index on the number, which every message would pay for; they are read
whole, which takes a second for ten million messages. Older ones get one: see `index_cold`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Engine, text

from channel.batches import without_person
from chassis.database import Session
from chassis.logs import get_logger
from contracts.ids import first_id_at
from contracts.vocabulary import ERASED_ADDRESS

COLD_AFTER = timedelta(days=2)
LOCK = 0x736D_7331  # "sms1"

log = get_logger()

_THEIRS = (
    "l.account_id = :account AND l.address = ANY(CAST(:addresses AS text[]))"
    " AND hashtext(l.address) = ANY(ARRAY(SELECT hashtext(a) FROM unnest(CAST(:addresses AS text[])) a))"
    " AND l.message_id < :before"
)
_STEM = "CAST(left(CAST(l.message_id AS text), 28) || '00000000' AS uuid)"


def made_by(moment: datetime) -> UUID:
    """Greater than the id of any message that was made by then."""
    return first_id_at(moment + timedelta(milliseconds=1))


def page(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID, limit: int) -> Sequence[Any]:
    """Messages to the person, newest first, with the text of single ones."""
    return (
        session.execute(
            text(
                "SELECT l.*, s.text, s.external_id, s.created_at, c.sender"
                f" FROM (SELECT * FROM ledger l WHERE {_THEIRS} ORDER BY l.message_id DESC LIMIT :limit) l"
                f" LEFT JOIN sends s ON s.stem_id = {_STEM} AND s.account_id = l.account_id"
                " LEFT JOIN contents c ON c.content_hash = s.content_hash ORDER BY l.message_id DESC"
            ),
            {"account": account_id, "addresses": list(addresses), "before": before, "limit": limit},
        )
        .mappings()
        .all()
    )


def ids(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID) -> list[UUID]:
    return list(
        session.scalars(
            text(f"SELECT l.message_id FROM ledger l WHERE {_THEIRS}"),
            {"account": account_id, "addresses": list(addresses), "before": before},
        )
    )


def anonymise(session: Session, *, message_ids: Collection[UUID]) -> None:
    """Take the person out of the ledger, and away from what waits for a receipt by the number."""
    bound = {"ids": list(message_ids), "erased": ERASED_ADDRESS}
    for statement in (
        "UPDATE ledger SET address = :erased, contact_id = NULL WHERE message_id = ANY(:ids)",
        "DELETE FROM unknown_messages WHERE message_id = ANY(:ids)",
    ):
        session.execute(text(statement), bound)


def withdraw(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID, change: bool) -> int:
    """How many messages to the person wait to be sent; with `change` they are due now, without the person.

    They then take the usual way, on which a message without an address is rejected and told of.
    """
    rows = session.execute(
        text(
            "SELECT message_id, body FROM retries WHERE account_id = :account AND message_id < :before"
            " AND EXISTS (SELECT 1 FROM unnest(CAST(:addresses AS text[])) a"
            " WHERE position(convert_to(a, 'UTF8') IN body) > 0) FOR UPDATE"
        ),
        {"account": account_id, "addresses": list(addresses), "before": before},
    )
    theirs = {
        message_id: {**body, "recipients": [without_person(one) for one in body["recipients"]]}
        for message_id, body in ((row.message_id, orjson.loads(bytes(row.body))) for row in rows)
        if body["recipients"][0]["address"] in addresses
    }
    if theirs and change:
        session.execute(
            text("UPDATE retries SET body = :body, due_at = now() WHERE message_id = :id"),
            [{"id": message_id, "body": orjson.dumps(body)} for message_id, body in theirs.items()],
        )
    return len(theirs)


def forget_texts(session: Session, *, account_id: UUID, message_ids: Collection[UUID]) -> None:
    """Texts that went to nobody else go; the session keeps those who store new ones away (`erasures.share`)."""
    stems = list({UUID(int=one.int >> 32 << 32) for one in message_ids})
    hashes = session.scalars(
        text(
            "UPDATE sends SET text = NULL, external_id = NULL WHERE account_id = :account AND stem_id = ANY(:stems)"
            " AND recipients = 1 RETURNING content_hash"
        ),
        {"account": account_id, "stems": stems},
    ).all()
    # Texts of campaigns are templates; only those of single messages are literal.
    session.execute(
        text(
            "DELETE FROM contents c WHERE c.content_hash = ANY(:hashes) AND c.account_id = :account"
            " AND c.content ->> 'literal' = 'true' AND NOT EXISTS (SELECT 1 FROM sends s"
            " WHERE s.account_id = :account AND s.content_hash = c.content_hash AND s.text IS NOT NULL)"
        ),
        {"account": account_id, "hashes": list(hashes)},
    )


def under_way(session: Session, *, account_id: UUID, addresses: Collection[str]) -> int:
    """Claims and announcements that still name the person: they are gone within a moment."""
    found = 0
    for table in ("claims", "lane_outbox", "outbox"):
        found += (
            session.scalar(
                text(
                    f"SELECT count(*) FROM {table} WHERE position(convert_to(:account, 'UTF8') IN body) > 0"
                    " AND EXISTS (SELECT 1 FROM unnest(CAST(:addresses AS text[])) a"
                    " WHERE position(convert_to(a, 'UTF8') IN body) > 0)"
                ),
                {"account": str(account_id), "addresses": list(addresses)},
            )
            or 0
        )
    return found


def index_cold(engine: Engine, now: datetime) -> None:
    """Index the numbers of days that are written no more, unless another process does so at this moment."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
            return
        try:
            partitions = connection.execute(
                text(
                    "SELECT c.relname, coalesce(x.indisvalid, false) AS is_done, x.indexrelid IS NOT NULL AS is_there"
                    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                    " LEFT JOIN pg_index x ON x.indexrelid = to_regclass(c.relname || '_address')"
                    " WHERE i.inhparent = 'ledger'::regclass AND c.relname ~ '_p[0-9]{8}$'"
                )
            ).all()
            for name, is_done, is_there in partitions:
                day = date.fromisoformat(f"{name[-8:-4]}-{name[-4:-2]}-{name[-2:]}")
                if is_done or now.astimezone(UTC).date() - day < COLD_AFTER:
                    continue
                if is_there:  # a build that was interrupted
                    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}_address"))
                connection.execute(text(f"CREATE INDEX CONCURRENTLY {name}_address ON {name} (hashtext(address))"))
                log.info("cold_partition_indexed", partition=name)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
