"""One person's messages that wait or are under way in a channel, found and taken back when the person is erased."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Engine, text

from channel import old_days
from channel.batches import without_person
from channel.retries import UPKEEP
from chassis import erasures, waking
from chassis.database import Database, Session
from chassis.logs import get_logger
from chassis.partitions import days_of
from contracts.ids import first_id_at

# A day's partition is written to for so long; an index on addresses would cost every message, and nobody needs it yet.
COLD_AFTER = timedelta(days=2)

log = get_logger()


def made_by(moment: datetime) -> UUID:
    """Greater than the id of any message that was made by then."""
    return first_id_at(moment + timedelta(milliseconds=1))


def withdraw(
    session: Session,
    *,
    account_id: UUID,
    addresses: Collection[str],
    before: UUID,
    found: Collection[UUID],
    change: bool,
) -> int:
    """How many messages to the person wait to be sent; with `change` they are due now, without the person.

    They then take the usual way, on which a message without an address is rejected and told of.

    :param found: the person's messages in the ledger: of the account's, some may leave by another.
    """
    rows = session.execute(
        text(
            "SELECT message_id, body FROM retries"
            " WHERE (account_id = :account OR message_id = ANY(:found)) AND message_id < :before"
            " AND EXISTS (SELECT 1 FROM unnest(CAST(:addresses AS text[])) a"
            " WHERE position(convert_to(a, 'UTF8') IN body) > 0) FOR UPDATE"
        ),
        {"account": account_id, "addresses": _in_json(addresses), "before": before, "found": list(found)},
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
        waking.wake(session, UPKEEP)
    return len(theirs)


def contact_ids_among(addresses: Collection[str]) -> list[UUID]:
    """Of a person's addresses on a channel where people are written to by their contact's id."""
    found = []
    for address in addresses:
        with suppress(ValueError):
            found.append(UUID(address))
    return found


def _in_json(addresses: Collection[str]) -> list[str]:
    """As they stand in a body: a quoted local part has characters that JSON escapes."""
    return [orjson.dumps(address).decode()[1:-1] for address in addresses]


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
                {"account": str(account_id), "addresses": _in_json(addresses)},
            )
            or 0
        )
    return found


def erase(
    database: Database,
    *,
    account_id: UUID,
    addresses: Collection[str],
    erased_at: datetime,
    dry_run: bool,
    find: Callable[..., Collection[UUID]],
    anonymise: Callable[[Session, UUID, Collection[UUID]], object],
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`; what waits for them is not sent any more.

    First a short transaction that marks the person: from its commit on nobody writes the address down. Then what was
    written before is looked for, and taken out in another short one. Harmless twice, and from the start after a kill;
    `waiting` counts what an outbound process has in hand at this moment.

    :param find: `find(session, account_id=, addresses=, before=)`: ids of the messages in the ledger.
    :param anonymise: `anonymise(session, account_id, message_ids)`: takes the person out of all that the channel keeps.
    """
    theirs: dict[str, Any] = {"account_id": account_id, "addresses": addresses}
    before = made_by(erased_at)
    if not dry_run:
        with database.transaction() as session:
            erasures.remember(session, **theirs, erased_at=erased_at)
    with database.transaction() as session:
        found = find(session, **theirs, before=before)
        withdrawn = withdraw(session, **theirs, before=before, found=found, change=not dry_run)
    counts = {"messages": len(found), "messages_waiting": withdrawn}
    if dry_run:
        return {"counts": counts, "waiting": 0}
    with database.transaction() as session:
        erasures.hold(session)
        anonymise(session, account_id, found)
        return {"counts": counts, "waiting": under_way(session, **theirs)}


def index_cold(engine: Engine, now: datetime) -> None:
    """Index the numbers of days that are written no more, unless another process does so at this moment."""
    with old_days.alone(engine) as connection:
        if connection is None:
            return
        for day, name in days_of(connection, "ledger").items():
            if now.astimezone(UTC).date() - day < COLD_AFTER:
                continue
            index = {"index": f"{name}_address"}
            is_valid = connection.scalar(
                text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)"), index
            )
            if is_valid is False:  # a build that was interrupted
                connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}_address"))
            if not is_valid:
                connection.execute(text(f"CREATE INDEX CONCURRENTLY {name}_address ON {name} (hashtext(address))"))
                log.info("cold_partition_indexed", partition=name)
