"""One person's e-mails: found by address, told, and taken out of everything that is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import erasures
from chassis.database import cursor_of
from contracts.ids import first_id_at
from contracts.vocabulary import ERASED_ADDRESS
from email_gateway.domain import FORM_ACCOUNT, SYSTEM_ACCOUNT
from email_gateway.store.ledger import Message

# A sign-up's confirmation mail leaves from the platform where the account has no sender; a field names the form's
# account. Wici's other mails, which a customer's person may get as a user of Wici, and those of other accounts' forms
# are no business of this one.
_THEIRS = (
    "hashtext(l.address) = ANY(ARRAY(SELECT hashtext(a) FROM unnest(CAST(:addresses AS text[])) a))"
    " AND l.address = ANY(CAST(:addresses AS text[])) AND l.message_id < :before"
    " AND (l.account_id = :account"
    f" OR l.account_id = :system AND l.fields ->> '{FORM_ACCOUNT}' = CAST(CAST(:account AS uuid) AS text))"
)


def made_by(moment: datetime) -> UUID:
    """Greater than the id of any message that was made by then."""
    return first_id_at(moment + timedelta(milliseconds=1))


def _bound(account_id: UUID, addresses: Collection[str], before: UUID) -> dict[str, Any]:
    return {"account": account_id, "system": SYSTEM_ACCOUNT, "addresses": list(addresses), "before": before}


def page(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID, limit: int) -> Sequence[Any]:
    """Messages to the person, newest first; single ones with the document of their content."""
    return session.execute(
        text(
            f"WITH found AS MATERIALIZED (SELECT * FROM ledger l WHERE {_THEIRS}"
            " ORDER BY l.message_id DESC LIMIT :limit)"
            " SELECT l.*, c.document FROM found l LEFT JOIN contents c ON c.content_hash = l.content_hash"
            " ORDER BY l.message_id DESC"
        ),
        {**_bound(account_id, addresses, before), "limit": limit},
    ).all()


def ids(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID) -> list[UUID]:
    return list(
        session.scalars(
            text(f"SELECT l.message_id FROM ledger l WHERE {_THEIRS}"), _bound(account_id, addresses, before)
        )
    )


def count_waiting(session: Session, message_ids: Collection[UUID]) -> int:
    """How many of the messages wait to be tried again."""
    return (
        session.scalar(text("SELECT count(*) FROM retries WHERE message_id = ANY(:ids)"), {"ids": list(message_ids)})
        or 0
    )


def anonymise(session: Session, *, message_ids: Collection[UUID]) -> None:
    """Take the person out; what waits is due now, and a message without an address is rejected and told of.

    Contents that went to nobody else go too; the session keeps those who store new ones away (`erasures.hold`).
    """
    bound = {"ids": list(message_ids), "erased": ERASED_ADDRESS}
    hashes = session.scalars(
        text(
            "UPDATE ledger SET address = :erased, contact_id = NULL, detail = NULL, fields = NULL, name = NULL,"
            " external_id = NULL WHERE message_id = ANY(:ids) RETURNING content_hash"
        ),
        bound,
    ).all()
    session.execute(
        text(
            "UPDATE retries SET address = :erased, contact_id = NULL, name = NULL, fields = '{}', due_at = now()"
            " WHERE message_id = ANY(:ids)"
        ),
        bound,
    )
    session.execute(
        text(
            "DELETE FROM contents c WHERE c.content_hash = ANY(:hashes) AND c.document ->> 'kind' = 'transactional'"
            " AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.content_hash = c.content_hash AND l.address <> :erased)"
        ),
        {**bound, "hashes": sorted({one for one in hashes if one})},
    )


def under_way(session: Session, *, account_id: UUID, addresses: Collection[str], message_ids: Collection[UUID]) -> int:
    """Messages that a sender has in hand, and announcements that still name the person: gone within a moment."""
    claimed = session.scalar(
        text("SELECT count(*) FROM ledger WHERE state = 'claimed' AND message_id = ANY(:ids)"),
        {"ids": list(message_ids)},
    )
    announced = session.scalar(
        text(
            "SELECT count(*) FROM outbox WHERE position(convert_to(:account, 'UTF8') IN body) > 0"
            " AND EXISTS (SELECT 1 FROM unnest(CAST(:addresses AS text[])) a"
            " WHERE position(convert_to(a, 'UTF8') IN body) > 0)"
        ),
        {"account": str(account_id), "addresses": list(addresses)},
    )
    return (claimed or 0) + (announced or 0)


def leave_out(session: Session, messages: Collection[Message]) -> set[UUID]:
    """Take people who were erased since out of `messages`, in place, before they are written down; returns whose."""
    with cursor_of(session) as cursor:
        concerned = erasures.watch(cursor, {str(message.account_id) for message in messages})
        if not concerned:
            return set()
        told = [message for message in messages if str(message.account_id) in concerned]
        gone = erasures.among(
            cursor, [(str(message.message_id), str(message.account_id), message.address) for message in told]
        )
    for message in told:
        if str(message.message_id) in gone:
            message.address, message.contact_id, message.name, message.fields = ERASED_ADDRESS, None, None, {}
    return {UUID(one) for one in gone}
