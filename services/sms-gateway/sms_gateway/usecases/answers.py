"""What people answered to an account's numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.rpc import Actor
from contracts.vocabulary import Wish
from sms_gateway.content import gsm
from sms_gateway.domain.numbers import bare
from sms_gateway.store import inbound_sms


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
    since: datetime | None = None,
    until: datetime | None = None,
) -> pages.Page:
    """One page of the messages that answer the account, newest first; numbers with `+`, `00` or neither."""
    wanted = inbound_sms.Wanted(
        phone=bare(phone.replace("\0", "")) if phone else None,
        number=bare(number.replace("\0", "")) if number else None,
        campaign=campaign_id,
        wish=wish,
        since=since,
        until=until,
    )
    rows = inbound_sms.answers(
        session, account_id=account_of(actor), wanted=wanted, before=pages.position(cursor), limit=limit + 1
    )
    return pages.page(rows, limit, inbound)


def inbound(row: Any) -> dict[str, Any]:
    octets = bytes(row["octets"])
    text = gsm.delivered_text(octets, row["data_coding"], row["esm_class"])
    return {**row, "octets": octets.hex(), "text": text}
