"""What people answered to an account's numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.rpc import Actor
from contracts.vocabulary import Direction, Wish
from sms_gateway.content.delivered import delivered_text
from sms_gateway.domain.numbers import bare
from sms_gateway.store import conversations, inbound_sms

_GREATEST = UUID(int=2**128 - 1)


def list_inbound_sms(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    phone: str | None = None,
    number: str | None = None,
    campaign_id: UUID | None = None,
    wish: Wish | None = None,
    q: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> pages.Page:
    """One page of the messages that answer the account, newest first; numbers with `+`, `00` or neither."""
    wanted = inbound_sms.Wanted(
        phone=_bare(phone),
        number=_bare(number),
        campaign=campaign_id,
        wish=wish,
        q=_pattern(q),
        since=since,
        until=until,
    )
    rows = inbound_sms.answers(
        session, account_id=account_of(actor), wanted=wanted, before=pages.position(cursor), limit=limit + 1
    )
    return pages.page(rows, limit, inbound)


def list_conversations(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    phone: str | None = None,
    number: str | None = None,
    q: str | None = None,
) -> pages.Page:
    """One page of the newest message of each phone and number, newest first."""
    rows = conversations.newest(
        session, account_id=account_of(actor), phone=_bare(phone), number=_bare(number), q=_pattern(q),
        before=pages.position(cursor) or _GREATEST, limit=limit + 1,
    )  # fmt: skip
    return pages.page(rows, limit, inbound)


def list_conversation(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    phone: str,
    number: str | None = None,
) -> pages.Page:
    """One page of what was said on both sides, newest first."""
    asked: dict[str, Any] = {"account_id": account_of(actor), "phone": _bare(phone)}
    rows = conversations.both(
        session, **asked, number=_bare(number), before=pages.position(cursor) or _GREATEST, limit=limit + 1
    )
    ids = [row["message_id"] for row in rows if row["direction"] == Direction.SENT]
    sent = conversations.sent(session, **asked, message_ids=ids)
    return pages.page(rows, limit, lambda row: _said(row, sent))


def _said(row: Any, sent: Mapping[UUID, Any]) -> dict[str, Any]:
    shown = {**row, "text": None, "state": None, "is_automatic": False, "missing_parts": row["missing_parts"] or []}
    if row["direction"] == Direction.RECEIVED:
        return {**shown, "text": delivered_text(bytes(row["octets"]), row["data_coding"], row["esm_class"])}
    known = sent.get(row["message_id"])
    return {**shown, **{name: known[name] for name in ("text", "state", "is_automatic")}} if known else shown


def _bare(number: str | None) -> str | None:
    return bare(number.replace("\0", "")) if number else None


def _pattern(q: str | None) -> str | None:
    """Of ILIKE, for a text that has `q` in it."""
    if q is None:
        return None
    return "%" + re.sub(r"([\\%_])", r"\\\1", q) + "%"


def inbound(row: Any) -> dict[str, Any]:
    octets = bytes(row["octets"])
    text = delivered_text(octets, row["data_coding"], row["esm_class"])
    return {**row, "octets": octets.hex(), "text": text}
