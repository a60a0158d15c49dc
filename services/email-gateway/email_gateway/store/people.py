"""One person's e-mails: found by address, told, and taken out of everything that is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Session
from contracts.vocabulary import ERASED_ADDRESS
from email_gateway.domain.senders import FORM_ACCOUNT, SYSTEM_ACCOUNT

# What a content's messages end with.
_BLOB = "coalesce(c.document #>> '{mail,blob}', c.document #>> '{files,blob}')"
# By the index `contents_blob`.
OTHERS_OF_A_BLOB = (
    f"SELECT 1 FROM contents c WHERE c.account_id = :account AND {_BLOB} = :blob"
    " AND (c.document ? 'mail' OR c.document ? 'files')"
)
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
    rows = session.execute(
        text(
            "UPDATE ledger l SET address = :erased, contact_id = NULL, detail = NULL, fields = NULL, name = NULL,"
            " external_id = NULL FROM (SELECT message_id, address FROM ledger WHERE message_id = ANY(:ids)) before"
            " WHERE l.message_id = ANY(:ids) AND l.message_id = before.message_id"
            " RETURNING l.content_hash, before.address"
        ),
        bound,
    ).all()
    hashes = sorted({row.content_hash for row in rows if row.content_hash})
    gone = session.execute(
        text(
            "DELETE FROM contents c WHERE c.content_hash = ANY(:hashes)"
            " AND c.document ->> 'kind' IN ('transactional', 'submitted')"
            " AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.content_hash = c.content_hash AND l.address <> :erased)"
            f" RETURNING c.account_id, {_BLOB} AS blob"
        ),
        {**bound, "hashes": hashes},
    ).all()
    _forget_blobs(session, gone)
    _forget_in_copies(session, hashes, {row.address.casefold() for row in rows})


def _forget_blobs(session: Session, contents: Sequence[Any]) -> None:
    """Delete octets that no other content is of."""
    for row in contents:
        if row.blob is not None:
            session.execute(
                text(
                    "DELETE FROM blobs b WHERE b.account_id = :account AND b.digest = :blob"
                    f" AND NOT EXISTS ({OTHERS_OF_A_BLOB})"
                ),
                {"account": row.account_id, "blob": row.blob},
            )


def _forget_in_copies(session: Session, hashes: Collection[str], addresses: Collection[str]) -> None:
    """Of contents that went to others too: To and Cc name the person no more, and a mail that a partner wrote, whose
    head names everybody, goes as soon as nobody waits for it."""
    copies = session.execute(
        text("SELECT content_hash, document FROM contents WHERE content_hash = ANY(:hashes) AND document ? 'to'"),
        {"hashes": list(hashes)},
    ).all()
    for content_hash, document in copies:
        cc = [one for one in document["cc"] if one["email"].casefold() not in addresses]
        to = document["to"] if document["to"]["email"].casefold() not in addresses else None
        changed = {"hash": content_hash, "told": orjson.dumps({"to": to, "cc": cc}).decode()}
        session.execute(
            text("UPDATE contents SET document = document || CAST(:told AS jsonb) WHERE content_hash = :hash"), changed
        )
    left = session.execute(
        text(
            f"SELECT c.account_id, {_BLOB} AS blob FROM contents c WHERE c.content_hash = ANY(:hashes)"
            " AND c.document ? 'mail' AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.content_hash = c.content_hash"
            " AND l.state IN ('accepted', 'deferred'))"
        ),
        {"hashes": list(hashes)},
    ).all()
    for row in left:
        session.execute(
            text("DELETE FROM blobs WHERE account_id = :account AND digest = :blob"),
            {"account": row.account_id, "blob": row.blob},
        )
