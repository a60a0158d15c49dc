"""Every query of the gateway's own database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api_gateway.models import (
    CampaignPage,
    EndedAccount,
    NamedLink,
    PublicList,
    ShortLinkBlock,
    UnsubscribePage,
    WrittenPage,
)

# Contacts lets an account have so many at most (`contracts.contacts.groups.PUBLIC_MAX`), whoever tells of more.
MOST_LISTS = 50

_LEASE = text(
    # Never more than the limit is leased, however many workers ask at once: the row's lock makes them take turns. The
    # grant shrinks with what is left, so that little is stranded in a worker while another has none.
    "INSERT INTO rate_windows AS w (subject, window_start, leased, granted)"
    " VALUES (:subject, :window_start, :block, :block)"
    " ON CONFLICT (subject, window_start) DO UPDATE"
    " SET leased = w.leased + GREATEST(1, LEAST(:block, (:limit - w.leased) / 8)),"
    " granted = GREATEST(1, LEAST(:block, (:limit - w.leased) / 8))"
    " WHERE w.leased < :limit"
    " RETURNING granted, leased"
)
_TAKE_SLOT = text(
    "INSERT INTO slots (subject, slot_id, ends_at)"
    " SELECT CAST(:subject AS varchar), :slot_id, now() + make_interval(secs => :seconds)"
    " WHERE (SELECT count(*) FROM slots WHERE subject = CAST(:subject AS varchar) AND ends_at > now()) < :limit"
    " RETURNING 1"
)
_TAKE = text(
    "INSERT INTO idempotent_requests AS r"
    " (account_id, key, fingerprint, request_key, lock_id, locked_until, created_at)"
    " SELECT * FROM unnest(CAST(:account_ids AS uuid[]), CAST(:keys AS text[]), CAST(:fingerprints AS bytea[]),"
    "  CAST(:request_keys AS uuid[]), CAST(:lock_ids AS uuid[]), CAST(:locked_untils AS timestamptz[]),"
    "  CAST(:nows AS timestamptz[]))"
    " ON CONFLICT (account_id, key) DO UPDATE SET"
    "  fingerprint = excluded.fingerprint, request_key = excluded.request_key, lock_id = excluded.lock_id,"
    "  locked_until = excluded.locked_until, created_at = excluded.created_at,"
    "  status = NULL, headers = NULL, body = NULL"
    # A day later a key is as good as new.
    " WHERE r.created_at < :expired_before AND r.locked_until < excluded.created_at"
    " RETURNING lock_id"
)
_TAKE_OVER = text(
    "UPDATE idempotent_requests SET lock_id = :lock_id, locked_until = :locked_until"
    " WHERE account_id = :account_id AND key = :key AND fingerprint = :fingerprint"
    " AND status IS NULL AND locked_until < :now RETURNING request_key"
)
_FIND = text(
    "SELECT fingerprint, status, headers, body, locked_until FROM idempotent_requests"
    " WHERE account_id = :account_id AND key = :key"
)
_ANSWER = text(
    # Locked in the order that is asked for, which is `_TAKE`'s: an UPDATE by itself would lock in its plan's.
    "WITH locked AS MATERIALIZED ("
    "  SELECT a.* FROM idempotent_requests AS r JOIN unnest(CAST(:account_ids AS uuid[]), CAST(:keys AS text[]),"
    "   CAST(:lock_ids AS uuid[]), CAST(:statuses AS int[]), CAST(:headers AS text[]), CAST(:bodies AS bytea[]))"
    "   WITH ORDINALITY AS a(account_id, key, lock_id, status, headers, body, place)"
    "   ON r.account_id = a.account_id AND r.key = a.key AND r.lock_id = a.lock_id"
    "  ORDER BY a.place FOR NO KEY UPDATE OF r)"
    " UPDATE idempotent_requests AS r SET status = a.status, headers = CAST(a.headers AS jsonb), body = a.body"
    " FROM locked AS a WHERE r.account_id = a.account_id AND r.key = a.key AND r.lock_id = a.lock_id"
)
_UNLOCK = text(
    "UPDATE idempotent_requests SET locked_until = 'epoch'"
    " WHERE account_id = :account_id AND key = :key AND lock_id = :lock_id AND status IS NULL"
)


def lease(session: Session, *, subject: str, window_start: int, block: int, limit: int) -> tuple[int, int]:
    """Lease up to `block` requests of a window.

    :returns: how many were granted (0: the window is used up), and how many are left for everyone.
    """
    session.execute(text("SET LOCAL synchronous_commit = off"))
    row = session.execute(
        _LEASE, {"subject": subject, "window_start": window_start, "block": block, "limit": limit}
    ).one_or_none()
    return (int(row.granted), max(0, limit - int(row.leased))) if row else (0, 0)


def take_slot(session: Session, *, subject: str, slot_id: UUID, limit: int, seconds: int) -> bool:
    """Whether the subject had fewer than `limit` slots, and now has this one."""
    session.execute(text("SET LOCAL synchronous_commit = off"))
    # The count below sees what others took before us only in a statement of its own, after the lock.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 0))"), {"subject": subject})
    row = {"subject": subject, "slot_id": slot_id, "limit": limit, "seconds": seconds}
    return session.scalar(_TAKE_SLOT, row) is not None


def give_slot_back(session: Session, *, subject: str, slot_id: UUID) -> None:
    session.execute(text("SET LOCAL synchronous_commit = off"))
    session.execute(
        text("DELETE FROM slots WHERE subject = :subject AND slot_id = :slot_id"),
        {"subject": subject, "slot_id": slot_id},
    )


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key that a request asks for."""

    account_id: UUID
    key: str
    fingerprint: bytes
    request_key: UUID
    lock_id: UUID
    locked_until: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The answer to a request, kept with its key as long as the lock is its own."""

    account_id: UUID
    key: str
    lock_id: UUID
    status: int
    headers: dict[str, str]
    body: bytes


def take(session: Session, rows: Sequence[KeyRow], *, expired_before: datetime) -> set[UUID]:
    """Take the keys that are new (or older than a day), each for the first that asks for it.

    In the order of the keys, so that two that take the same ones wait for one another and not both.

    :returns: the `lock_id` of each that was taken.
    """
    first = {(row.account_id, row.key): row for row in reversed(rows)}
    asked = [first[key] for key in sorted(first)]
    values = {
        "account_ids": [row.account_id for row in asked],
        "keys": [row.key for row in asked],
        "fingerprints": [row.fingerprint for row in asked],
        "request_keys": [row.request_key for row in asked],
        "lock_ids": [row.lock_id for row in asked],
        "locked_untils": [row.locked_until for row in asked],
        "nows": [row.now for row in asked],
    }
    return {UUID(str(taken)) for taken in session.scalars(_TAKE, {**values, "expired_before": expired_before})}


def take_over(session: Session, row: KeyRow) -> UUID | None:
    """Take a key whose holder died or unlocked it unanswered; its first request key, or None."""
    values = {
        name: getattr(row, name) for name in ("account_id", "key", "fingerprint", "lock_id", "locked_until", "now")
    }
    request_key = session.scalar(_TAKE_OVER, values)
    return UUID(str(request_key)) if request_key else None


def find(session: Session, *, account_id: UUID, key: str) -> Any:
    """The row of a key: fingerprint, status, headers, body, locked_until; or None."""
    return session.execute(_FIND, {"account_id": account_id, "key": key}).one_or_none()


def store_answers(session: Session, rows: Sequence[AnswerRow]) -> None:
    """Keep the answers, in the order of their keys as `take` does."""
    asked = sorted(rows, key=lambda row: (row.account_id, row.key))
    values = {
        "account_ids": [row.account_id for row in asked],
        "keys": [row.key for row in asked],
        "lock_ids": [row.lock_id for row in asked],
        "statuses": [row.status for row in asked],
        "headers": [orjson.dumps(row.headers).decode() for row in asked],
        "bodies": [row.body for row in asked],
    }
    session.execute(_ANSWER, values)


def unlock(session: Session, *, account_id: UUID, key: str, lock_id: UUID) -> None:
    session.execute(_UNLOCK, {"account_id": account_id, "key": key, "lock_id": lock_id})


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Drop the answers that are kept for an account's idempotent requests."""
    session.execute(text("DELETE FROM idempotent_requests WHERE account_id = :account_id"), {"account_id": account_id})


