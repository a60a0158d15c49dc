"""One person's e-mails: found by address, told, and taken out of everything that is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Session
from contracts.vocabulary import ERASED_ADDRESS
from email_gateway.domain.senders import FORM_ACCOUNT, SYSTEM_ACCOUNT

# A sign-up's confirmation mail leaves from the platform where the account has no sender; a field names the form's
# account. Wici's other mails, which a customer's person may get as a user of Wici, and those of other accounts' forms
# are no business of this one.
_THEIRS = (
    "hashtext(l.address) = ANY(ARRAY(SELECT hashtext(a) FROM unnest(CAST(:addresses AS text[])) a))"
    " AND l.address = ANY(CAST(:addresses AS text[])) AND l.message_id < :before"
    " AND (l.account_id = :account"
    f" OR l.account_id = :system AND l.fields ->> '{FORM_ACCOUNT}' = CAST(CAST(:account AS uuid) AS text))"
)


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


def anonymise(session: Session, *, message_ids: Collection[UUID]) -> None:
    """Take the person out. Contents that went to nobody else go too; the session keeps those who store new ones away
    (`erasures.hold`)."""
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
            "DELETE FROM contents c WHERE c.content_hash = ANY(:hashes) AND c.document ->> 'kind' = 'transactional'"
            " AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.content_hash = c.content_hash AND l.address <> :erased)"
        ),
        {**bound, "hashes": sorted({one for one in hashes if one})},
    )
