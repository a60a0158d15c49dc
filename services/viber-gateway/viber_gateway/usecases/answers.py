"""What people wrote to an account's bots."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import pages
from chassis.database import Session
from contracts.rpc import Actor
from viber_gateway.store.answers import INBOX


def list_inbound(
    session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int,
    contact_id: UUID | None = None, q: str | None = None,
) -> pages.Page:  # fmt: skip
    """One page, newest first."""
    address = None if contact_id is None else str(contact_id)
    return INBOX.page(session, actor, cursor=cursor, limit=limit, address=address, q=q)