def end_account(session: Session, *, account_id: UUID) -> None:
    """From now on the account's links lead nowhere."""
    session.execute(
        text("INSERT INTO ended_accounts (account_id) VALUES (:account_id) ON CONFLICT DO NOTHING"),
        {"account_id": account_id},
    )


def ended_accounts(session: Session) -> frozenset[UUID]:
    return frozenset(session.scalars(select(EndedAccount.account_id)))


def forget_ended_accounts(session: Session, *, before: datetime) -> None:
    session.execute(delete(EndedAccount).where(EndedAccount.ended_at < before))


def sweep(session: Session, now: datetime, *, keep: timedelta, rows: int = 5000) -> int:
    """Delete keys older than `keep`, windows older than an hour (at most `rows` of each) and slots that have ended.

    :returns: how many keys and windows went.
    """
    old_keys = text(
        "DELETE FROM idempotent_requests WHERE (account_id, key) IN (SELECT account_id, key FROM idempotent_requests"
        " WHERE created_at < :before AND locked_until < :now LIMIT :rows FOR UPDATE SKIP LOCKED) RETURNING 1"
    )
    old_windows = text(
        "DELETE FROM rate_windows WHERE (subject, window_start) IN (SELECT subject, window_start FROM rate_windows"
        " WHERE window_start < :window_before LIMIT :rows FOR UPDATE SKIP LOCKED) RETURNING 1"
    )
    session.execute(text("DELETE FROM slots WHERE ends_at < :now"), {"now": now})
    keys = session.scalars(old_keys, {"before": now - keep, "now": now, "rows": rows}).all()
    windows = session.scalars(old_windows, {"window_before": int(now.timestamp()) - 3600, "rows": rows}).all()
    return len(keys) + len(windows)


