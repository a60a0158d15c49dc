"""Single sends of which webhooks are told more than of others: who handed them in, and the address that one names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed, columns, cursor_of
from chassis.ids import new_id
from contracts.reporting.webhooks import MESSAGE_EVENTS
from contracts.webhook_urls import SEND_URLS_MAX

# Addresses of single sends that an account has in use; of a further one nothing is told.
MOST_ADDRESSES = SEND_URLS_MAX
MAX_EVENTS = 100

Address = tuple[UUID, str]
"""Account and URL."""

_ADD = (
    "INSERT INTO webhook_sends (stem_id, account_id, submitter_id, webhook_id)"
    " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[])"
    " AS t (stem_id, account_id, submitter, webhook)"
    " WHERE webhook IS NOT NULL OR EXISTS (SELECT FROM webhooks w WHERE w.account_id = t.account_id"
    "  AND w.submitter_id IS NOT NULL AND w.deleted_at IS NULL) ON CONFLICT DO NOTHING"
)
_ADD_WEBHOOK = text(
    "INSERT INTO webhooks (id, account_id, url, events, description, enabled, max_events, secret, previous_secret,"
    " previous_secret_until, created_at, updated_at, for_sends) SELECT :id, account_id, :url, :events, '', true, :most,"
    " secret, previous_secret, previous_secret_until, now(), now(), true FROM webhook_keys k"
    " WHERE account_id = :account AND NOT EXISTS (SELECT FROM closed_accounts c WHERE c.account_id = k.account_id)"
    " FOR SHARE ON CONFLICT DO NOTHING"
)


class Told(NamedTuple):
    """What an `accepted` event tells of its send."""

    stem_id: UUID
    account_id: UUID
    submitter_id: UUID | None
    url: str | None


def add(session: Session, told: Collection[Told], webhook_ids: Mapping[Address, UUID]) -> None:
    """Remember sends; twice is harmless."""
    by_stem_id = {one.stem_id: one for one in told}
    rows = [
        (one.stem_id, one.account_id, one.submitter_id, webhook_ids.get((one.account_id, one.url or "")))
        for _, one in sorted(by_stem_id.items())
    ]
    if rows:
        cursor_of(session).execute(_ADD, columns(rows, 4))


def webhooks_of(session: Session, account_ids: Collection[UUID]) -> dict[Address, UUID]:
    """The webhooks that stand for addresses of single sends; none goes out of use until the transaction ends."""
    query = text(
        "SELECT id, account_id, url FROM webhooks WHERE account_id = ANY(:accounts) AND for_sends"
        " AND deleted_at IS NULL ORDER BY id FOR KEY SHARE"
    )
    return {(row.account_id, row.url): row.id for row in session.execute(query, {"accounts": list(account_ids)})}


def add_webhooks(session: Session, addresses: Sequence[Address], keys: Mapping[UUID, bytes]) -> None:
    """Make webhooks that stand for these addresses, signed by their account's key.

    :param keys: sealed, of accounts: for those that have none yet.
    """
    for account_id, secret in sorted(keys.items()):
        ensure_key(session, account_id, secret)
    for account_id, url in addresses:
        session.execute(
            _ADD_WEBHOOK,
            {"id": new_id(), "account": account_id, "url": url, "events": list(MESSAGE_EVENTS), "most": MAX_EVENTS},
        )


def ensure_key(session: Session, account_id: UUID, secret: bytes) -> bool:
    """Give the account this key; False where it has one."""
    statement = "INSERT INTO webhook_keys (account_id, secret) VALUES (:account, :secret) ON CONFLICT DO NOTHING"
    return bool(changed(session, statement, account=account_id, secret=secret))


def rotate_key(session: Session, account_id: UUID, *, secret: bytes, until: datetime) -> None:
    """:param until: the key before signs, too, until then."""
    change = "SET previous_secret = secret, previous_secret_until = :until, secret = :secret"
    bound = {"account": account_id, "secret": secret, "until": until}
    session.execute(text(f"UPDATE webhook_keys {change} WHERE account_id = :account"), bound)
    session.execute(
        text(f"UPDATE webhooks {change} WHERE account_id = :account AND for_sends AND deleted_at IS NULL"), bound
    )


def delete_old(session: Session, *, before: datetime, limit: int) -> int:
    """Forget sends; what happens to their messages later is told to no address of theirs."""
    return changed(
        session,
        "DELETE FROM webhook_sends WHERE stem_id IN (SELECT stem_id FROM webhook_sends"
        " WHERE created_at < :before ORDER BY created_at LIMIT :limit)",
        before=before, limit=limit,
    )  # fmt: skip


def mark_unused(session: Session, *, before: datetime) -> int:
    """Delete the webhooks of addresses that no send has named for so long.

    They are locked first: of one that a send is just naming it is seen then that it is in use.
    """
    unused = (
        "for_sends AND deleted_at IS NULL AND created_at < :before"
        " AND NOT EXISTS (SELECT FROM webhook_sends s WHERE s.webhook_id = w.id)"
    )
    lock = text(f"SELECT id FROM webhooks w WHERE {unused} ORDER BY id FOR UPDATE")
    ids = session.scalars(lock, {"before": before}).all()
    change = f"UPDATE webhooks w SET deleted_at = now() WHERE id = ANY(:ids) AND {unused}"
    return changed(session, change, ids=list(ids), before=before)