# --- short links

# Blocks reach us within a second; what is behind a block that has been here for so long is not on its way.
_ON_ITS_WAY = timedelta(minutes=10)
_BLOCK = select(
    ShortLinkBlock.position,
    ShortLinkBlock.first_number,
    ShortLinkBlock.size,
    ShortLinkBlock.account_id,
    ShortLinkBlock.campaign_id,
    ShortLinkBlock.send_id,
    ShortLinkBlock.links,
)


def keep_short_links(session: Session, blocks: list[dict[str, Any]]) -> None:
    if blocks:
        session.execute(insert(ShortLinkBlock).on_conflict_do_nothing(), blocks)


def short_link_block(session: Session, position: int) -> Any:
    """The last block that begins at or before a position, or None; whether it reaches that far it says itself."""
    return session.execute(short_link_query(position)).one_or_none()


def short_link_query(position: int) -> Select[*tuple[Any, ...]]:
    return _BLOCK.where(ShortLinkBlock.position <= position).order_by(ShortLinkBlock.position.desc()).limit(1)


def are_short_links_over(session: Session, position: int) -> bool:
    """Whether a position that is in no block was in one that has been forgotten: later ones have been here for long."""
    query = select(ShortLinkBlock.kept_at).where(ShortLinkBlock.position > position)
    later = session.scalar(query.order_by(ShortLinkBlock.position).limit(1))
    return later is not None and later < datetime.now(UTC) - _ON_ITS_WAY


def end_short_links(session: Session, *, account_id: UUID) -> None:
    """The account's links lead nowhere any more; nobody else gets their positions."""
    session.execute(
        text("UPDATE short_link_blocks SET links = '{}' WHERE account_id = :account_id"), {"account_id": account_id}
    )


def forget_short_links(session: Session, *, before: datetime) -> None:
    session.execute(delete(ShortLinkBlock).where(ShortLinkBlock.kept_at < before))


# --- unsubscribe pages


def keep_unsubscribe_page(session: Session, *, account_id: UUID, version: int, page: dict[str, Any] | None) -> None:
    """Of two the one with the higher version stays."""
    statement = insert(UnsubscribePage).values(account_id=account_id, version=version, page=page)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id"],
            set_={"version": statement.excluded.version, "page": statement.excluded.page},
            where=UnsubscribePage.version < statement.excluded.version,
        )
    )


def unsubscribe_page(session: Session, *, account_id: UUID) -> dict[str, Any] | None:
    return session.scalar(select(UnsubscribePage.page).where(UnsubscribePage.account_id == account_id))


def erase_unsubscribe_page(session: Session, *, account_id: UUID) -> None:
    session.execute(delete(UnsubscribePage).where(UnsubscribePage.account_id == account_id))


# --- what a campaign's unsubscribe links show


def keep_written_page(
    session: Session, *, page_id: UUID, account_id: UUID, version: int, page: dict[str, Any] | None
) -> None:
    """Of two the one with the higher version stays."""
    statement = insert(WrittenPage).values(page_id=page_id, account_id=account_id, version=version, page=page)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["page_id"],
            set_={"version": statement.excluded.version, "page": statement.excluded.page},
            where=WrittenPage.version < statement.excluded.version,
        )
    )


def keep_campaign_page(session: Session, **columns: Any) -> None:
    """Told once, as the campaign starts."""
    session.execute(insert(CampaignPage).values(**columns).on_conflict_do_nothing())


def keep_public_list(
    session: Session, *, group_id: UUID, account_id: UUID, version: int, texts: dict[str, Any] | None
) -> None:
    """Of two the one with the higher version stays."""
    statement = insert(PublicList).values(group_id=group_id, account_id=account_id, version=version, texts=texts)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["group_id"],
            set_={"version": statement.excluded.version, "texts": statement.excluded.texts},
            where=PublicList.version < statement.excluded.version,
        )
    )


def campaign_page(session: Session, *, account_id: UUID, campaign_id: UUID) -> tuple[Any, list[UUID]]:
    """The page that the campaign names, if it is still there, and the groups that it was sent to."""
    query = (
        select(WrittenPage.page, CampaignPage.group_ids)
        .select_from(CampaignPage)
        .outerjoin(WrittenPage, (WrittenPage.page_id == CampaignPage.page_id) & (WrittenPage.account_id == account_id))
        .where(CampaignPage.campaign_id == campaign_id, CampaignPage.account_id == account_id)
    )
    row = session.execute(query).one_or_none()
    return (row.page, list(row.group_ids)) if row else (None, [])


def public_lists(session: Session, *, account_id: UUID) -> dict[UUID, dict[str, Any]]:
    """What people are told of each, in the order of making."""
    query = select(PublicList.group_id, PublicList.texts).where(PublicList.account_id == account_id)
    rows = session.execute(query.where(PublicList.texts.is_not(None)).order_by(PublicList.group_id).limit(MOST_LISTS))
    return {row.group_id: row.texts for row in rows}


def erase_preferences(session: Session, *, account_id: UUID) -> None:
    for table in (WrittenPage, CampaignPage, PublicList):
        session.execute(delete(table).where(table.account_id == account_id))


def forget_campaign_pages(session: Session, *, before: datetime) -> None:
    """Their links are too old by now."""
    session.execute(delete(CampaignPage).where(CampaignPage.kept_at < before))


# --- named links


def keep_named_link(session: Session, *, link_id: UUID, version: int, **columns: Any) -> None:
    """Of two the one with the higher version stays."""
    statement = insert(NamedLink).values(link_id=link_id, version=version, **columns)
    names = ("version", "target", "expires_at", "suffix")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["link_id"],
            set_={name: getattr(statement.excluded, name) for name in names},
            where=NamedLink.version < statement.excluded.version,
        )
    )


def named_link(session: Session, *, suffix: str) -> Any:
    """Link, account, target and end of the latest that had the suffix; None where none had."""
    columns = (NamedLink.link_id, NamedLink.account_id, NamedLink.target, NamedLink.expires_at)
    latest = (NamedLink.target.is_(None), NamedLink.version.desc())
    return session.execute(select(*columns).where(NamedLink.suffix == suffix).order_by(*latest).limit(1)).one_or_none()


def erase_named_links(session: Session, *, account_id: UUID) -> None:
    session.execute(delete(NamedLink).where(NamedLink.account_id == account_id))
